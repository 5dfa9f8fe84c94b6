// Which SIMs the mirror has under an id or an ICCID.
#include "storage/sim_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SimFinderTest : public testing::Test {
 protected:
  void store(const std::string& project, const std::string& id, const std::string& iccid) {
    Sim sim = plain_sim(id);
    sim.iccid = iccid;
    store_->apply(project, {read_at(1, sim)});
  }

  static std::vector<std::string> names(const std::vector<FoundSim>& found) {
    std::vector<std::string> all;
    for (const FoundSim& sim : found) all.push_back(sim.project + "/" + sim.sim_id + "/" + sim.type + "/" + sim.status);
    return all;
  }

  [[nodiscard]] std::vector<std::string> by_iccid(const std::string& iccid,
                                                  const std::vector<std::string>& projects = {"acme", "beta"}) const {
    return names(find_sims_by_iccid(database_.url(), projects, iccid));
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(SimFinderTest, ById) {
  store("acme", "sim_1", "8988307000000753711");
  store("beta", "sim_1", "8988307000000753712");
  const auto by_id = [this](const std::string& id, const std::vector<std::string>& projects) {
    return names(find_sims_by_id(database_.url(), projects, id));
  };
  EXPECT_THAT(by_id("sim_1", {"acme", "beta"}), ElementsAre("acme/sim_1/eSIM/active", "beta/sim_1/eSIM/active"));
  EXPECT_THAT(by_id("sim_1", {"beta"}), ElementsAre("beta/sim_1/eSIM/active"));
  EXPECT_THAT(by_id("SIM_1", {"acme"}), IsEmpty());
}

TEST_F(SimFinderTest, ByIccidWithAndWithoutTheFiller) {
  store("acme", "sim_1", "8988307000000753711F");
  store("acme", "sim_2", "8988307000000753712");
  for (const char* written : {"8988307000000753711", "8988307000000753711F", "8988307000000753711f"}) {
    EXPECT_THAT(by_iccid(written), ElementsAre("acme/sim_1/eSIM/active")) << written;
  }
  EXPECT_THAT(by_iccid("8988307000000753712F"), ElementsAre("acme/sim_2/eSIM/active"));
  EXPECT_THAT(by_iccid("898830700000075371"), IsEmpty());
  EXPECT_THAT(by_iccid("8988307000000753711", {"beta"}), IsEmpty());
}

TEST_F(SimFinderTest, OneThatIsMissingDoesNotCount) {
  store("acme", "sim_1", "8988307000000753711");
  store("acme", "sim_2", "8988307000000753711");
  WalkRecord record;
  record.id = store_->begin_walk("acme", WalkKind::full, at(2));
  record.outcome = WalkOutcome::complete;
  store_->finish_walk("acme", record, {{"sim_1", at(3), at(4)}});
  EXPECT_THAT(by_iccid("8988307000000753711"), ElementsAre("acme/sim_2/eSIM/active"));
  EXPECT_THAT(find_sims_by_id(database_.url(), {"acme"}, "sim_1"), SizeIs(1)) << "by its id it may be asked for";
}

TEST_F(SimFinderTest, AnIccidOfEverybodyIsBounded) {
  std::vector<SimReading> all;
  for (int i = 0; i < 150; ++i) all.push_back(read_at(1, plain_sim("sim_" + std::to_string(i))));
  store_->apply("acme", all);
  EXPECT_THAT(by_iccid("8988307000000753711"), SizeIs(kMostFound));
}

// For who keeps in mind what is stored, and is not the only one who writes.
class ChangedSinceTest : public SimFinderTest {
 protected:
  void change(int second, const std::string& id, const std::string& status) {
    Sim sim = plain_sim(id);
    sim.status = status;
    store_->apply("acme", {read_at(second, sim)});
  }
};

TEST_F(ChangedSinceTest, NamesEachOnce) {
  change(1, "sim_1", "active");
  change(1, "sim_2", "active");
  EXPECT_THAT(store_->changed_since("acme", at(0), 0, 10), IsEmpty()) << "the first sight is no change";
  change(11, "sim_1", "inactive");
  Sim other = plain_sim("sim_2");
  other.metadata = R"({"a":1})";
  other.provider = "p9";
  store_->apply("acme", {read_at(21, other)});
  EXPECT_THAT(store_->changed_since("acme", at(0), 0, 10), testing::UnorderedElementsAre("sim_1", "sim_2"));
  EXPECT_THAT(store_->changed_since("acme", at(22), 0, 10), ElementsAre("sim_2")) << "of the moment itself, too";
  EXPECT_THAT(store_->changed_since("acme", at(23), 0, 10), IsEmpty());
  EXPECT_THAT(store_->changed_since("beta", at(0), 0, 10), IsEmpty());
  EXPECT_THAT(store_->changed_since("acme", at(0), 0, 1), SizeIs(2)) << "one more says that there are more";
}

TEST_F(ChangedSinceTest, OneThatChangedOftenLeavesRoomForTheOthers) {
  change(1, "sim_1", "active");
  change(1, "sim_2", "active");
  for (int i = 1; i <= 6; ++i) change(10 * i, "sim_1", i % 2 == 1 ? "inactive" : "active");
  change(100, "sim_2", "inactive");
  EXPECT_THAT(store_->changed_since("acme", at(0), 0, 3), testing::UnorderedElementsAre("sim_1", "sim_2"));
}

// Each row of history, so that who counts own ones can tell whether there are others.
TEST_F(ChangedSinceTest, CountsRowsAfterANumber) {
  change(1, "sim_1", "active");
  const RecordedRows none = store_->recorded_since("acme", at(0), 0);
  EXPECT_EQ(none.rows, 0U);
  EXPECT_EQ(none.last, 0);
  change(11, "sim_1", "inactive");
  const RecordedRows first = store_->recorded_since("acme", at(0), 0);
  EXPECT_EQ(first.rows, 1U);
  EXPECT_LE(std::chrono::abs(first.counted_at - wall_clock()), std::chrono::minutes{1}) << "of this very machine";
  Sim whole = plain_sim("sim_1");
  whole.status = "retired";
  whole.iccid = "8988307000000753712";
  whole.provider = "p9";
  whole.type = "pSIM";
  whole.metadata = R"({"a":1})";
  whole.extra = R"({"b":1})";
  whole.created_at += std::chrono::seconds{1};
  const ApplyResult written = store_->apply("acme", {read_at(21, whole)});
  EXPECT_EQ(written.recorded, 7U);
  const RecordedRows then = store_->recorded_since("acme", at(0), first.last);
  EXPECT_EQ(then.rows, written.recorded);
  EXPECT_GT(then.last, first.last);
  EXPECT_EQ(store_->recorded_since("acme", at(0), then.last).rows, 0U);
  EXPECT_EQ(store_->recorded_since("acme", at(23), first.last).rows, 0U);
  EXPECT_EQ(store_->recorded_since("beta", at(0), 0).rows, 0U);
  EXPECT_THAT(store_->changed_since("acme", at(0), then.last, 10), IsEmpty());
}

}  // namespace
}  // namespace simsync
