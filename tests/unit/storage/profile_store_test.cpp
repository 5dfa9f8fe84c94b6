// Profiles and their transitions (product.md, "esim_profile_transition"; inventory_store.h lists the cases).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;

constexpr char kTransitions[] =
    "SELECT from_status, to_status, extract(epoch FROM reported_at - '2026-01-01Z')::int,"
    " extract(epoch FROM not_before - '2026-01-01Z')::int, extract(epoch FROM observed_at - '2026-01-01Z')::int"
    " FROM simsync.esim_profile_transition ORDER BY transition_id";
constexpr char kProfile[] =
    "SELECT status, extract(epoch FROM updated_at - '2026-01-01Z')::int, extract(epoch FROM status_since - "
    "'2026-01-01Z')::int, extract(epoch FROM last_polled_at - '2026-01-01Z')::int FROM simsync.esim_profile";

class ProfileStoreTest : public testing::Test {
 protected:
  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();

  ApplyResult poll(int second, const std::string& status, int updated) {
    return store_->apply_profiles("acme", {profile_at(second, "sim_1", status, updated)});
  }
};

TEST_F(ProfileStoreTest, FirstSightThenTransition) {
  EXPECT_EQ(poll(100, "installed", 50).created, 1U);
  EXPECT_EQ(poll(200, "enabled", 150).changed, 1U);
  EXPECT_THAT(database_.rows(kTransitions), ElementsAre("null|installed|50|null|101", "installed|enabled|150|100|201"));
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("enabled|150|150|200"));
}

TEST_F(ProfileStoreTest, UnchangedMovesOnlyTheTimeOfThePoll) {
  poll(100, "enabled", 50);
  const ApplyResult again = poll(200, "enabled", 50);
  EXPECT_EQ(again.created + again.changed + again.recorded, 0U);
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("enabled|50|50|200"));
  poll(300, "disabled", 250);
  EXPECT_THAT(database_.rows(kTransitions), ElementsAre("null|enabled|50|null|101", "enabled|disabled|250|200|301"));
}

TEST_F(ProfileStoreTest, SameStatusReportedAnewIsARow) {
  poll(100, "enabled", 50);
  EXPECT_EQ(poll(200, "enabled", 150).changed, 1U);
  EXPECT_THAT(database_.rows(kTransitions), ElementsAre("null|enabled|50|null|101", "enabled|enabled|150|100|201"));
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("enabled|150|50|200"));
}

TEST_F(ProfileStoreTest, SameStatusReportedEarlierIsNone) {
  poll(100, "enabled", 50);
  EXPECT_EQ(poll(200, "enabled", 40).recorded, 0U);
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("enabled|50|50|200"));
}

TEST_F(ProfileStoreTest, AnotherStatusReportedEarlierIsARow) {
  poll(100, "enabled", 50);
  EXPECT_EQ(poll(200, "disabled", 40).recorded, 1U);
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("disabled|40|40|200"));
}

TEST_F(ProfileStoreTest, UnknownStatusesAreStatuses) {
  poll(100, "unknown", 50);
  poll(200, "never heard of", 150);
  EXPECT_THAT(
      database_.rows("SELECT from_status, to_status FROM simsync.esim_profile_transition ORDER BY 1 NULLS FIRST"),
      ElementsAre("null|unknown", "unknown|never heard of"));
}

TEST_F(ProfileStoreTest, AnOlderAnswerIsIgnored) {
  poll(200, "enabled", 150);
  EXPECT_EQ(poll(100, "installed", 50).recorded, 0U);
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("enabled|150|150|200"));
}

// Which of two polls that were under way at once the API looked for later, nobody knows.
TEST_F(ProfileStoreTest, WhatWasAskedForBeforeTheStoredAnswerHadComeIsIgnored) {
  poll(100, "enabled", 50);
  store_->apply_profiles("acme", {{{"sim_1", "disabled", at(210)}, at(200), at(220)}});
  const ProfileReading during{{"sim_1", "enabled", at(50)}, at(215), at(225)};
  EXPECT_EQ(store_->apply_profiles("acme", {during}).recorded, 0U);
  EXPECT_THAT(database_.rows(kProfile), ElementsAre("disabled|210|210|200"));
  EXPECT_EQ(poll(220, "enabled", 219).recorded, 1U);
}

