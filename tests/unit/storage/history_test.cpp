// The history of SIMs: one row a field, an unbroken chain, honest time bounds (product.md, promise 3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kHistory[] =
    "SELECT sim_id, kind, field, old_value, new_value, extract(epoch FROM not_before - '2026-01-01Z')::int,"
    " extract(epoch FROM observed_at - '2026-01-01Z')::int FROM simsync.sim_change ORDER BY change_id";

class HistoryTest : public testing::Test {
 protected:
  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();

  void walk(int started, WalkOutcome outcome = WalkOutcome::complete, std::vector<Disappearance> gone = {}) {
    WalkRecord record;
    record.started_at = at(started);
    record.finished_at = at(started + 5);
    record.outcome = outcome;
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    store_->finish_walk("acme", record, gone);
  }

  Sim sim_with_status(const std::string& status) {
    Sim sim = plain_sim("sim_1");
    sim.status = status;
    return sim;
  }
};

TEST_F(HistoryTest, OneRowForEachFieldThatDiffers) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  Sim changed = plain_sim("sim_1");
  changed.status = "inactive";
  changed.iccid = "89883070000007537119";
  changed.provider = "p14";
  changed.type = "pSIM";
  changed.metadata = R"({"a": "b"})";
  changed.extra = R"({"eid": "1"})";
  changed.created_at += std::chrono::seconds{1};
  EXPECT_EQ(store_->apply("acme", {read_at(20, changed)}).recorded, 7U);
  EXPECT_THAT(database_.rows(kHistory),
              testing::UnorderedElementsAre(
                  "sim_1|changed|status|active|inactive|10|21",
                  "sim_1|changed|iccid|8988307000000753711|89883070000007537119|10|21",
                  "sim_1|changed|provider|p3|p14|10|21", "sim_1|changed|type|eSIM|pSIM|10|21",
                  "sim_1|changed|metadata|{}|{\"a\": \"b\"}|10|21", "sim_1|changed|extra|{}|{\"eid\": \"1\"}|10|21",
                  "sim_1|changed|created_at|2021-01-21T00:00:00.000000Z|2021-01-21T00:00:01.000000Z|10|21"));
}

TEST_F(HistoryTest, TheLastCompleteWalkConfirmsWhatItDidNotChange) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(8);
  walk(330);
  walk(350, WalkOutcome::incomplete);  // confirms nothing
  store_->apply("acme", {read_at(360, sim_with_status("inactive"))});
  EXPECT_THAT(database_.rows(kHistory), ElementsAre("sim_1|changed|status|active|inactive|330|361"));
}

TEST_F(HistoryTest, AClockThatWentBackNeverTurnsTheBoundsAround) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(400);
  store_->apply("acme", {read_at(360, sim_with_status("inactive"))});
  EXPECT_THAT(database_.rows(kHistory), ElementsAre("sim_1|changed|status|active|inactive|360|361"));
}

// The API looked at the SIM between the question and its answer: before the walk did, or after it.
TEST_F(HistoryTest, AWalkDuringASlowCallDoesNotBoundWhatItSaw) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1")), read_at(10, plain_sim("sim_2"))});
  walk(20, WalkOutcome::complete, {{"sim_2", at(25), at(26)}});
  walk(340);
  const Sim changed = sim_with_status("inactive");
  store_->apply(
      "acme",
      {{changed, at(335), at(360)}, {plain_sim("sim_2"), at(335), at(360)}, {plain_sim("sim_3"), at(335), at(360)}});
  EXPECT_THAT(database_.rows(kHistory), testing::UnorderedElementsAre("sim_2|disappeared|status|active|null|10|26",
                                                                      "sim_1|changed|status|active|inactive|335|360",
                                                                      "sim_2|reappeared|status|null|active|335|360",
                                                                      "sim_3|appeared|status|null|active|335|360"));
}

