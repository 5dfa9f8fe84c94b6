// simsync.coverage_gap: spans in which nobody watched, from what the daemon does and says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kGaps[] =
    "SELECT project, what, extract(epoch FROM began_at - '2026-01-01Z')::int,"
    " extract(epoch FROM ended_at - '2026-01-01Z')::int, reason, error FROM simsync.coverage_gap"
    " WHERE ended_at IS NOT NULL ORDER BY project, what, began_at";
constexpr char kLasting[] =
    "SELECT what, reason, error, lasted >= interval '0' FROM simsync.coverage_gap WHERE ended_at IS NULL ORDER BY what";

class CoverageGap : public testing::Test {
 protected:
  std::int64_t begin(TimePoint started_at, WatchKind kind = WatchKind::run) {
    return store_->begin_watch("acme", {kind, started_at, 100s, 50s});
  }

  void walk(TimePoint started_at, WalkOutcome outcome, const std::string& error = "", bool refused = false) {
    WalkRecord record;
    record.started_at = started_at;
    record.finished_at = started_at + 10s;
    record.outcome = outcome;
    record.error = error;
    record.token_refused = refused;
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    store_->finish_walk("acme", record, {});
  }

  void poll_state(std::optional<TimePoint> failing_since = {}, const std::string& failure = "") {
    PollState state;
    state.failing_since = failing_since;
    state.last_error = failing_since ? "no luck" : "";
    state.failure = failure;
    store_->save_poll_state("acme", state);
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(CoverageGap, NoneWhereWalksAndRunsFollowEachOther) {
  const std::int64_t first = begin(at(0));
  for (int i = 0; i < 5; ++i) walk(at(i * 100), WalkOutcome::complete);
  store_->end_watch("acme", first, at(430), true);
  begin(at(440));
  walk(at(440), WalkOutcome::complete);
  EXPECT_THAT(database_.rows(kGaps), IsEmpty());
}

TEST_F(CoverageGap, BetweenTwoRuns) {
  store_->end_watch("acme", begin(at(0)), at(430), true);
  begin(at(500));
  EXPECT_THAT(database_.rows(kGaps), ElementsAre("acme|profiles|430|500|not running|null"));
}

// Who was killed could not say so: the gap begins when it last wrote.
TEST_F(CoverageGap, AfterARunThatWasKilled) {
  begin(at(0));
  database_.run("UPDATE simsync.service_run SET alive_at = '2026-01-01T00:05:00Z'");
  walk(at(250), WalkOutcome::complete);
  begin(at(500));
  walk(at(500), WalkOutcome::complete);
  EXPECT_THAT(database_.rows(kGaps),
              ElementsAre("acme|profiles|300|500|not running|null", "acme|sims|260|500|not running|null"));
}

TEST_F(CoverageGap, WhileNoWalkWasComplete) {
  begin(at(0));
  walk(at(0), WalkOutcome::complete);
  walk(at(100), WalkOutcome::failed, "the API is down");
  walk(at(300), WalkOutcome::complete);
  walk(at(400), WalkOutcome::failed, "refused", true);
  walk(at(900), WalkOutcome::complete);
  walk(at(1100), WalkOutcome::complete);  // 190 s later: within twice the interval
  EXPECT_THAT(database_.rows(kGaps), ElementsAre("acme|sims|10|300|no complete walk|the API is down",
                                                 "acme|sims|310|900|token refused|refused"));
}

// Who restarts a service that cannot walk does not make it one that did not run.
TEST_F(CoverageGap, WhileWalksFailedThroughARestart) {
  const std::int64_t run = begin(at(0));
  walk(at(0), WalkOutcome::complete);
  walk(at(300), WalkOutcome::failed, "the API is down");
  store_->end_watch("acme", run, at(400), true);
  begin(at(410));
  walk(at(500), WalkOutcome::complete);
  EXPECT_THAT(database_.rows(kGaps), ElementsAre("acme|sims|10|500|no complete walk|the API is down"));
}

TEST_F(CoverageGap, WhileTheApiAnsweredNoPoll) {
  const TimePoint now = wall_clock();
  begin(now - 20s);
  walk(now - 20s, WalkOutcome::complete);
  poll_state();
  poll_state(now - 10s, "token refused");
  EXPECT_THAT(database_.rows(kLasting), ElementsAre("profiles|token refused|no luck|t"));
  poll_state(now - 10s, "token refused");
  EXPECT_THAT(database_.rows("SELECT what FROM simsync.watch_gap"), IsEmpty());
  poll_state();
  EXPECT_THAT(database_.rows("SELECT what, reason, error, ended_at > began_at FROM simsync.coverage_gap"),
              ElementsAre("profiles|token refused|no luck|t"));
  poll_state();
  EXPECT_EQ(database_.rows("SELECT what FROM simsync.watch_gap").size(), 1U);
}

TEST_F(CoverageGap, AnOutageThatEndsWithItsRun) {
  const TimePoint now = wall_clock();
  const std::int64_t run = begin(now - 100s);
  poll_state(now - 90s, "API not answering");
  store_->end_watch("acme", run, now - 60s, true);
  begin(now);
  EXPECT_THAT(database_.rows("SELECT what, reason, round(extract(epoch FROM ended_at - began_at)) FROM "
                             "simsync.watch_gap ORDER BY reason"),
              ElementsAre("profiles|API not answering|30", "profiles|not running|60"));
  EXPECT_EQ(database_.value("SELECT failing_since FROM simsync.poll_state"), "null");
}

TEST_F(CoverageGap, WhileNothingCouldBeWritten) {
  begin(wall_clock());
  poll_state();
  database_.run("UPDATE simsync.service_run SET alive_at = now() - interval '1 hour'");
  poll_state();
  EXPECT_THAT(
      database_.rows("SELECT what, reason, ended_at - began_at > interval '59 minutes' FROM simsync.coverage_gap"),
      ElementsAre("profiles|nothing written|t"));
}

TEST_F(CoverageGap, APassBesideTheServiceIsNoRunOfItsOwn) {
  begin(wall_clock());
  poll_state();
  EXPECT_EQ(begin(wall_clock(), WatchKind::sync), 0);
  store_->end_watch("acme", 0, wall_clock(), true);
  EXPECT_EQ(database_.value("SELECT string_agg(kind, ',') FROM simsync.service_run"), "run");
  EXPECT_EQ(database_.value("SELECT stopped_at FROM simsync.service_run"), "null");
}

TEST_F(CoverageGap, PassesFromCronLeaveGapsBetweenThem) {
  for (const int start : {0, 1000}) {
    const std::int64_t run = begin(at(start), WatchKind::sync);
    walk(at(start), WalkOutcome::complete);
    store_->end_watch("acme", run, at(start + 30), true);
  }
  EXPECT_THAT(database_.rows(kGaps),
              ElementsAre("acme|profiles|30|1000|not running|null", "acme|sims|10|1000|not running|null"));
}

// A pass whose walk fails polls nothing: nobody watched the profiles until one did.
TEST_F(CoverageGap, PassesThatFailWatchNoProfiles) {
  store_->end_watch("acme", begin(at(0), WatchKind::sync), at(30), true);
  for (int start = 60; start < 1000; start += 40) {
    store_->end_watch("acme", begin(at(start), WatchKind::sync), at(start + 10), false);
  }
  EXPECT_THAT(database_.rows(kGaps), IsEmpty());
  store_->end_watch("acme", begin(at(1000), WatchKind::sync), at(1030), true);
  EXPECT_THAT(database_.rows(kGaps), ElementsAre("acme|profiles|30|1000|not running|null"));
  store_->end_watch("acme", begin(at(1040), WatchKind::sync), at(1050), false);
  begin(at(2000));
  EXPECT_THAT(database_.rows(kGaps),
              ElementsAre("acme|profiles|30|1000|not running|null", "acme|profiles|1030|2000|not running|null"));
}

TEST_F(CoverageGap, LastsWhileNobodyRuns) {
  const std::int64_t run = begin(at(0));
  walk(at(0), WalkOutcome::complete);
  store_->end_watch("acme", run, at(30), true);
  EXPECT_THAT(database_.rows(kLasting), ElementsAre("profiles|not running|null|t", "sims|not running|null|t"));
}

// A service that slept, and a pass meanwhile: the service is still the one that watches.
TEST_F(CoverageGap, AServiceTakenForDeadIsNot) {
  begin(wall_clock());
  walk(wall_clock(), WalkOutcome::complete);
  database_.run("UPDATE simsync.service_run SET alive_at = now() - interval '1 hour'");
  store_->end_watch("acme", begin(wall_clock(), WatchKind::sync), wall_clock(), true);
  database_.run("UPDATE simsync.service_run SET stopped_at = now() - interval '10 minutes' WHERE kind = 'sync'");
  EXPECT_EQ(database_.rows(kLasting).size(), 1U);
  poll_state();
  EXPECT_THAT(database_.rows(kLasting), IsEmpty());
}

TEST_F(CoverageGap, ALongPassThatSaysSoIsRunning) {
  const std::int64_t run = begin(wall_clock() - 3000s, WatchKind::sync);
  walk(wall_clock() - 2900s, WalkOutcome::complete);
  EXPECT_THAT(database_.rows(kLasting), ElementsAre("profiles|not running|null|t", "sims|not running|null|t"));
  store_->still_watching("acme", run, wall_clock());
  EXPECT_THAT(database_.rows(kLasting), ElementsAre("sims|no complete walk|null|t"));
}

// Its end will close the span at its start.
TEST_F(CoverageGap, AWalkThatTakesLongIsNone) {
  begin(wall_clock() - 3000s);
  walk(wall_clock() - 2900s, WalkOutcome::complete);
  store_->begin_walk("acme", WalkKind::full, wall_clock() - 2800s);
  poll_state();
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.coverage_gap WHERE what = 'sims'"), "0");
}

TEST_F(CoverageGap, LastsWhileWalksFail) {
  begin(wall_clock() - 3000s);
  walk(wall_clock() - 2900s, WalkOutcome::complete);
  walk(wall_clock() - 1000s, WalkOutcome::failed, "refused", true);
  poll_state();
  EXPECT_THAT(database_.rows(kLasting), ElementsAre("sims|token refused|refused|t"));
}

}  // namespace
}  // namespace simsync