TEST_F(ProfileStoreTest, AClockThatWasAheadDoesNotSilenceIt) {
  const TimePoint ahead = wall_clock() + std::chrono::hours{24 * 365};
  store_->apply_profiles("acme", {{{"sim_1", "enabled", at(1)}, ahead, ahead}});
  const TimePoint now = wall_clock();
  EXPECT_EQ(store_->apply_profiles("acme", {{{"sim_1", "disabled", at(2)}, now, now}}).changed, 1U);
}

TEST_F(ProfileStoreTest, ASimTwiceInABatchKeepsBothTransitions) {
  store_->apply_profiles("acme", {profile_at(1, "sim_1", "installed", 1), profile_at(3, "sim_1", "enabled", 2),
                                  profile_at(5, "sim_1", "disabled", 4)});
  EXPECT_THAT(database_.rows("SELECT to_status FROM simsync.esim_profile_transition ORDER BY transition_id"),
              ElementsAre("installed", "enabled", "disabled"));
}

TEST_F(ProfileStoreTest, WatchesPresentEsimsOfTheProviders) {
  std::vector<SimReading> sims;
  const auto add = [&](const std::string& id, const std::string& type, const std::string& provider) {
    sims.push_back(read_at(1, plain_sim(id)));
    sims.back().sim.type = type;
    sims.back().sim.provider = provider;
  };
  add("esim", "eSIM", "p3");
  add("other", "eSIM", "p9");
  add("psim", "pSIM", "p3");
  add("gone", "eSIM", "p14");
  add("polled", "eSIM", "p15");
  store_->apply("acme", sims);
  store_->apply_profiles("acme", {profile_at(7, "polled", "enabled", 5)});
  WalkRecord record;
  record.id = store_->begin_walk("acme", WalkKind::full, at(2));
  store_->finish_walk("acme", record, {{"gone", at(3), at(4)}});

  std::vector<std::string> watched;
  std::vector<WatchedProfile> profiles;
  const auto read = [&](bool go_on) {
    store_->read_watched(
        "acme", {"p3", "p14", "p15"},
        [&](const WatchedSim& sim) {
          EXPECT_EQ(sim.status, "active");
          watched.push_back(sim.sim_id);
          return go_on;
        },
        [&](const WatchedProfile& one) {
          profiles.push_back(one);
          return true;
        });
  };
  read(true);
  EXPECT_THAT(watched, testing::UnorderedElementsAre("esim", "polled"));
  ASSERT_EQ(profiles.size(), 1U);
  EXPECT_EQ(profiles[0].profile, (EsimProfile{"polled", "enabled", at(5)}));
  EXPECT_EQ(profiles[0].last_polled_at, at(7));
  read(false);
  EXPECT_EQ(watched.size(), 3U) << "false ends it";
  EXPECT_EQ(profiles.size(), 1U);
}

// When something happened to the SIM: its creation or a change of its status, not of its metadata, nor that it was
// first seen.
TEST_F(ProfileStoreTest, SaysWhenASimMoved) {
  const TimePoint now = wall_clock();
  const auto read = [&](const std::string& id, int seconds_ago, const std::string& status,
                        const std::string& metadata) {
    SimReading reading = read_at(1, plain_sim(id));
    reading.asked_at = reading.observed_at = now - std::chrono::seconds{seconds_ago};
    reading.sim.status = status;
    reading.sim.metadata = metadata;
    store_->apply("acme", {reading});
  };
  WalkRecord record;
  record.id = store_->begin_walk("acme", WalkKind::full, at(2));
  record.outcome = WalkOutcome::complete;
  read("seen", 500, "active", "{}");
  read("tagged", 500, "active", "{}");
  read("activated", 500, "inactive", "{}");
  store_->finish_walk("acme", record, {});
  read("tagged", 100, "active", R"({"a":"b"})");
  read("activated", 100, "active", "{}");
  std::map<std::string, std::int64_t> moved;
  store_->read_watched(
      "acme", {"p3"},
      [&](const WatchedSim& sim) {
        moved[sim.sim_id] = std::chrono::round<std::chrono::seconds>(now - sim.moved_at).count();
        return true;
      },
      [](const WatchedProfile&) { return true; });
  const auto created = std::chrono::round<std::chrono::seconds>(now - plain_sim("x").created_at).count();
  EXPECT_NEAR(static_cast<double>(moved["activated"]), 100, 1);
  EXPECT_NEAR(static_cast<double>(moved["tagged"]), static_cast<double>(created), 1);
  EXPECT_NEAR(static_cast<double>(moved["seen"]), static_cast<double>(created), 1);
}

}  // namespace
}  // namespace simsync