TEST_F(HistoryTest, AppearedOnlyAfterTheFirstCompleteWalk) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(5, WalkOutcome::incomplete);
  store_->apply("acme", {read_at(20, plain_sim("sim_2"))});
  EXPECT_THAT(database_.rows(kHistory), IsEmpty());
  walk(30);
  store_->apply("acme", {read_at(40, plain_sim("sim_3"))});
  EXPECT_THAT(database_.rows(kHistory), ElementsAre("sim_3|appeared|status|null|active|30|41"));
}

TEST_F(HistoryTest, GoneAndBackIsAnUnbrokenChain) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(9);
  walk(20, WalkOutcome::complete, {{"sim_1", at(25), at(26)}});
  EXPECT_EQ(store_->present_count("acme"), 0U);
  EXPECT_EQ(store_->gone_since("acme", at(26)), 1U);
  EXPECT_EQ(store_->gone_since("acme", at(27)), 0U);
  EXPECT_EQ(store_->gone_since("beta", at(0)), 0U);
  walk(340);
  Sim back = sim_with_status("inactive");
  back.provider = "p14";
  EXPECT_EQ(store_->apply("acme", {read_at(350, back)}).changed, 1U);
  EXPECT_THAT(database_.rows(kHistory),
              ElementsAre("sim_1|disappeared|status|active|null|10|26", "sim_1|reappeared|status|null|inactive|340|351",
                          "sim_1|changed|provider|p3|p14|10|351"));
  EXPECT_EQ(database_.value("SELECT missing_since IS NULL FROM simsync.sim"), "t");
}

TEST_F(HistoryTest, ASimReadAfterItsDenialStays) {
  store_->apply("acme", {read_at(30, plain_sim("sim_1"))});
  walk(20, WalkOutcome::complete, {{"sim_1", at(25), at(26)}});
  EXPECT_EQ(store_->present_count("acme"), 1U);
  EXPECT_THAT(database_.rows(kHistory), IsEmpty());
}

// Which of two calls that were under way at once the API looked for later, nobody knows.
TEST_F(HistoryTest, WhatWasAskedForBeforeTheStoredAnswerHadComeIsLeftOut) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  store_->apply("acme", {{sim_with_status("inactive"), at(30), at(40)}});
  const ApplyResult during = store_->apply("acme", {{sim_with_status("active"), at(35), at(45)}});
  EXPECT_EQ(during.changed, 0U);
  EXPECT_EQ(during.late, 1U);
  walk(20, WalkOutcome::complete, {{"sim_1", at(39), at(46)}});
  EXPECT_EQ(store_->present_count("acme"), 1U);
  EXPECT_EQ(store_->apply("acme", {{sim_with_status("active"), at(40), at(50)}}).changed, 1U);
  EXPECT_THAT(database_.rows(kHistory),
              ElementsAre("sim_1|changed|status|active|inactive|10|40", "sim_1|changed|status|inactive|active|30|50"));
}

// The walk may have compared with the row before it: another process can take five minutes to write what it has read.
TEST_F(HistoryTest, AWalkSoonAfterTheStoredAnswerConfirmsNothing) {
  const auto inactive = [](const std::string& id) {
    Sim sim = plain_sim(id);
    sim.status = "inactive";
    return sim;
  };
  const auto bounds_of = [&](int began) {
    database_.run("TRUNCATE simsync.sim, simsync.sim_change, simsync.walk");
    store_->apply("acme", {read_at(10, plain_sim("sim_1")), read_at(10, plain_sim("sim_2"))});
    store_->apply("acme", {{inactive("sim_1"), at(30), at(40)}, {inactive("sim_2"), at(30), at(40)}});
    walk(began);
    store_->apply("acme", {read_at(400, sim_with_status("active"))});
    walk(405, WalkOutcome::complete, {{"sim_2", at(410), at(411)}});
    return database_.rows(
        "SELECT sim_id, kind, extract(epoch FROM not_before - '2026-01-01Z')::int "
        "FROM simsync.sim_change WHERE observed_at > '2026-01-01 00:00:41Z' ORDER BY change_id");
  };
  EXPECT_THAT(bounds_of(35), ElementsAre("sim_1|changed|30", "sim_2|disappeared|30"));
  EXPECT_THAT(bounds_of(339), ElementsAre("sim_1|changed|30", "sim_2|disappeared|30"));
  EXPECT_THAT(bounds_of(340), ElementsAre("sim_1|changed|340", "sim_2|disappeared|340"));
}

