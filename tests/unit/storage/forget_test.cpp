// history.keep: what is too old goes in small steps, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ForgetHistory : public testing::Test {
 protected:
  void walk(const std::string& project, int from) {
    WalkRecord record;
    record.started_at = at(from);
    record.finished_at = at(from + 5);
    record.outcome = WalkOutcome::complete;
    record.id = store_->begin_walk(project, WalkKind::full, record.started_at);
    store_->finish_walk(project, record, {});
  }

  // A change of each field every 100 s.
  void live(const std::string& project) {
    Sim sim = plain_sim("sim_1");
    store_->apply(project, {read_at(10, sim)});
    walk(project, 20);
    for (int i = 1; i <= 6; ++i) {
      sim.status = i % 2 == 0 ? "active" : "inactive";
      sim.iccid = sim.provider = sim.type = std::to_string(i);
      sim.metadata = sim.extra = R"({"n": )" + std::to_string(i) + "}";
      sim.created_at = at(i);
      store_->apply(project, {read_at(i * 100, sim)});
      store_->apply_profiles(project, {profile_at(i * 100 + 2, "sim_1", sim.status, i * 100)});
      walk(project, i * 100 + 10);
    }
  }

  std::string oldest(const std::string& table, const std::string& time = "observed_at") {
    return database_.value("SELECT extract(epoch FROM min(" + time + ") - '2026-01-01Z')::int FROM simsync." + table +
                           " WHERE project = 'acme'");
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(ForgetHistory, TakesWhatIsOlderOfItsProjectInStepsAndMovesTheBound) {
  live("acme");
  live("other");
  const std::string sim = database_.value("SELECT s::text FROM simsync.sim s WHERE project = 'acme'");
  const std::string others = database_.value("SELECT count(*) FROM simsync.sim_change WHERE project = 'other'");
  EXPECT_EQ(store_->forget_history("acme", at(301), 3), 3U + 2U + 3U) << "changes, transitions, walks";
  while (store_->forget_history("acme", at(301), 3) > 0) {
  }
  EXPECT_EQ(oldest("sim_change"), "301") << "what was observed at the bound stays";
  EXPECT_EQ(oldest("esim_profile_transition"), "303");
  EXPECT_EQ(oldest("walk", "finished_at"), "315");
  EXPECT_EQ(database_.value("SELECT s::text FROM simsync.sim s WHERE project = 'acme'"), sim);
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.sim_change WHERE project = 'other'"), others);
  EXPECT_THAT(database_.rows("SELECT project, extract(epoch FROM exact_since - '2026-01-01Z')::int FROM "
                             "simsync.freshness ORDER BY project"),
              ElementsAre("acme|301", "other|25"));
  EXPECT_EQ(store_->forget_history("acme", at(200), 3), 0U);
  EXPECT_EQ(database_.value("SELECT extract(epoch FROM exact_since - '2026-01-01Z')::int FROM simsync.freshness WHERE "
                            "project = 'acme'"),
            "301")
      << "the bound never goes back";
}

TEST_F(ForgetHistory, KeepsTheWalksThatTheDaemonGoesBy) {
  live("acme");
  while (store_->forget_history("acme", at(100000), 1000) > 0) {
  }
  EXPECT_EQ(oldest("walk", "started_at"), "610");
  EXPECT_TRUE(store_->ever_complete("acme"));
  EXPECT_THAT(database_.rows("SELECT change_id FROM simsync.sim_change"), IsEmpty());
  // A SIM that comes now has appeared, which no SIM of the first walk has.
  store_->apply("acme", {read_at(700, plain_sim("sim_2"))});
  EXPECT_EQ(database_.value("SELECT extract(epoch FROM not_before - '2026-01-01Z')::int FROM simsync.sim_change "
                            "WHERE kind = 'appeared'"),
            "610");
}

}  // namespace
}  // namespace simsync
