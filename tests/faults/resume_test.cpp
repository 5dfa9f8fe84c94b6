// A walk that is interrupted goes on where it was: little is fetched twice, and what it had seen still counts when it
// decides what is missing.
#include <gtest/gtest.h>

#include <csignal>
#include <random>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

class Resumed : public testing::Test {
 protected:
  void latency(int milliseconds) { scene_.simulator.post("settings", {{"latency_ms", milliseconds}}); }

  // True: it ended by itself.
  bool kill_after(std::chrono::milliseconds life) {
    const auto process = scene_.daemon.start({"sync"});
    if (process->wait_for(life)) return true;
    process->signal(SIGKILL);
    process->finish(std::chrono::seconds{20});
    return false;
  }

  // However long that takes on this machine. True: it ended by itself.
  template <typename Condition>
  bool kill_when(const Condition& condition) {
    const auto process = scene_.daemon.start({"sync"});
    bool ended = false;
    EXPECT_TRUE(eventually([&] { return (ended = !process->running()) || condition(); })) << process->err();
    process->signal(SIGKILL);
    process->finish(std::chrono::seconds{20});
    return ended;
  }

  // Of the walk that is under way, as far as it is stored.
  [[nodiscard]] long stored_pages() const {
    if (scene_.database.value("SELECT to_regclass('simsync.walk') IS NULL") == "t") return 0;
    return scene_.database.number("SELECT coalesce(max(pages), 0) FROM simsync.walk WHERE outcome IS NULL");
  }

  void expect_all_well() {
    scene_.expect_equal({.providers = {}});
    scene_.expect_true_history({.lie = {}});
    EXPECT_EQ(scene_.count("walk", "outcome IS NULL"), 0);
    EXPECT_EQ(scene_.count("walk_progress", "cuts <> '{}'"), 0);
  }

  static constexpr unsigned kSims = 12'000;
  static constexpr unsigned kPages = kSims / 200;
  static constexpr unsigned kSegments = 6;
  Scene scene_{{.projects = {{.sims = kSims}}}, [](Settings& settings) {
                 settings.connections = kSegments;
                 settings.providers = "[]";
               }};
};

TEST_F(Resumed, WhatWasWrittenIsNotFetchedAgain) {
  scene_.sync_well();
  for (int part = 0; part < 4; ++part) scene_.simulator.change(4000, "metadata=1");
  latency(40);
  scene_.simulator.reset_stats();
  unsigned kills = 0;
  while (scene_.count("walk", "outcome = 'complete'") < 2) {
    ASSERT_LT(++kills, 60U) << "it never gets on";
    const long before = stored_pages();
    kill_when([&] { return stored_pages() >= before + 12 || scene_.count("walk", "outcome = 'complete'") == 2; });
  }
  latency(0);
  scene_.sync_well();
  EXPECT_GT(kills, 1U);
  // Of each segment one page that was fetched and not yet written, and one in flight; and half a page at each cut. A
  // pass that has gone on with a walk makes another one.
  EXPECT_LE(scene_.simulator.requests("list"), 2 * (kPages + 2 * kSegments) + kills * 2 * kSegments);
  EXPECT_LE(scene_.count("walk"), 4) << "one may have been killed before anything of it was stored";
  expect_all_well();
}

TEST_F(Resumed, WhatItHadSeenCountsForWhatIsMissing) {
  scene_.sync_well();
  const std::vector<std::string> gone = scene_.simulator.destroy({{"count", 40}});
  latency(200);  // two seconds for a walk: its place is stored once although nothing has changed
  ASSERT_FALSE(kill_when([&] { return scene_.count("walk_progress", "cuts <> '{}'") == 1; }));
  latency(0);
  scene_.simulator.reset_stats();
  scene_.sync_well();
  EXPECT_EQ(scene_.simulator.requests("sim"), gone.size()) << "only what was not seen is asked for";
  EXPECT_EQ(scene_.count("sim", "missing_since IS NOT NULL"), static_cast<long>(gone.size()));
  const long resumed = scene_.database.number("SELECT walk_id FROM simsync.walk ORDER BY walk_id OFFSET 1 LIMIT 1");
  EXPECT_EQ(scene_.count("walk", "outcome = 'complete' AND disappeared = " + std::to_string(gone.size()) +
                                     " AND requests < " + std::to_string(kPages + 3 * kSegments + gone.size()) +
                                     " AND walk_id = " + std::to_string(resumed)),
            1);
  expect_all_well();
}

