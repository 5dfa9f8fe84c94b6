// kill -9 at any moment: whatever was under way, the next pass makes the mirror true and the history stays unbroken.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

constexpr int kRounds = 25;

// SIMSYNC_TEST_SEED repeats a run; the world's own changes come as fast as the machine makes them.
unsigned seed_of_run() {
  const char* given = std::getenv("SIMSYNC_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
}

class Killed : public testing::Test {
 protected:
  Killed() { std::cout << "SIMSYNC_TEST_SEED=" << seed_ << '\n'; }

  void kill_after(const std::vector<std::string>& command, int least, int most) {
    const auto process = scene_.daemon.start(command);
    const std::chrono::milliseconds life{std::uniform_int_distribution<int>{least, most}(random_)};
    if (process->wait_for(life)) return;  // it was done before
    process->signal(SIGKILL);
    process->finish(std::chrono::seconds{20});
    ++killed_;
  }

  void live(Process& process, int least, int most) {
    process.wait_for(std::chrono::milliseconds{std::uniform_int_distribution<int>{least, most}(random_)});
  }

  // Of each polled SIM, as the API says it now.
  void expect_last_transitions() const {
    const std::vector<DatabaseRow> rows = scene_.database.rows(
        "SELECT DISTINCT ON (sim_id) sim_id, to_status, (extract(epoch FROM reported_at) * 1000000)::bigint "
        "FROM simsync.esim_profile_transition ORDER BY sim_id, transition_id DESC");
    std::map<std::string, std::string> last;
    for (const DatabaseRow& row : rows) last[*row[0]] = *row[1] + " of " + *row[2];
    const std::set<std::string> providers = {"p3", "p14", "p15"};
    const World world{scene_.simulator, "acme"};
    for (const auto& [id, sim] : world.sims()) {
      if (!sim.profile || !providers.contains(sim.fields.at("provider"))) continue;
      EXPECT_EQ(last[id], sim.profile->status + " of " + std::to_string(sim.profile->updated_at)) << id;
    }
  }

  void expect_all_well(const HistoryRules& rules = {}) {
    scene_.simulator.pause();
    scene_.simulator.clear_faults();
    scene_.sync_well();
    scene_.expect_equal();
    scene_.expect_true_history(rules);
    EXPECT_EQ(scene_.count("walk", "outcome IS NULL"), 0) << "what a killed one left open is closed";
    EXPECT_EQ(scene_.last_walk("outcome"), "complete");
  }

  const unsigned seed_ = seed_of_run();
  std::mt19937 random_{seed_};
  int killed_ = 0;
  Scene scene_{{.projects = {{.sims = 2000}}, .seed = 11}, [](Settings& settings) {
                 settings = busy(settings);
                 settings.connections = 8;
               }};
};

TEST_F(Killed, ServiceInAChangingWorld) {
  scene_.sync_well();
  scene_.simulator.live(300, "status=5,profile=5,metadata=2,create=1,delete=0.05");
  for (int round = 0; round < kRounds; ++round) kill_after({"run"}, 50, 400);
  EXPECT_EQ(killed_, kRounds);
  expect_all_well();
  EXPECT_GT(scene_.count("sim_change"), 100);
}

// Little but polls, many of them answered badly; some of the killed were asked to stop just before, and were writing
// what they had left to tell.
TEST_F(Killed, ServiceThatPollsThroughFaults) {
  scene_.settings.timeout = "1s";
  scene_.configure();
  scene_.sync_well();
  scene_.simulator.live(400, "status=1,profile=40,create=0.5,delete=0.05");
  for (const char* fault : {"reset", "close", "truncate", "half_json", "wrong_object", "unknown_status"}) {
    scene_.simulator.fault({{"fault", fault}, {"where", "profile"}, {"probability", 0.02}});
  }
  scene_.simulator.fault({{"fault", "status"}, {"where", "profile"}, {"probability", 0.02}});
  scene_.simulator.fault({{"fault", "hang"}, {"seconds", 0.3}, {"where", "profile"}, {"probability", 0.01}});
  for (int round = 0; round < kRounds; ++round) {
    const auto service = scene_.daemon.start({"run"});
    live(*service, 300, 1200);
    if (round % 3 == 0) {
      service->signal(SIGTERM);
      live(*service, 0, 60);
    }
    service->signal(SIGKILL);
    service->finish(std::chrono::seconds{20});
  }
  for (const std::uint64_t fired : scene_.simulator.fired()) EXPECT_GT(fired, 0U);
  expect_all_well({.lie = [](const std::string&, const std::string& value) { return value == "suspended"; }});
  EXPECT_GT(scene_.count("esim_profile_transition", "from_status IS NOT NULL"), 1000);
  expect_last_transitions();
}

// Long enough to write confirmations, while the database goes away now and then, and killed at any moment of that.
TEST_F(Killed, ServiceThatConfirms) {
  scene_.sync_well();
  scene_.simulator.live(400, "status=1,profile=40,create=0.5,delete=0.05");
  for (int round = 0; round < 3; ++round) {
    const auto service = scene_.daemon.start({"run"});
    for (int part = 0; part < 4; ++part) {
      live(*service, 1300, 1700);
      EXPECT_GT(scene_.database.end_other_sessions(), 0);
    }
    service->signal(SIGKILL);
    service->finish(std::chrono::seconds{20});
  }
  expect_all_well();
  expect_last_transitions();
}

TEST_F(Killed, FirstSync) {
  for (int round = 0; round < 10; ++round) kill_after({"sync"}, 10, 250);
  expect_all_well();
  EXPECT_EQ(scene_.count("sim"), 2000);
}

// The database's sessions end at any moment instead, also during a commit. Never before the service has begun: one that
// loses its database while it looks at the schema ends with 4 and leaves the rest to systemd.
TEST_F(Killed, SessionsInAChangingWorld) {
  scene_.sync_well();
  scene_.simulator.live(300, "status=5,profile=5,metadata=2,create=1,delete=0.05");
  const auto service = scene_.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return scene_.count("service_run", "kind = 'run'") > 0; })) << service->err();
  for (int round = 0; killed_ < kRounds && round < 20 * kRounds; ++round) {
    live(*service, 5, 120);
    killed_ += static_cast<int>(scene_.database.end_other_sessions());
  }
  EXPECT_GE(killed_, kRounds);
  EXPECT_TRUE(service->running()) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0) << service->err();
  expect_all_well();
}

// The same while nearly all that is written comes from polls, of a program that keeps what it knows of profiles.
TEST_F(Killed, SessionsWhilePollingHeavily) {
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "5s";
  scene_.configure();
  scene_.sync_well();
  scene_.simulator.live(600, "status=1,profile=60");
  const auto service = scene_.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return scene_.count("service_run", "kind = 'run'") > 0; })) << service->err();
  const auto transitions = [&] { return scene_.count("esim_profile_transition", "from_status IS NOT NULL"); };
  for (int round = 0; killed_ < kRounds && round < 20 * kRounds; ++round) {
    live(*service, 5, 300);
    killed_ += static_cast<int>(scene_.database.end_other_sessions());
  }
  EXPECT_GE(killed_, kRounds);
  const long before = transitions();
  EXPECT_TRUE(eventually([&] { return transitions() > before + 100; })) << service->err();
  scene_.simulator.pause();
  EXPECT_TRUE(eventually([&] {
    return mirror_differences(World{scene_.simulator, "acme"}, scene_.database).empty();
  })) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0) << service->err();
  scene_.expect_true_history();
  expect_last_transitions();
  expect_all_well();
}

}  // namespace
}  // namespace simsync::test
