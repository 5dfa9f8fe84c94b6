// Polls of an API in trouble: when all of it is down it is only probed, when one SIM is odd the others do not notice;
// and polls of two programs at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

class PollFaults : public testing::Test {
 protected:
  PollFaults() { scene_.sync_well(); }

  void start() { service_ = scene_.daemon.start({"run"}); }

  void stop() {
    service_->signal(SIGTERM);
    EXPECT_EQ(service_->finish(seconds{20}).status, 0) << service_->err();
  }

  [[nodiscard]] std::vector<Json> polled_sims() const {
    static const std::set<std::string> providers = {"p3", "p14", "p15"};
    std::vector<Json> sims;
    for (const Json& sim : scene_.simulator.truth()) {
      if (sim.at("type") == "eSIM" && providers.contains(sim.at("provider"))) sims.push_back(sim);
    }
    return sims;
  }

  [[nodiscard]] std::set<std::string> sims_asked() const {
    std::set<std::string> sims;
    for (const AskedSim& asked : scene_.simulator.asked("profile")) sims.insert(asked.sim);
    return sims;
  }

  [[nodiscard]] bool catches_up() const {
    return eventually([&] { return mirror_differences(World{scene_.simulator, "acme"}, scene_.database).empty(); });
  }

  [[nodiscard]] std::string fresh(const std::string& expression) const {
    return scene_.database.value("SELECT " + expression + " FROM simsync.freshness");
  }

  // How often the service has said this.
  [[nodiscard]] std::size_t said(const std::string& what) const {
    const std::string all = service_->err();
    std::size_t times = 0;
    for (std::size_t at = all.find(what); at != std::string::npos; at = all.find(what, at + 1)) ++times;
    return times;
  }

  Scene scene_{{}, [](Settings& settings) {
                 settings = busy(settings);
                 settings.connections = 16;
               }};
  std::unique_ptr<Process> service_;
};

TEST_F(PollFaults, AnApiThatIsDownIsProbedAndNothingIsLost) {
  start();
  ASSERT_TRUE(eventually([&] { return sims_asked().size() > 50; })) << service_->err();
  scene_.simulator.reset_stats();
  scene_.simulator.fault({{"fault", "status"}, {"status", 503}, {"where", "profile"}});
  ASSERT_TRUE(eventually([&] { return said("polls are failing") == 1; })) << service_->err();
  const std::set<std::string> before = sims_asked();
  for (int part = 0; part < 4; ++part) scene_.simulator.change(20, "profile=1");
  ASSERT_TRUE(eventually([&] { return fresh("polls_failing_since IS NOT NULL") == "t"; })) << service_->err();
  EXPECT_NE(fresh("last_poll_error").find("HTTP 503"), std::string::npos) << fresh("last_poll_error");

  // The calls that were under way end. Whoever is asked beside them is a probe; its call sends up to five requests.
  std::set<std::string> probes;
  const auto probed = [&] {
    std::vector<AskedSim> asked = scene_.simulator.asked("profile");
    std::erase_if(asked, [&](const AskedSim& one) { return before.contains(one.sim); });
    for (const AskedSim& one : asked) probes.insert(one.sim);
    return asked.size() >= 3;
  };
  EXPECT_TRUE(eventually(probed)) << service_->err();
  EXPECT_LE(probes.size(), 2U) << "one, and the next if this machine is slow";

  scene_.simulator.clear_faults();
  ASSERT_TRUE(eventually([&] { return said("polls are answered again") == 1; })) << service_->err();
  scene_.simulator.reset_stats();
  EXPECT_TRUE(eventually([&] { return fresh("polls_failing_since IS NULL") == "t"; })) << service_->err();
  EXPECT_TRUE(catches_up()) << service_->err();
  EXPECT_TRUE(eventually([&] { return sims_asked().size() == polled_sims().size(); })) << "all go on";
  EXPECT_EQ(said("polls are failing"), 1U);
  stop();
  scene_.expect_equal();
  scene_.expect_true_history();
}

// The API answers: it has no profile for what is listed as an eSIM, and this of nearly all of them.
TEST_F(PollFaults, ESimsWithoutAProfileDoNotStopTheOthers) {
  std::vector<Json> sims = polled_sims();
  const std::string good = sims.back().at("id");
  sims.pop_back();
  std::set<std::string> odd;
  for (Json& sim : sims) {
    sim.erase("profile");
    scene_.simulator.set(sim.at("id"), {{"type", "pSIM"}, {"raw", sim.dump()}});
    odd.insert(sim.at("id"));
  }
  start();
  const auto asked_well = [&] {
    const std::vector<AskedSim> asked = scene_.simulator.asked("profile");
    return std::ranges::count(asked, good, &AskedSim::sim) >= 4;
  };
  EXPECT_TRUE(eventually(asked_well)) << "it is not asked every second any more: " << service_->err();
  scene_.simulator.set(good, {{"profile", {{"status", "disabled"}, {"updatedAt", "2026-03-01T10:00:00Z"}}}});
  EXPECT_TRUE(eventually([&] {
    return scene_.count("esim_profile", "status = 'disabled' AND sim_id = '" + good + "'") == 1;
  })) << service_->err();
  EXPECT_TRUE(eventually([&] { return said("profile skipped") >= odd.size(); }));
  EXPECT_EQ(fresh("polls_failing_since IS NULL"), "t");
  EXPECT_EQ(said("polls are failing"), 0U);
  for (const std::string& sim : odd) EXPECT_EQ(said("sim=" + sim), 1U) << "asked each second, told of once";
  stop();
  EXPECT_EQ(scene_.count("sim_change", "field = 'type'"), 0);
  scene_.expect_equal({.leave_out = odd});
  scene_.expect_true_history({.leave_out = odd});
}

// A pass beside the service polls the same profiles at the same time.
TEST_F(PollFaults, TwoProgramsAtOnce) {
  scene_.simulator.live(300, "status=2,profile=20,create=0.5,delete=0.05");
  start();
  for (int round = 0; round < 30; ++round) scene_.sync_well();
  EXPECT_TRUE(service_->running()) << service_->err();
  scene_.simulator.pause();
  EXPECT_TRUE(catches_up()) << service_->err();
  stop();
  EXPECT_GT(scene_.count("esim_profile_transition", "from_status IS NOT NULL"), 100);
  scene_.expect_equal();
  scene_.expect_true_history();
}

}  // namespace
}  // namespace simsync::test
