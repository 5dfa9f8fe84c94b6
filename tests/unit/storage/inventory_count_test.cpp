// simsync.inventory_summary: counted as changes come, and anew where somebody changed rows by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/support/report_invariants.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kSummary[] =
    "SELECT project, provider, type, status, profile_status, sims FROM simsync.inventory_summary ORDER BY 1, 2, 3, 4, "
    "5";

class InventoryCount : public testing::Test {
 protected:
  void walk(int from, const std::vector<Disappearance>& gone = {}) {
    WalkRecord record;
    record.started_at = at(from);
    record.finished_at = at(from + 9);
    record.outcome = WalkOutcome::complete;
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    store_->finish_walk("acme", record, gone);
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(InventoryCount, IsEmptyInAnEmptyDatabase) {
  EXPECT_THAT(database_.rows(kSummary), IsEmpty());
}

TEST_F(InventoryCount, FollowsSimsAndProfilesOfEachProject) {
  Sim physical = plain_sim("sim_3");
  physical.type = "pSIM";
  store_->apply("acme", {read_at(10, plain_sim("sim_1")), read_at(10, plain_sim("sim_2")), read_at(10, physical)});
  store_->apply("other", {read_at(10, plain_sim("sim_1"))});
  EXPECT_THAT(database_.rows(kSummary),
              ElementsAre("acme|p3|eSIM|active|null|2", "acme|p3|pSIM|active|null|1", "other|p3|eSIM|active|null|1"));
  walk(20);
  store_->apply_profiles("acme", {profile_at(30, "sim_1", "installed", 25), profile_at(30, "sim_2", "enabled", 25)});
  store_->apply_profiles("acme", {profile_at(40, "sim_1", "enabled", 35)});
  Sim retired = plain_sim("sim_1");
  retired.status = "retired";
  store_->apply("acme", {read_at(50, retired)});
  EXPECT_THAT(database_.rows(kSummary), ElementsAre("acme|p3|eSIM|active|enabled|1", "acme|p3|eSIM|retired|enabled|1",
                                                    "acme|p3|pSIM|active|null|1", "other|p3|eSIM|active|null|1"));
  walk(60, {{"sim_1", at(61), at(62)}, {"sim_3", at(61), at(62)}});
  EXPECT_THAT(database_.rows(kSummary), ElementsAre("acme|p3|eSIM|active|enabled|1", "other|p3|eSIM|active|null|1"));
  store_->apply_profiles("acme", {profile_at(65, "sim_1", "disabled", 64)});  // of a SIM that is missing
  retired.provider = "p9";
  store_->apply("acme", {read_at(70, retired)});
  EXPECT_THAT(database_.rows(kSummary), ElementsAre("acme|p3|eSIM|active|enabled|1", "acme|p9|eSIM|retired|disabled|1",
                                                    "other|p3|eSIM|active|null|1"));
  EXPECT_THAT(database_.rows(test::kReportFaults), IsEmpty());
}

TEST_F(InventoryCount, ReadingTheSameAgainWritesNothing) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  walk(20);
  const std::string before = database_.value("SELECT xmin FROM simsync.inventory_count");
  store_->apply("acme", {read_at(40, plain_sim("sim_1"))});
  EXPECT_EQ(database_.value("SELECT xmin FROM simsync.inventory_count"), before);
}

TEST_F(InventoryCount, IsCountedAnewAfterChangesByHand) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1")), read_at(10, plain_sim("sim_2"))});
  store_->apply("other", {read_at(10, plain_sim("sim_1"))});
  store_->apply_profiles("acme", {profile_at(12, "sim_1", "enabled", 5)});
  walk(20);
  EXPECT_EQ(store_->count_anew("acme"), 0U);
  database_.run("UPDATE simsync.sim SET status = 'retired' WHERE project = 'acme' AND sim_id = 'sim_1'");
  database_.run("INSERT INTO simsync.inventory_count VALUES ('acme', 'p77', 'eSIM', 'active', '', 5)");
  database_.run("DELETE FROM simsync.inventory_count WHERE project = 'other'");
  EXPECT_EQ(store_->count_anew("acme"), 4U) << "a profile, two groups that moved, one that never was";
  EXPECT_THAT(database_.rows(kSummary), ElementsAre("acme|p3|eSIM|active|null|1", "acme|p3|eSIM|retired|enabled|1"));
  EXPECT_EQ(store_->count_anew("other"), 1U);
  EXPECT_THAT(database_.rows(test::kReportFaults), IsEmpty());
}

}  // namespace
}  // namespace simsync
