// What a batch does to the mirror (product.md, promises 1, 3, 5 and 7).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "storage/migrator.h"
#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreTest : public testing::Test {
 protected:
  ScratchDatabase database_;
  std::unique_ptr<StoreFactory> stores_ = make_postgres_store_factory(database_.url());
  std::unique_ptr<InventoryStore> store_ = stores_->open();

  // Everything that a write can touch: row versions, so that a rewrite to the same value shows as well.
  std::vector<std::string> versions() {
    return database_.rows(
        "SELECT 'sim', sim_id, xmin, ctid FROM simsync.sim UNION ALL "
        "SELECT 'change', sim_id, xmin, ctid FROM simsync.sim_change ORDER BY 1, 2, 4");
  }
};

TEST_F(StoreTest, HoldsEveryFieldAsItCame) {
  Sim sim = plain_sim("sim_1");
  sim.status = "a status nobody knows";
  sim.metadata = R"({"fleet":"Zürich \"Süd\" 中文 \\ {,}","n":null})";
  sim.extra = R"({"eid":"123"})";
  sim.created_at += std::chrono::microseconds{5};
  const ApplyResult result = store_->apply("acme", {read_at(10, sim)});
  EXPECT_EQ(result.created, 1U);
  EXPECT_EQ(result.recorded, 0U);  // the first sight is inventory, not history
  EXPECT_THAT(database_.rows("SELECT project, sim_id, iccid, provider, type, status, metadata->>'fleet', extra->>'eid',"
                             " extract(microseconds FROM created_at), missing_since FROM simsync.sim"),
              ElementsAre("acme|sim_1|8988307000000753711|p3|eSIM|a status nobody knows|"
                          "Zürich \"Süd\" 中文 \\ {,}|123|5|null"));
}

TEST_F(StoreTest, WritesNothingForTheSameAgain) {
  std::vector<SimReading> readings;
  for (int i = 0; i < 300; ++i) readings.push_back(read_at(10, plain_sim("sim_" + std::to_string(i))));
  store_->apply("acme", readings);
  const std::vector<std::string> before = versions();
  for (SimReading& reading : readings) {
    reading.asked_at = at(20);
    reading.observed_at = at(21);
    reading.sim.metadata = "{ }";  // another spelling of the same value
  }
  const ApplyResult again = store_->apply("acme", readings);
  EXPECT_EQ(again.created + again.changed + again.recorded, 0U);
  EXPECT_EQ(versions(), before);
}

TEST_F(StoreTest, ProjectsDoNotMeet) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  Sim other = plain_sim("sim_1");
  other.status = "retired";
  EXPECT_EQ(store_->apply("other", {read_at(10, other)}).created, 1U);
  EXPECT_THAT(database_.rows("SELECT project, status FROM simsync.sim ORDER BY project"),
              ElementsAre("acme|active", "other|retired"));
  EXPECT_EQ(store_->present_count("acme"), 1U);
}

TEST_F(StoreTest, AnOlderAnswerNeverOverwrites) {
  Sim newer = plain_sim("sim_1");
  newer.status = "retired";
  store_->apply("acme", {read_at(20, newer)});
  const ApplyResult result = store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  EXPECT_EQ(result.changed, 0U);
  EXPECT_EQ(database_.value("SELECT status FROM simsync.sim"), "retired");
}

TEST_F(StoreTest, RejectsOnlyWhatTheDatabaseCannotHold) {
  std::vector<SimReading> readings;
  for (int i = 0; i < 20; ++i) readings.push_back(read_at(10, plain_sim("sim_" + std::to_string(i))));
  readings[3].sim.metadata = R"({"n":1e999999})";
  readings[11].sim.provider = "\xFF";
  readings[12].sim.metadata = "{not json";
  readings[13].sim.extra = R"({"s":"\u0000"})";
  const ApplyResult result = store_->apply("acme", readings);
  EXPECT_EQ(result.created, 16U);
  EXPECT_THAT(result.rejected, testing::UnorderedElementsAre("sim_3", "sim_11", "sim_12", "sim_13"));
  EXPECT_EQ(store_->present_count("acme"), 16U);
}