TEST_F(Resumed, AfterAStopOfTheService) {
  scene_.sync_well();
  scene_.simulator.change(3000, "status=1");
  latency(300);
  for (int round = 0; round < 2; ++round) {
    const auto service = scene_.daemon.start({"run"});
    EXPECT_TRUE(eventually([&] {
      return round == 0 ? scene_.count("walk", "outcome IS NULL") == 1
                        : service->err().find("going on with an interrupted walk") != std::string::npos;
    })) << service->err();
    service->signal(SIGTERM);
    EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
    EXPECT_EQ(scene_.last_walk("coalesce(outcome, 'open') || coalesce(error, '')"), "open") << service->err();
  }
  latency(0);
  scene_.sync_well();
  EXPECT_EQ(scene_.count("walk", "kind = 'full'"), 3) << "the first, the interrupted one, and one of the last pass";
  expect_all_well();
}

// In the middle of a write: one that was idle is made anew without a word.
TEST_F(Resumed, AfterALostDatabase) {
  constexpr char kWaiting[] =
      "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = "
      "'Lock'";
  scene_.sync_well();
  scene_.simulator.change(6000, "metadata=1");
  latency(80);
  const auto service = scene_.daemon.start({"run"});
  long ended = 0;
  for (int round = 0; round < 3; ++round) {
    const long before = stored_pages();
    EXPECT_TRUE(eventually([&] {
      return stored_pages() >= before + 6 || scene_.count("walk", "outcome = 'complete'") == 2;
    })) << service->err();
    const OpenTransaction lock{scene_.database, "LOCK TABLE simsync.walk_progress IN EXCLUSIVE MODE"};
    const auto waits = [&] { return scene_.database.number(std::string{"SELECT count(*) "} + kWaiting) > 0; };
    if (!eventually(waits, std::chrono::seconds{5})) break;  // the walk is over
    ended += scene_.database.number(std::string{"SELECT count(pg_terminate_backend(pid)) "} + kWaiting);
  }
  EXPECT_GT(ended, 0);
  ASSERT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete'") == 2; })) << service->err();
  EXPECT_NE(service->err().find("going on with an interrupted walk"), std::string::npos) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
  scene_.sync_well();
  expect_all_well();
}

TEST_F(Resumed, NotWhileAnotherProcessWalksIt) {
  scene_.sync_well();
  latency(150);
  const auto service = scene_.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return scene_.count("walk_progress", "cuts <> '{}'") == 1; })) << service->err();
  const Outcome outcome = scene_.sync();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(scene_.count("walk", "kind = 'full'"), 3);
  EXPECT_EQ(scene_.last_walk("requests"), scene_.last_walk("pages")) << "a walk of its own, from the head on";
  EXPECT_GE(std::stoul(scene_.last_walk("pages")), kPages);
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
}

TEST_F(Resumed, NotWhenItIsTooOld) {
  scene_.settings.walk_interval = "1s";
  scene_.settings.new_sims_interval = "1s";
  scene_.configure();
  scene_.simulator.set(scene_.simulator.truth()[0].at("id"), {{"status", "retired"}});
  latency(40);
  ASSERT_FALSE(kill_when([&] { return stored_pages() > 0; }));
  latency(0);
  std::this_thread::sleep_for(std::chrono::milliseconds{2100});
  scene_.sync_well();
  EXPECT_EQ(scene_.count("walk", "outcome = 'failed' AND error = 'the program ended before the walk did'"), 1);
  expect_all_well();
}

// The world, the API and the program's life at their worst, and the list in many segments.
TEST_F(Resumed, ThroughEverythingAtOnce) {
  scene_.settings.connections = 32;
  scene_.configure();
  scene_.sync_well();
  scene_.simulator.live(400, "status=5,metadata=5,create=2,delete=0.3");
  for (const char* fault : {"reset", "close", "truncate", "half_json", "html", "gone_cursor", "empty_page",
                            "duplicate_item", "repeat_cursor"}) {
    scene_.simulator.fault({{"fault", fault}, {"where", "list"}, {"probability", 0.01}});
  }
  scene_.simulator.fault(
      {{"fault", "status"}, {"status", 503}, {"retry_after", "0"}, {"where", "list"}, {"probability", 0.02}});
  std::mt19937 random{std::random_device{}()};
  for (int round = 0; round < 15; ++round) {
    kill_after(std::chrono::milliseconds{std::uniform_int_distribution<int>{50, 500}(random)});
  }
  scene_.simulator.pause();
  scene_.simulator.clear_faults();
  scene_.sync_well();
  expect_all_well();
}

}  // namespace
}  // namespace simsync::test
