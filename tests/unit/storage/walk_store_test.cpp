#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(WalkStore, KeepsTheWholeRecord) {
  const ScratchDatabase database;
  const auto store = make_postgres_store_factory(database.url())->open();
  WalkRecord record;
  record.started_at = at(1);
  record.finished_at = at(2);
  record.outcome = WalkOutcome::incomplete;
  record.pages = 3;
  record.sims = 4;
  record.created = 5;
  record.changed = 6;
  record.requests = 7;
  record.retries = 8;
  record.skipped = 9;
  record.held_back = 10;
  record.error = "why";
  record.id = store->begin_walk("acme", WalkKind::full, record.started_at);
  store->finish_walk("acme", record, {});
  EXPECT_THAT(database.rows("SELECT kind, outcome, pages, sims, created, changed, disappeared, requests, retries,"
                            " skipped, held_back, error FROM simsync.walk"),
              ElementsAre("full|incomplete|3|4|5|6|0|7|8|9|10|why"));
  const ProjectStatus status = store->status("acme", {"p3"}, std::chrono::minutes{1});
  ASSERT_TRUE(status.last_walk);
  EXPECT_EQ(status.last_walk->held_back, 10U);
  EXPECT_EQ(status.last_walk->outcome, WalkOutcome::incomplete);
  EXPECT_EQ(status.last_walk->finished_at, at(2));
  EXPECT_THAT(status.last_error, HasSubstr("incomplete: why"));
  EXPECT_FALSE(status.last_complete_walk);
}

TEST(WalkStore, ClosesWhatAnEndedDaemonLeftOpen) {
  const ScratchDatabase database;
  const auto store = make_postgres_store_factory(database.url())->open();
  store->begin_walk("acme", WalkKind::full, at(1));
  store->begin_walk("other", WalkKind::full, at(1));
  store->begin_walk("acme", WalkKind::fresh, at(2));
  store->begin_walk("acme", WalkKind::full, at(3));
  EXPECT_THAT(database.rows("SELECT project, kind, outcome FROM simsync.walk ORDER BY walk_id"),
              ElementsAre("acme|full|failed", "other|full|null", "acme|new|null", "acme|full|null"));
}

TEST(WalkStore, CountsForTheStatus) {
  const ScratchDatabase database;
  const auto store = make_postgres_store_factory(database.url())->open();
  store->apply("acme", {read_at(1, plain_sim("a")), read_at(1, plain_sim("b")), read_at(1, plain_sim("c"))});
  EXPECT_FALSE(store->ever_complete("acme"));
  WalkRecord record;
  record.started_at = at(5);
  record.finished_at = at(9);
  record.outcome = WalkOutcome::complete;
  record.id = store->begin_walk("acme", WalkKind::full, record.started_at);
  store->finish_walk("acme", record, {{"c", at(6), at(7)}});
  store->apply_profiles("acme", {profile_at(1, "a", "enabled", 1)});
  EXPECT_TRUE(store->ever_complete("acme"));
  const ProjectStatus status = store->status("acme", {"p3"}, std::chrono::minutes{1});
  EXPECT_EQ(status.sims, 2U);
  EXPECT_EQ(status.missing, 1U);
  EXPECT_EQ(status.profiles, 2U);
  EXPECT_EQ(status.profiles_due, 2U);  // polled on 1 January 2026, and never
  EXPECT_EQ(status.last_complete_walk, at(9));
}

}  // namespace
}  // namespace simsync
