// kill -9 at any moment: whatever was under way, the next pass makes the mirror true and the history stays unbroken.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

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

  void expect_all_well() {
    scene_.simulator.pause();
    scene_.sync_well();
    scene_.expect_equal();
    scene_.expect_true_history();
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

TEST_F(Killed, FirstSync) {
  for (int round = 0; round < 10; ++round) kill_after({"sync"}, 10, 250);
  expect_all_well();
  EXPECT_EQ(scene_.count("sim"), 2000);
}

// The database's sessions end at any moment instead, also during a commit.
TEST_F(Killed, SessionsInAChangingWorld) {
  scene_.sync_well();
  scene_.simulator.live(300, "status=5,profile=5,metadata=2,create=1,delete=0.05");
  const auto service = scene_.daemon.start({"run"});
  for (int round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds{std::uniform_int_distribution<int>{5, 120}(random_)});
    killed_ += static_cast<int>(scene_.database.end_other_sessions());
  }
  EXPECT_GT(killed_, kRounds / 4);
  EXPECT_TRUE(service->running()) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0) << service->err();
  expect_all_well();
}

}  // namespace
}  // namespace simsync::test
