// The service's polls: who enters and leaves the schedule, what a 404 means, what a restart asks again, and what is
// said of a budget that is too small. Judged by what the simulator was asked, where that can be.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr Micros kSecond = 1'000'000;

class Polling : public testing::Test {
 protected:
  Polling() {
    scene_.sync_well();
    for (const Json& sim : scene_.simulator.truth()) {
      if (is_polled(sim) && sim.at("status") != "retired" && sim.at("profile").at("status") != "deleted") {
        steady_.push_back(sim.at("id"));
      }
    }
    other_ = steady_.back();
  }

  static bool is_polled(const Json& sim) {
    static const std::set<std::string> providers = {"p3", "p14", "p15"};
    return sim.at("type") == "eSIM" && providers.contains(sim.at("provider"));
  }

  void start() {
    scene_.configure();
    scene_.simulator.reset_stats();
    service_ = scene_.daemon.start({"run"});
  }

  void stop() {
    service_->signal(SIGTERM);
    EXPECT_EQ(service_->finish(seconds{20}).status, 0) << service_->err();
  }

  // The first SIM of its kind.
  [[nodiscard]] std::string sim_like(const std::string& type, const std::string& provider) const {
    for (const Json& sim : scene_.simulator.truth()) {
      if (sim.at("type") == type && sim.at("provider") == provider && sim.at("status") != "retired")
        return sim.at("id");
    }
    throw std::runtime_error("no " + type + " of " + provider);
  }

  [[nodiscard]] std::size_t times_asked(const std::string& endpoint, const std::string& sim) const {
    const std::vector<AskedSim> asked = scene_.simulator.asked(endpoint);
    return static_cast<std::size_t>(std::ranges::count(asked, sim, &AskedSim::sim));
  }

  // It is asked for, by requests since reset_stats().
  [[nodiscard]] bool enters(const std::string& sim) const {
    return eventually([&] { return times_asked("profile", sim) > 0; });
  }

  // Another one is asked several times and it is not.
  [[nodiscard]] bool leaves(const std::string& sim) const {
    return eventually([&] {
      int turns = 0;
      for (const AskedSim& asked : scene_.simulator.asked("profile")) {
        if (asked.sim == sim) turns = 0;
        if (asked.sim == other_) ++turns;
      }
      return turns >= 4;
    });
  }

  [[nodiscard]] std::string mirrored(const std::string& column, const std::string& sim) const {
    return scene_.database.value("SELECT " + column + " FROM simsync.sim WHERE sim_id = $1", {sim});
  }

  [[nodiscard]] std::string fresh(const std::string& expression) const {
    return scene_.database.value("SELECT " + expression + " FROM simsync.freshness");
  }

  [[nodiscard]] bool says(const std::string& what) const { return service_->err().find(what) != std::string::npos; }

  Scene scene_{{}, [](Settings& settings) {
                 settings = busy(settings);
                 settings.retired_interval = "1h";
                 settings.connections = 8;
               }};
  std::vector<std::string> steady_;  // polled, neither retired nor deleted
  std::string other_;                // one of them that nobody touches
  std::unique_ptr<Process> service_;
};

TEST_F(Polling, FollowsProviderAndTypeOfASim) {
  std::set<std::string> allowed;
  for (const Json& sim : scene_.simulator.truth()) {
    if (is_polled(sim)) allowed.insert(sim.at("id"));
  }
  const std::string leaver = steady_[0];
  const std::string to_psim = steady_[1];
  const std::string comer = sim_like("eSIM", "p9");
  const std::string to_esim = sim_like("pSIM", "p3");
  allowed.insert({comer, to_esim});
  start();
  ASSERT_TRUE(enters(leaver));
  ASSERT_TRUE(leaves(comer)) << "it never was among them";

  scene_.simulator.set(leaver, {{"provider", "p9"}});
  scene_.simulator.set(to_psim, {{"type", "pSIM"}});
  scene_.simulator.set(comer, {{"provider", "p3"}});
  scene_.simulator.set(to_esim, {{"type", "eSIM"}});
  EXPECT_TRUE(enters(comer)) << service_->err();
  EXPECT_TRUE(enters(to_esim)) << service_->err();
  EXPECT_TRUE(leaves(leaver)) << service_->err();
  EXPECT_TRUE(leaves(to_psim)) << service_->err();

  scene_.simulator.reset_stats();
  scene_.simulator.set(leaver, {{"provider", "p14"}});
  EXPECT_TRUE(enters(leaver)) << service_->err();
  for (const AskedSim& asked : scene_.simulator.asked("profile")) {
    EXPECT_TRUE(allowed.contains(asked.sim)) << asked.sim << " is no eSIM of the providers";
  }
  stop();
  EXPECT_FALSE(says("polls are failing"));
  scene_.expect_equal();
  scene_.expect_true_history();
}

