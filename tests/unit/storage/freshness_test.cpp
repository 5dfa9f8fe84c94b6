// simsync.freshness: how old what the mirror says can be, from the walks and from what the service says of its polls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;

constexpr char kPolls[] =
    "SELECT project, profiles, profiles_overdue, extract(epoch FROM poll_lag)::numeric(9,3), polls_needed_per_second,"
    " extract(epoch FROM polls_failing_since - '2026-01-01Z')::int, last_poll_error, polls_as_of > now() - interval '1 "
    "minute'"
    " FROM simsync.freshness ORDER BY project";
constexpr char kWalks[] =
    "SELECT project, extract(epoch FROM last_complete_walk - '2026-01-01Z')::int,"
    " extract(epoch FROM complete_as_of - '2026-01-01Z')::int,"
    " extract(epoch FROM walk_running_since - '2026-01-01Z')::int, held_back FROM simsync.freshness ORDER BY project";

class Freshness : public testing::Test {
 protected:
  void walk(WalkKind kind, int from, int to, WalkOutcome outcome, std::uint64_t held_back = 0) {
    WalkRecord record;
    record.kind = kind;
    record.started_at = at(from);
    record.finished_at = at(to);
    record.outcome = outcome;
    record.held_back = held_back;
    record.id = store_->begin_walk("acme", kind, record.started_at);
    store_->finish_walk("acme", record, {});
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(Freshness, IsEmptyWhereNothingWasDone) {
  EXPECT_THAT(database_.rows(kWalks), ElementsAre());
}

TEST_F(Freshness, GoesByTheFullWalks) {
  walk(WalkKind::full, 10, 20, WalkOutcome::complete);
  walk(WalkKind::full, 30, 40, WalkOutcome::incomplete, 77);
  walk(WalkKind::fresh, 50, 60, WalkOutcome::complete);
  EXPECT_THAT(database_.rows(kWalks), ElementsAre("acme|20|10|null|77"));
  store_->begin_walk("acme", WalkKind::fresh, at(65));
  store_->begin_walk("acme", WalkKind::full, at(70));
  store_->begin_walk("other", WalkKind::full, at(80));
  EXPECT_THAT(database_.rows(kWalks), ElementsAre("acme|20|10|70|77", "other|null|null|80|0"));
  walk(WalkKind::full, 90, 99, WalkOutcome::complete);
  EXPECT_EQ(database_.rows(kWalks)[0], "acme|99|90|null|0");
}

TEST_F(Freshness, SaysWhatTheServiceSaidLast) {
  PollState state;
  state.profiles = 300;
  state.overdue = 7;
  state.longest_overdue = std::chrono::milliseconds{61'500};
  state.needed_per_second = 12.5;
  state.planned_per_second = 8;
  state.quiet_interval = std::chrono::minutes{40};
  state.failing_since = at(5);
  state.last_error = "nobody there";
  store_->save_poll_state("acme", state);
  EXPECT_THAT(database_.rows(kPolls), ElementsAre("acme|300|7|61.500|12.5|5|nobody there|t"));
  EXPECT_EQ(database_.value("SELECT quiet_interval FROM simsync.poll_state"), "00:40:00");
  store_->save_poll_state("acme", PollState{});
  EXPECT_THAT(database_.rows(kPolls), ElementsAre("acme|0|0|0.000|0|null|null|t"));
}

// What is due is what the service says, as long as it runs: only it knows each profile's interval.
TEST_F(Freshness, TheStatusGoesByTheServiceThatRuns) {
  store_->apply("acme", {read_at(1, plain_sim("a")), read_at(1, plain_sim("b"))});
  const auto due = [&] { return store_->status("acme", {"p3"}, std::chrono::minutes{1}).profiles_due; };
  EXPECT_EQ(due(), 2U);
  PollState state;
  state.overdue = 1;
  store_->save_poll_state("acme", state);
  EXPECT_EQ(due(), 1U);
  database_.run("UPDATE simsync.poll_state SET saved_at = now() - interval '3 minutes'");
  EXPECT_EQ(due(), 2U);
}

}  // namespace
}  // namespace simsync
