// Whoever counts hears what was committed, once, and what was not.
#include "storage/store_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/lease_store.h"
#include "storage/postgres_inventory.h"
#include "storage/project_figures.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Heard final : public StoreObserver {
 public:
  void failed(StorageFailure failure) override { failures.push_back(failure); }
  void recorded(const std::vector<StatusStep>& all) override {
    for (const StatusStep& step : all) {
      steps.push_back((step.profile ? "profile " : "sim ") + step.from + ">" + step.to);
    }
  }
  void settled(const std::vector<MetadataState>& requests) override {
    for (const MetadataState state : requests) settled_requests.emplace_back(to_text(state));
  }
  void walk_ended(const WalkRecord& walk) override { walks.push_back(to_text(walk.outcome)); }

  std::vector<StorageFailure> failures;
  std::vector<std::string> steps;
  std::vector<std::string> walks;
  std::vector<std::string> settled_requests;
};

class StoreObserverTest : public testing::Test {
 protected:
  void sim(const std::string& id, const std::string& status, const std::string& metadata = "{}") {
    Sim sim = plain_sim(id);
    sim.status = status;
    sim.metadata = metadata;
    store_->apply("acme", {read_at(second_ += 10, sim)});
  }
  void profile(const std::string& id, const std::string& status) {
    second_ += 10;
    store_->apply_profiles("acme", {profile_at(second_, id, status, second_)});
  }
  void walk(const std::vector<Disappearance>& gone = {}) {
    WalkRecord record;
    record.started_at = at(second_ += 10);
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    record.finished_at = at(second_ += 10);
    record.outcome = WalkOutcome::complete;
    store_->finish_walk("acme", record, gone);
  }

  ScratchDatabase database_;
  Heard heard_;
  std::unique_ptr<InventoryStore> store_ =
      make_postgres_store_factory(database_.url(), nullptr, std::nullopt, &heard_)->open();
  int second_ = 0;
};

TEST_F(StoreObserverTest, HearsOfStatusesThatWereRecorded) {
  sim("sim_1", "inactive");
  walk();
  profile("sim_1", "installed");
  EXPECT_THAT(heard_.steps, IsEmpty()) << "first sights are no news";
  sim("sim_1", "active", R"({"a": 1})");
  sim("sim_1", "active", R"({"a": 2})");
  sim("sim_2", "active");
  profile("sim_1", "installed");
  profile("sim_1", "enabled");
  walk({{"sim_1", at(second_), at(second_)}});
  EXPECT_THAT(heard_.steps, UnorderedElementsAre("sim inactive>active", "sim >active", "profile installed>installed",
                                                 "profile installed>enabled", "sim active>"));
  EXPECT_EQ(
      database_.value("SELECT (SELECT count(*) FROM simsync.sim_change WHERE field = 'status') + (SELECT count(*) "
                      "FROM simsync.esim_profile_transition WHERE from_status IS NOT NULL)"),
      std::to_string(heard_.steps.size()));
  EXPECT_THAT(heard_.failures, IsEmpty());
}

TEST_F(StoreObserverTest, HearsOfWalksThatEnded) {
  walk();
  walk();
  EXPECT_THAT(heard_.walks, ElementsAre("complete", "complete"));
}

TEST_F(StoreObserverTest, HearsNothingOfWhatWasNotCommitted) {
  sim("sim_1", "inactive");
  walk();
  database_.run(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';"
      "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON simsync.sim_change DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
      "EXECUTE FUNCTION refuse()");
  EXPECT_THROW(sim("sim_1", "active"), StorageError);
  EXPECT_THAT(heard_.steps, IsEmpty());
  EXPECT_THAT(heard_.failures, ElementsAre(StorageFailure::other));
  database_.run("DROP FUNCTION refuse CASCADE");
  sim("sim_1", "active");
  EXPECT_THAT(heard_.steps, ElementsAre("sim inactive>active")) << "once, though it was tried twice";
}

TEST_F(StoreObserverTest, ADatabaseThatCannotBeReachedIsHeardOf) {
  Heard heard;
  const std::string nowhere = "postgresql://postgres@127.0.0.1:1/postgres";
  EXPECT_THROW(open_postgres_figures(nowhere, &heard)->read({"acme"}), StorageError);
  EXPECT_THROW(open_postgres_lease_store(nowhere, &heard)->beat({"h", "host"}, {"acme"}, std::chrono::seconds{1}),
               StorageError);
  EXPECT_THAT(heard.failures, ElementsAre(StorageFailure::unreachable, StorageFailure::unreachable));
}

TEST_F(StoreObserverTest, FiguresAreThoseOfTheMirror) {
  const auto figures = open_postgres_figures(database_.url());
  ProjectFigures none = figures->read({"acme"}).at(0);
  EXPECT_EQ(none.sims, 0U);
  EXPECT_FALSE(none.last_walk);
  EXPECT_FALSE(none.polls_as_of);
  sim("sim_1", "inactive");
  sim("sim_2", "inactive");
  walk();
  profile("sim_1", "enabled");
  PollState state;
  state.profiles = 1;
  state.longest_overdue = std::chrono::milliseconds{1500};
  state.failing_since = at(second_);
  state.last_error = "away";
  store_->save_poll_state("acme", state);
  database_.run(
      "INSERT INTO simsync.alert_message (message_id, project, channel, rule, event, state, formed_at, pending_since, "
      "alerts, body) SELECT n::text, 'acme', 'ops', 'r', 'raised', CASE WHEN n <= 2 THEN 'pending' WHEN n <= 5 THEN "
      "'dead' ELSE 'delivered' END, now(), now(), 1, '{}' FROM generate_series(1, 9) n");
  const ProjectFigures some = figures->read({"other", "acme"}).at(1);
  EXPECT_EQ(some.sims, 2U);
  ASSERT_TRUE(some.last_walk);
  EXPECT_EQ(some.last_walk->outcome, "complete");
  EXPECT_EQ(some.last_walk->finished_at, *some.last_complete_walk);
  EXPECT_EQ(some.poll_lag, std::chrono::milliseconds{1500});
  EXPECT_TRUE(some.polls_as_of);
  EXPECT_EQ(some.poll_error, "away");
  EXPECT_EQ(some.alerts_pending, 2U);
  EXPECT_EQ(some.alerts_dead, 3U);
  std::vector<std::string> groups;
  for (const InventoryGroup& group : figures->read_inventory({"acme"})) {
    groups.push_back(group.provider + ' ' + group.type + ' ' + group.status + ' ' + group.profile_status + ' ' +
                     std::to_string(group.sims));
  }
  EXPECT_THAT(groups, UnorderedElementsAre("p3 eSIM inactive  1", "p3 eSIM inactive enabled 1"));
}

}  // namespace
}  // namespace simsync
