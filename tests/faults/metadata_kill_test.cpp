// Thousands of metadata requests while the API fails and the service is killed: each is applied exactly as asked or
// failed with a reason, and no key of anybody else's is lost.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/faults/metadata_life.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

constexpr int kRounds = 15;
constexpr int kRequestsARound = 670;
constexpr int kForeignARound = 20;

unsigned seed_of_run() {
  const char* given = std::getenv("SIMSYNC_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
}

class KilledWriting : public testing::Test {
 protected:
  KilledWriting() { std::cout << "SIMSYNC_TEST_SEED=" << seed_ << '\n'; }

  // A change of a key of ours is known as our own, and one of theirs is not.
  void expect_true_origins() {
    for (const DatabaseRow& row : scene_.database.rows("SELECT old_value, new_value, origin, sim_id, change_id "
                                                       "FROM simsync.sim_change WHERE field = 'metadata'")) {
      const Json before = Json::parse(*row[0]);
      const Json after = Json::parse(*row[1]);
      const bool theirs = before.value("theirs", Json{}) != after.value("theirs", Json{});
      EXPECT_EQ(row[2].has_value(), !theirs)
          << *row[3] << ", change " << *row[4] << ": " << *row[0] << " to " << *row[1];
    }
  }

  const unsigned seed_ = seed_of_run();
  std::mt19937 random_{seed_};
  Scene scene_{{.projects = {{.sims = 1500}}, .seed = 13}, [](Settings& settings) {
                 settings = busy(settings);
                 settings.connections = 8;
                 settings.timeout = "1s";
               }};
  MetadataLife life_{scene_.simulator, scene_.database, seed_};
};

TEST_F(KilledWriting, MetadataThroughFaults) {
  scene_.sync_well();
  for (const char* fault : {"reset", "close", "truncate", "half_json"}) {
    scene_.simulator.fault({{"fault", fault}, {"where", "sim"}, {"probability", 0.01}});
  }
  for (const int status : {500, 503}) {
    for (const bool applied : {false, true}) {
      scene_.simulator.fault(
          {{"fault", "status"}, {"where", "update"}, {"status", status}, {"applied", applied}, {"probability", 0.01}});
    }
  }
  scene_.simulator.fault({{"fault", "status"}, {"where", "update"}, {"status", 429}, {"probability", 0.005}});
  scene_.simulator.fault({{"fault", "status"}, {"where", "update"}, {"status", 400}, {"probability", 0.01}});
  scene_.simulator.fault({{"fault", "hang"}, {"seconds", 0.3}, {"where", "update"}, {"probability", 0.01}});
  for (int round = 0; round < kRounds; ++round) {
    life_.ask(kRequestsARound);
    life_.meddle(kForeignARound);
    const auto service = scene_.daemon.start({"run"});
    service->wait_for(std::chrono::milliseconds{250 + static_cast<int>(random_() % 900)});
    service->signal(SIGKILL);
    service->finish(std::chrono::seconds{20});
  }
  const auto service = scene_.daemon.start({"run"});
  EXPECT_TRUE(
      eventually([&] { return scene_.count("metadata_request", "state = 'pending'") == 0; }, std::chrono::minutes{3}))
      << service->err();
  for (const std::uint64_t fired : scene_.simulator.fired()) EXPECT_GT(fired, 0U);
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0) << service->err();
  EXPECT_EQ(scene_.count("metadata_request"), kRounds * kRequestsARound);
  EXPECT_EQ(scene_.count("metadata_request", "state = 'conflict'"), 0);
  EXPECT_EQ(scene_.count("metadata_request", "state = 'failed' AND error NOT LIKE '%HTTP 400%'"), 0);
  EXPECT_GT(scene_.count("metadata_request", "state = 'failed'"), 0);
  EXPECT_GT(scene_.count("metadata_request", "attempts > 1"), 10);
  EXPECT_GT(life_.foreign(), 10U);
  scene_.simulator.clear_faults();
  scene_.sync_well();
  const Differences faults = life_.faults();
  EXPECT_TRUE(faults.empty()) << listed(faults);
  expect_true_origins();
  scene_.expect_equal();
  scene_.expect_true_history();
}

}  // namespace
}  // namespace simsync::test
