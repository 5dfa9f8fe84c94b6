// A mass disappearance is held back, told once, and carried out once when an operator approves it.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

class Approve : public testing::Test {
 protected:
  Approve() { scene_.sync_well(); }

  [[nodiscard]] long missing() const { return scene_.count("sim", "missing_since IS NOT NULL"); }
  [[nodiscard]] long alerts() const { return scene_.count("alert", "type = 'simsync.mass_disappearance'"); }
  Outcome approve(const std::string& walk) { return scene_.daemon.run({"approve", walk}); }
  void expect_held_back(long sims) {
    EXPECT_EQ(scene_.sync().status, 1);
    EXPECT_EQ(scene_.last_walk("held_back"), std::to_string(sims));
  }

  Scene scene_{{.projects = {{.sims = 500}}}};
};

TEST_F(Approve, LetsItPassOnce) {
  scene_.simulator.destroy({{"count", 50}});
  expect_held_back(50);
  const std::string walk = scene_.last_walk("walk_id");
  expect_held_back(50);
  EXPECT_EQ(alerts(), 1) << "the same episode";
  EXPECT_EQ(scene_.database.value("SELECT body->>'held_back' FROM simsync.alert"), "50");
  const Outcome approved = approve(walk);
  EXPECT_EQ(approved.status, 0) << approved.err;
  EXPECT_EQ(approve(walk).status, 0) << "saying so again changes nothing";
  EXPECT_EQ(missing(), 0);
  scene_.sync_well();
  EXPECT_EQ(missing(), 50);
  scene_.simulator.destroy({{"count", 40}});
  expect_held_back(40);
  EXPECT_EQ(missing(), 50);
  EXPECT_EQ(alerts(), 2);
  const Outcome late = approve(walk);
  EXPECT_EQ(late.status, 1);
  EXPECT_EQ(late.err,
            "simsyncd: walk " + walk + " is settled: a later walk was complete; nothing is held back any more\n");
  scene_.expect_true_history({.lie = {}, .left_out_at_first = false, .leave_out = {}});
}

TEST_F(Approve, AllowsNoMoreThanWasHeldBack) {
  scene_.simulator.destroy({{"count", 50}});
  expect_held_back(50);
  ASSERT_EQ(approve(scene_.last_walk("walk_id")).status, 0);
  scene_.simulator.fault({{"fault", "empty_list"}, {"where", "list"}});
  EXPECT_EQ(scene_.sync().status, 1);
  EXPECT_EQ(scene_.last_walk("held_back"), "500");
  EXPECT_EQ(missing(), 0);
  scene_.simulator.clear_faults();
  scene_.sync_well();
  EXPECT_EQ(missing(), 50);
  scene_.expect_equal();
}

TEST_F(Approve, SaysWhatItCannotApprove) {
  const Outcome nothing = approve(scene_.last_walk("walk_id"));
  EXPECT_EQ(nothing.status, 1);
  EXPECT_NE(nothing.err.find("held nothing back"), std::string::npos) << nothing.err;
  const Outcome unknown = approve("999999");
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.err.find("there is no walk 999999"), std::string::npos) << unknown.err;
  EXPECT_EQ(approve("many").status, 2);
  EXPECT_EQ(scene_.daemon.run({"approve"}).status, 2);
}

// What somebody else did to the table is noticed: by count in the running service, wholly by --verify.
TEST_F(Approve, VerifyComparesEverything) {
  scene_.database.run("UPDATE simsync.sim SET status = 'lost' WHERE sim_id = (SELECT min(sim_id) FROM simsync.sim)");
  const Outcome outcome = scene_.daemon.run({"sync", "--verify"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(scene_.last_walk("changed"), "1");
  scene_.expect_equal();
}

TEST_F(Approve, ARowDeletedByHandComesBack) {
  scene_.settings = busy(scene_.settings);
  scene_.configure();
  const auto service = scene_.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete' AND kind = 'full'") >= 2; }));
  scene_.database.run("DELETE FROM simsync.sim WHERE sim_id = (SELECT min(sim_id) FROM simsync.sim)");
  EXPECT_TRUE(eventually([&] { return scene_.count("sim") == 500; })) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
}

}  // namespace
}  // namespace simsync::test