// The simulator brings no SIM back to life. To the daemon one is gone that another takes the place of in lists, and
// whose own resource is a 404; its profile would answer all the while.
TEST_F(Polling, ASimThatVanishesLeavesAndEntersWhenItReturns) {
  const std::string vanished = steady_[2];
  const std::string deleted = steady_[3];
  Json twin;
  for (const Json& sim : scene_.simulator.truth()) {
    if (sim.at("id") == other_) twin = sim;
  }
  twin.erase("profile");
  start();
  scene_.simulator.destroy({{"sims", {deleted}}});
  ASSERT_TRUE(eventually([&] { return mirrored("missing_since IS NOT NULL", deleted) == "t"; })) << service_->err();
  EXPECT_TRUE(leaves(deleted)) << service_->err();

  scene_.simulator.fault({{"fault", "status"}, {"status", 404}, {"where", "sim"}});
  scene_.simulator.set(vanished, {{"raw", twin.dump()}});
  ASSERT_TRUE(eventually([&] { return mirrored("missing_since IS NOT NULL", vanished) == "t"; })) << service_->err();
  EXPECT_TRUE(leaves(vanished)) << service_->err();

  scene_.simulator.reset_stats();
  scene_.simulator.clear_faults();
  scene_.simulator.set(vanished, {{"raw", nullptr}});
  EXPECT_TRUE(enters(vanished)) << service_->err();
  EXPECT_EQ(mirrored("missing_since IS NULL", vanished), "t");
  EXPECT_EQ(scene_.count("sim_change", "kind = 'reappeared' AND sim_id = '" + vanished + "'"), 1);
  stop();
  scene_.expect_equal();
  scene_.expect_true_history({.leave_out = {vanished}});
}

TEST_F(Polling, ARetiredSimIsLeftInPeaceUntilItIsActivated) {
  const std::string sim = steady_[4];
  start();
  ASSERT_TRUE(enters(sim));
  scene_.simulator.set(sim, {{"status", "retired"}});
  EXPECT_TRUE(leaves(sim)) << service_->err();
  EXPECT_EQ(mirrored("status", sim), "retired");
  scene_.simulator.reset_stats();
  scene_.simulator.set(sim, {{"status", "active"}});
  EXPECT_TRUE(enters(sim)) << service_->err();
  stop();
}

// ---- 404

TEST_F(Polling, A404OfWhatIsNoESimAnyMoreIsSettledBeforeTheNextWalk) {
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "1h";
  const std::string sim = steady_[5];
  start();
  ASSERT_TRUE(enters(sim));
  scene_.simulator.set(sim, {{"type", "pSIM"}});
  EXPECT_TRUE(eventually([&] { return mirrored("type", sim) == "pSIM"; })) << service_->err();
  EXPECT_TRUE(leaves(sim)) << service_->err();
  EXPECT_EQ(times_asked("sim", sim), 1U);
  EXPECT_EQ(scene_.count("sim_change",
                         "field = 'type' AND old_value = 'eSIM' AND new_value = 'pSIM' AND sim_id = '" + sim + "'"),
            1);
  EXPECT_EQ(scene_.count("walk"), 2) << "the one before, and that of the start";
  stop();
  scene_.expect_equal();
  scene_.expect_true_history();
}

// The walker knows what it read itself; what a poll stored in between must not pass for that.
TEST_F(Polling, TheWalkAfterASettled404MirrorsASimThatIsAsItWasBefore) {
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "4s";
  const std::string sim = steady_[5];
  start();
  const long walks = scene_.count("walk", "outcome = 'complete'");
  ASSERT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete'") > walks; })) << service_->err();
  scene_.simulator.set(sim, {{"type", "pSIM"}});
  ASSERT_TRUE(eventually([&] { return mirrored("type", sim) == "pSIM"; })) << service_->err();
  scene_.simulator.set(sim, {{"type", "eSIM"}});
  EXPECT_TRUE(eventually([&] { return mirrored("type", sim) == "eSIM"; }, seconds{20})) << "no walk noticed";
  scene_.simulator.reset_stats();
  EXPECT_TRUE(enters(sim)) << service_->err();
  stop();
  scene_.expect_equal();
  scene_.expect_true_history();
}

TEST_F(Polling, A404OfASimThatIsGoneIsLeftToTheNextWalk) {
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "1h";
  const std::string sim = steady_[6];
  start();
  ASSERT_TRUE(enters(sim));
  scene_.simulator.destroy({{"sims", {sim}}});
  EXPECT_TRUE(eventually([&] { return times_asked("sim", sim) >= 2; })) << service_->err();
  EXPECT_EQ(mirrored("missing_since IS NULL", sim), "t") << "only a complete walk finds a SIM missing";
  stop();
  EXPECT_FALSE(says("polls are failing")) << service_->err();
  scene_.sync_well();
  EXPECT_EQ(mirrored("missing_since IS NOT NULL", sim), "t");
  scene_.expect_equal();
  scene_.expect_true_history();
}

// ---- over a restart