TEST_F(HistoryTest, DisappearedIsRecordedOnce) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(20, WalkOutcome::complete, {{"sim_1", at(25), at(26)}});
  walk(30, WalkOutcome::complete, {{"sim_1", at(35), at(36)}, {"sim_unknown", at(35), at(36)}});
  EXPECT_EQ(database_.rows(kHistory).size(), 1U);
  EXPECT_THAT(database_.rows("SELECT disappeared FROM simsync.walk ORDER BY walk_id"), ElementsAre("1", "0"));
}

TEST_F(HistoryTest, EveryReadingOfABatchCounts) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  store_->apply("acme", {read_at(20, sim_with_status("inactive")), read_at(30, sim_with_status("active"))});
  EXPECT_THAT(database_.rows(kHistory),
              ElementsAre("sim_1|changed|status|active|inactive|10|21", "sim_1|changed|status|inactive|active|20|31"));
}

// The machine ran for a while with a clock that was a year ahead.
TEST_F(HistoryTest, AClockThatWasAheadDoesNotSilenceTheMirror) {
  const TimePoint ahead = wall_clock() + std::chrono::hours{24 * 365};
  store_->apply("acme", {{plain_sim("sim_1"), ahead, ahead}, {plain_sim("sim_2"), ahead, ahead}});
  const TimePoint now = wall_clock();
  EXPECT_EQ(store_->apply("acme", {{sim_with_status("inactive"), now, now}}).changed, 1U);
  WalkRecord record;
  record.started_at = record.finished_at = now;
  record.outcome = WalkOutcome::complete;
  record.id = store_->begin_walk("acme", WalkKind::full, now);
  store_->finish_walk("acme", record, {{"sim_2", now, now}});
  EXPECT_EQ(record.disappeared, 1U);
}

// Another program heard of the SIM's end after this page was asked for, and before it is written.
TEST_F(HistoryTest, AnOldPageBringsNobodyBack) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(15, WalkOutcome::complete, {{"sim_1", at(25), at(26)}});
  EXPECT_EQ(store_->apply("acme", {read_at(20, plain_sim("sim_1"))}).changed, 0U);
  EXPECT_EQ(store_->present_count("acme"), 0U);
  EXPECT_EQ(store_->apply("acme", {read_at(30, plain_sim("sim_1"))}).changed, 1U);
}

class Listener : public pqxx::notification_receiver {
 public:
  Listener(pqxx::connection& connection, std::vector<std::string>& payloads)
      : pqxx::notification_receiver(connection, "simsync"), payloads_(payloads) {}
  void operator()(const std::string& payload, int) override { payloads_.push_back(payload); }

 private:
  std::vector<std::string>& payloads_;
};

TEST_F(HistoryTest, EachChangeIsNotifiedAlsoALongOne) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  pqxx::connection connection{database_.url()};
  std::vector<std::string> payloads;
  const Listener listener{connection, payloads};
  Sim changed = sim_with_status("inactive");
  changed.metadata = "{\"long\":\"" + std::string(9000, 'x') + "\"}";
  store_->apply("acme", {read_at(20, changed)});
  connection.await_notification(5, 0);
  ASSERT_EQ(payloads.size(), 2U);
  EXPECT_THAT(payloads[0], HasSubstr(R"("new_value" : "inactive")"));
  EXPECT_THAT(payloads[1], HasSubstr("values_left_out"));
}

}  // namespace
}  // namespace simsync
