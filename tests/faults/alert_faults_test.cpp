// What is recorded is announced: whatever dies between the change and the receiver, no alert is lost, and what is told
// twice has the same id and says the same.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>

#include "tests/support/alert_scene.h"
#include "tests/support/compare.h"
#include "tests/support/private_server.h"

namespace simsync::test {
namespace {

constexpr char kAtOnce[] = "  group_wait: 0s\n  repeat_after: 1s\n";

class AlertFaults : public testing::Test {
 protected:
  void start() { service_ = alerts_.scene.daemon.start({"run"}); }
  void kill() {
    service_->signal(SIGKILL);
    service_->finish(std::chrono::seconds{20});
  }
  void stop() {
    // Before it says so, a signal ends it like any program.
    EXPECT_TRUE(eventually([&] { return service_->err().find("started") != std::string::npos; }));
    service_->signal(SIGTERM);
    EXPECT_EQ(service_->wait_for(std::chrono::seconds{10}), std::optional<int>{0}) << service_->err();
  }

  [[nodiscard]] long alerts() const { return alerts_.scene.count("alert"); }
  [[nodiscard]] bool all_told() const {
    return alerts() > 0 && alerts_.scene.count("alert_delivery", "state <> 'delivered'") == 0;
  }

  // One body for each id, and as many alerts told as there are.
  void expect_told_right() const {
    std::map<std::string, std::string> bodies;
    for (const ReceivedHook& hook : alerts_.receiver.received()) {
      EXPECT_EQ(bodies.emplace(hook.id, hook.body).first->second, hook.body) << hook.id;
    }
    EXPECT_EQ(alerts_.alerts_told(), static_cast<std::uint64_t>(alerts()));
  }

  void disable_one() { alerts_.set_profile(enabled_.at(disabled_++), "disabled"); }