TEST_F(StoreTest, ReadsPresentIdsInParts) {
  store_->apply("acme", {read_at(1, plain_sim("b")), read_at(1, plain_sim("B")), read_at(1, plain_sim("a"))});
  EXPECT_THAT(store_->present_ids("acme", "", 2), ElementsAre("B", "a"));
  EXPECT_THAT(store_->present_ids("acme", "a", 2), ElementsAre("b"));
  EXPECT_THAT(store_->present_ids("acme", "b", 2), IsEmpty());
}

TEST_F(StoreTest, FindsAPresentSimFurtherDownTheList) {
  std::vector<SimReading> readings;
  for (int i = 0; i < 5; ++i) {
    readings.push_back(read_at(1, plain_sim("sim_" + std::to_string(i))));
    readings.back().sim.created_at = at(100 - i);  // sim_0 is the newest
  }
  store_->apply("acme", readings);
  EXPECT_EQ(store_->present_beyond("acme", at(99), 0), "sim_2");
  EXPECT_EQ(store_->present_beyond("acme", at(99), 2), "sim_4");
  EXPECT_EQ(store_->present_beyond("acme", at(99), 3), std::nullopt);
}

TEST_F(StoreTest, TwoWritersRecordAChangeOnce) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  Sim changed = plain_sim("sim_1");
  changed.status = "inactive";
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] { stores_->open()->apply("acme", {read_at(20, changed)}); });
    }
  }
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.sim_change"), "1");
}

TEST_F(StoreTest, SaysWhenTheDatabaseIsGoneAndComesBack) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  database_.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'simsyncd'"
      " AND datname = current_database()");
  try {
    store_->apply("acme", {read_at(10, plain_sim("sim_2"))});
    // libpqxx 6 may reconnect by itself before anything was sent; then nothing was lost either.
  } catch (const StorageError& error) {
    EXPECT_TRUE(error.retryable()) << error.what();
    store_->apply("acme", {read_at(10, plain_sim("sim_2"))});
  }
  EXPECT_EQ(store_->present_count("acme"), 2U);
}

TEST_F(StoreTest, TheDryRunTellsAndWritesNothing) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1")), read_at(10, plain_sim("sim_2"))});
  const std::vector<std::string> before = versions();
  std::vector<std::string> told;
  const auto dry = make_postgres_dry_run_factory(database_.url(), [&](const Change& change) {
                     told.push_back(change.sim_id + " " + change.kind + " " + change.field + " " +
                                    change.old_value.value_or("-") + " " + change.new_value.value_or("-"));
                   })->open();
  Sim changed = plain_sim("sim_1");
  changed.status = "inactive";
  const ApplyResult result =
      dry->apply("acme", {read_at(20, changed), read_at(20, plain_sim("sim_2")), read_at(20, plain_sim("sim_3"))});
  EXPECT_EQ(result.created, 1U);
  EXPECT_EQ(result.changed, 1U);
  EXPECT_THAT(told, ElementsAre("sim_1 changed status active inactive", "sim_3 new status - -"));
  WalkRecord record;
  record.id = dry->begin_walk("acme", WalkKind::full, at(1));
  dry->finish_walk("acme", record, {{"sim_2", at(20), at(21)}});
  EXPECT_EQ(versions(), before);
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.walk"), "0");
  dry->save_progress("acme", WalkProgress{});
  dry->save_poll_state("acme", PollState{});
  EXPECT_EQ(dry->forget_history("acme", at(1000), 100), 0U);
  EXPECT_EQ(dry->count_anew("acme"), 0U);
  EXPECT_THAT(dry->pending_metadata("acme", "", 100), testing::IsEmpty());
  EXPECT_THAT(dry->step_metadata("acme", {MetadataStep{}}), testing::IsEmpty());
  EXPECT_EQ(versions(), before);
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.poll_state"), "0");
}

}  // namespace
}  // namespace simsync