class PollingAgain : public Polling {
 protected:
  // By SIM: how much older its last_polled_at is than the last but one of its polls that were answered. The very last
  // may have been under way when the program ended.
  [[nodiscard]] std::vector<Micros> lags() const {
    std::map<std::string, std::vector<Micros>> polls;
    for (const AskedSim& asked : scene_.simulator.asked("profile")) {
      if (asked.status == 200) polls[asked.sim].push_back(asked.at);
    }
    std::vector<Micros> all;
    for (const DatabaseRow& row : scene_.database.rows(kPolled)) {
      const std::vector<Micros>& times = polls[*row[0]];
      if (times.size() >= 2) all.push_back(times[times.size() - 2] - std::stoll(*row[1]));
    }
    return all;
  }

  [[nodiscard]] Micros last_stored() const {
    return scene_.database.number(
        "SELECT (extract(epoch FROM max(last_polled_at)) * 1000000)::bigint FROM simsync.esim_profile");
  }

  // For so long it has polled and not told the database.
  [[nodiscard]] bool has_untold(Micros length) const {
    return eventually([&] {
      const std::vector<AskedSim> asked = scene_.simulator.asked("profile");
      return !asked.empty() && asked.back().at - std::max(asked.front().at, last_stored()) > length;
    });
  }

  static constexpr char kPolled[] =
      "SELECT sim_id, (extract(epoch FROM last_polled_at) * 1000000)::bigint FROM simsync.esim_profile";
};

TEST_F(PollingAgain, WhatWasPolledLatelyIsNotAskedAgain) {
  const Micros before = last_stored();
  start();
  ASSERT_TRUE(eventually([&] { return last_stored() > before; })) << "unchanged profiles are confirmed all the time";
  ASSERT_TRUE(has_untold(3 * kSecond));
  service_->signal(SIGKILL);
  service_->finish(seconds{20});
  std::vector<Micros> all = lags();
  ASSERT_GE(all.size(), steady_.size());
  EXPECT_LT(*std::ranges::max_element(all), 8 * kSecond) << "some seconds are lost by kill -9, no more";

  start();
  ASSERT_TRUE(has_untold(3 * kSecond));
  stop();
  all = lags();
  ASSERT_GE(all.size(), steady_.size());
  EXPECT_LT(*std::ranges::max_element(all), kSecond) << "all was told when it was asked to stop";

  scene_.settings.poll_interval = scene_.settings.recent_interval = "1h";
  const std::vector<std::string> born = scene_.simulator.create({{"count", 3}, {"type", "eSIM"}, {"provider", "p3"}});
  start();
  const long walks = scene_.count("walk", "outcome = 'complete'");
  const auto polled = [&] {
    return std::ranges::all_of(
        born, [&](const std::string& sim) { return scene_.count("esim_profile", "sim_id = '" + sim + "'") == 1; });
  };
  EXPECT_TRUE(eventually(polled)) << service_->err();
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete'") >= walks + 3; }));
  EXPECT_EQ(scene_.simulator.requests("profile"), born.size()) << "those that are new";
  stop();
  scene_.expect_equal();
  scene_.expect_true_history();
}

// ---- a budget that is too small

TEST_F(Polling, ABudgetThatIsTooSmallIsToldOnce) {
  scene_.settings.requests_per_second = 20;
  scene_.settings.quiet_interval = scene_.settings.retired_interval = "1s";
  scene_.settings.new_sims_interval = scene_.settings.walk_interval = "2s";
  start();
  const auto states = [&] { return fresh("coalesce(polls_as_of::text, '')"); };
  ASSERT_TRUE(eventually([&] { return scene_.count("poll_state") == 1; })) << service_->err();
  const long profiles = scene_.count("esim_profile");
  EXPECT_EQ(fresh("profiles"), std::to_string(profiles)) << "the first it says is no guess";
  const std::string first = states();
  const long walks = scene_.count("walk", "outcome = 'complete'");
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete'") > walks + 1; }))
      << "walks go on beside the polls: " << service_->err();
  ASSERT_TRUE(eventually([&] { return states() != first; })) << service_->err();

  EXPECT_EQ(fresh("profiles"), std::to_string(profiles));
  EXPECT_EQ(fresh("polls_needed_per_second"), std::to_string(profiles)) << "each once a second";
  EXPECT_EQ(fresh("profiles_overdue > 0 AND poll_lag > interval '1 second'"), "t");
  EXPECT_EQ(fresh("polls_failing_since IS NULL"), "t");
  const Outcome status = scene_.daemon.run({"status", "--output", "json"});
  ASSERT_EQ(status.status, 0) << status.err;
  EXPECT_EQ(std::to_string(Json::parse(status.out).at(0).at("profiles_due").get<long>()), fresh("profiles_overdue"));
  stop();

  std::vector<std::string> told;
  for (const std::string& line : service_->finish(seconds{1}).err_lines()) {
    if (line.find("requests_per_second_needed") != std::string::npos) told.push_back(line);
  }
  ASSERT_EQ(told.size(), 1U) << service_->err();
  const double needed = static_cast<double>(profiles) / 0.8;
  const std::size_t at =
      told[0].find("requests_per_second_needed=") + std::string{"requests_per_second_needed="}.size();
  EXPECT_NEAR(std::stod(told[0].substr(at)), needed, 1) << told[0];
}

}  // namespace
}  // namespace simsync::test