  AlertScene alerts_{300, kHook, kAnyTransition, kAtOnce};
  std::vector<std::string> enabled_ = alerts_.with_profile("enabled");
  std::size_t disabled_ = 0;
  std::unique_ptr<Process> service_;
};

TEST_F(AlertFaults, KilledBetweenCommitAndDelivery) {
  alerts_.scene.sync_well();
  alerts_.receiver.down();
  start();
  disable_one();
  ASSERT_TRUE(eventually([&] { return alerts() == 1; })) << service_->err();
  kill();
  alerts_.receiver.up();
  start();
  EXPECT_TRUE(eventually([&] { return all_told(); })) << service_->err();
  stop();
  expect_told_right();
}

TEST_F(AlertFaults, KilledBetweenDeliveryAndItsRecord) {
  alerts_.scene.sync_well();
  std::atomic<bool> killed{false};
  start();
  // By its id: service_ is this thread's, the answer is another's.
  alerts_.receiver.answer([&, id = service_->id()](const ReceivedHook&) {
    if (!killed.exchange(true)) ::kill(id, SIGKILL);  // it has been told, and cannot write that down any more
    return 204;
  });
  disable_one();
  ASSERT_TRUE(eventually([&] { return killed.load(); })) << service_->err();
  service_->finish(std::chrono::seconds{20});
  EXPECT_FALSE(all_told());
  start();
  EXPECT_TRUE(eventually([&] { return all_told(); })) << service_->err();
  stop();
  ASSERT_EQ(alerts_.receiver.received().size(), 2U);
  EXPECT_EQ(alerts_.receiver.received()[0].id, alerts_.receiver.received()[1].id);
  expect_told_right();
}

TEST_F(AlertFaults, AReceiverThatFailsIsTriedUntilItTakesIt) {
  alerts_.scene.sync_well();
  int requests = 0;
  alerts_.receiver.answer([&](const ReceivedHook&) {
    ++requests;
    return requests == 1 ? 500 : requests == 2 ? 429 : 204;
  });
  start();
  disable_one();
  EXPECT_TRUE(eventually([&] { return all_told(); })) << service_->err();
  stop();
  EXPECT_GE(alerts_.receiver.received().size(), 3U);
  expect_told_right();
}

TEST_F(AlertFaults, DatabaseSessionsEndWhileAlertsAreTold) {
  alerts_.scene.sync_well();
  // The database belongs to this thread: it ends the sessions while the receiver waits for that with its answer.
  std::atomic<int> told{0};
  std::atomic<bool> wanted{false};
  alerts_.receiver.answer([&](const ReceivedHook&) {
    if (++told % 2 == 1) {
      wanted = true;
      eventually([&] { return !wanted; }, std::chrono::seconds{5});
    }
    return 204;
  });
  int ended = 0;
  const auto ending_sessions = [&](const auto& condition) {
    if (wanted) {
      alerts_.scene.database.run(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
          "pg_backend_pid()");
      ++ended;
      wanted = false;
    }
    return condition();
  };
  start();
  for (int i = 0; i < 8; ++i) {
    disable_one();
    EXPECT_TRUE(eventually([&] { return ending_sessions([&] { return alerts() == i + 1; }); })) << service_->err();
  }
  EXPECT_TRUE(eventually([&] { return ending_sessions([&] { return all_told(); }); })) << service_->err();
  EXPECT_GE(ended, 3);
  stop();
  expect_told_right();
}

// Everything at once: a world that moves, a receiver that fails half the time, and kill -9.
TEST_F(AlertFaults, KilledAtAnyMoment) {
  const char* given = std::getenv("SIMSYNC_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  std::cout << "SIMSYNC_TEST_SEED=" << seed << '\n';
  std::mt19937 random{seed};
  alerts_.scene.sync_well();
  std::mutex mutex;
  std::mt19937 answers{seed + 1};
  alerts_.receiver.answer([&](const ReceivedHook&) {
    const std::lock_guard lock{mutex};
    return answers() % 2 == 0 ? 204 : 503;
  });
  alerts_.scene.simulator.live(100, "profile=1");
  for (int round = 0; round < 15; ++round) {
    start();
    service_->wait_for(std::chrono::milliseconds{std::uniform_int_distribution<int>{100, 900}(random)});
    kill();
  }
  alerts_.scene.simulator.pause();
  alerts_.receiver.answer(204);
  start();
  // Only when it has seen all that happened is nothing more to be told.
  const auto equal = [&] {
    return mirror_differences(World{alerts_.scene.simulator, "acme"}, alerts_.scene.database).empty();
  };
  EXPECT_TRUE(eventually(equal)) << service_->err();
  EXPECT_TRUE(eventually([&] { return all_told(); }, std::chrono::seconds{120})) << service_->err();
  stop();
  expect_told_right();
  // Each transition was announced: by an alert of its own, or counted by one that was open.
  EXPECT_EQ(alerts_.scene.database.value("SELECT sum(count) FROM simsync.alert"),
            std::to_string(alerts_.scene.count("esim_profile_transition", "from_status IS NOT NULL")));
  EXPECT_GT(alerts(), 20);
}

// A server of its own, stopped and started under the running service.
TEST(AlertsAndServer, ARestartOfTheDatabaseLosesNoneAndRepeatsNone) {
  PrivateServer server;
  AlertScene alerts{300, kHook, kAnyTransition, kAtOnce};
  TestDatabase database{server.url()};
  alerts.scene.settings.database_url = database.url();
  alerts.scene.configure();
  ASSERT_EQ(alerts.scene.daemon.run({"sync"}).status, 0);
  const auto service = alerts.scene.daemon.start({"run"});
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  auto disable = [&, next = std::size_t{0}](std::size_t count) mutable {
    for (const std::size_t end = next + count; next < end; ++next) alerts.set_profile(enabled.at(next), "disabled");
  };
  for (int round = 0; round < 2; ++round) {
    disable(5);
    std::this_thread::sleep_for(std::chrono::milliseconds{1000});
    server.stop();
    disable(5);
    std::this_thread::sleep_for(std::chrono::milliseconds{1500});
    server.start();
    ASSERT_TRUE(service->running()) << service->err();
  }
  database.reconnect();
  const auto count = [&](const std::string& what) { return database.value("SELECT count(*) FROM simsync." + what); };
  EXPECT_TRUE(eventually([&] { return count("alert") == "20"; })) << service->err();
  EXPECT_TRUE(eventually([&] { return count("alert_delivery WHERE state <> 'delivered'") == "0"; })) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait_for(std::chrono::seconds{20}), std::optional<int>{0}) << service->err();
  EXPECT_EQ(alerts.alerts_told(), 20U);
}

}  // namespace
}  // namespace simsync::test
