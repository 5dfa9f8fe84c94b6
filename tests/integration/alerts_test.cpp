// What the service tells to whom, and when: alerts from the API's change to the receiver's door.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>

#include "tests/support/alert_scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

constexpr char kSoon[] = "  group_wait: 1s\n";
constexpr char kDisabled[] =
    "    - {name: profile-gone, on: profile, from: [enabled], to: [disabled], severity: critical, channels: [ops]}\n";

std::vector<Json> events(const AlertScene& alerts, const std::string& rule, const std::string& path = "/hook") {
  std::vector<Json> found;
  for (const ReceivedHook& hook : alerts.receiver.received(path)) {
    Json event = hook.event();
    if (event.at("subject") == rule) found.push_back(std::move(event));
  }
  return found;
}

void stop(Process& service) {
  service.signal(SIGTERM);
  EXPECT_EQ(service.wait_for(std::chrono::seconds{10}), std::optional<int>{0}) << service.err();
}

TEST(Alerts, AStormIsOneMessageAndFirstSightIsNone) {
  AlertScene alerts{400, kHook, kDisabled, kSoon};
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  ASSERT_GT(enabled.size(), 30U);
  const auto service = alerts.scene.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] {
    return alerts.scene.database.value("SELECT to_regclass('simsync.alert_message') IS NOT NULL") == "t" &&
           alerts.scene.count("esim_profile") > 30;
  })) << service->err();
  for (std::size_t i = 0; i < 30; ++i) alerts.set_profile(enabled[i], "disabled");
  ASSERT_TRUE(eventually([&] { return alerts.alerts_told() >= 30; })) << service->err();
  stop(*service);
  EXPECT_EQ(alerts.alerts_told(), 30U);
  const std::vector<Json> told = events(alerts, "profile-gone");
  ASSERT_LE(told.size(), 3U) << "what came within a second or so is one message";
  const Json& data = told.front().at("data");
  EXPECT_EQ(told.front().at("type"), "simsync.profile.transition");
  EXPECT_EQ(data.at("severity"), "critical");
  EXPECT_EQ(data.at("breakdown").at(0).at("from"), "enabled");
  EXPECT_EQ(data.at("breakdown").at(0).at("to"), "disabled");
  EXPECT_LE(data.at("first").size(), 20U);
  EXPECT_EQ(alerts.scene.count("alert", "rule = 'profile-gone'"), 30);
  // The query that the message gives lists what it says.
  EXPECT_EQ(alerts.scene.database.rows(data.at("query").get<std::string>()).size(),
            data.at("alerts").get<std::size_t>());
}

TEST(Alerts, FlappingIsOneAlertWithACount) {
  AlertScene alerts{100, kHook, kAnyTransition, kSoon};
  alerts.scene.sync_well();
  const std::string sim = alerts.with_profile("enabled").front();
  for (const char* status : {"disabled", "enabled", "disabled", "enabled"}) {
    alerts.set_profile(sim, status);
    alerts.scene.sync_well();
  }
  EXPECT_EQ(alerts.scene.count("alert"), 1);
  EXPECT_EQ(alerts.scene.database.value("SELECT count FROM simsync.alert"), "4");
  EXPECT_EQ(alerts.receiver.received().size(), 1U);
}

TEST(Alerts, StockAndFreshnessBeginAndEnd) {
  AlertScene alerts{60, kHook,
                    "    - {name: low-stock, on: stock, below: 1000000, where: {type: pSIM}, channels: [ops]}\n"
                    "    - {name: late, on: freshness, above: 3s, channels: [ops]}\n",
                    "  group_wait: 0s\n"};
  alerts.scene.settings.walk_interval = "1s";
  alerts.scene.configure();
  const auto service = alerts.scene.daemon.start({"run"});
  const auto told = [&](const char* rule, const char* event) {
    const std::vector<Json> all = events(alerts, rule);
    return std::ranges::any_of(all, [&](const Json& one) { return one.at("data").at("event") == event; });
  };
  EXPECT_TRUE(eventually([&] { return told("low-stock", "raised"); })) << service->err();
  alerts.scene.simulator.fault({{"fault", "status"}, {"where", "list"}});
  EXPECT_TRUE(eventually([&] { return told("late", "raised"); })) << service->err();
  EXPECT_FALSE(told("late", "resolved"));
  alerts.scene.simulator.clear_faults();
  EXPECT_TRUE(eventually([&] { return told("late", "resolved"); })) << service->err();
  EXPECT_FALSE(told("low-stock", "resolved"));
  stop(*service);
}

TEST(Alerts, ARefusedTokenIsToldAndItsEndToo) {
  AlertScene alerts{60, kHook, kDisabled, "  group_wait: 0s\n"};
  alerts.scene.sync_well();
  alerts.scene.simulator.fault({{"fault", "status"}, {"status", 401}});
  EXPECT_NE(alerts.scene.sync().status, 0);
  ASSERT_EQ(events(alerts, "auth-failed").size(), 1U) << "though no rule names it";
  EXPECT_EQ(events(alerts, "auth-failed")[0].at("type"), "simsync.auth_failed");
  EXPECT_NE(alerts.scene.sync().status, 0);
  EXPECT_EQ(events(alerts, "auth-failed").size(), 1U) << "once";
  alerts.scene.simulator.clear_faults();
  alerts.scene.sync_well();
  ASSERT_EQ(events(alerts, "auth-failed").size(), 2U);
  EXPECT_EQ(events(alerts, "auth-failed")[1].at("data").at("event"), "resolved");
}

TEST(Alerts, OneSlowChannelDelaysNoOther) {
  AlertScene alerts{100, "    ops: {type: webhook, url: HOOK/hook}\n    slow: {type: webhook, url: HOOK/slow}\n",
                    "    - {name: moved, on: profile, channels: [ops, slow]}\n", "  group_wait: 0s\n"};
  std::atomic<bool> go_on{false};
  alerts.receiver.answer([&](const ReceivedHook& hook) {
    while (hook.path == "/slow" && !go_on) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return 204;
  });
  alerts.scene.sync_well();
  const auto service = alerts.scene.daemon.start({"run"});
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  for (std::uint64_t i = 0; i < 3; ++i) {
    alerts.set_profile(enabled[i], "disabled");
    EXPECT_TRUE(eventually([&] { return alerts.alerts_told() == i + 1; })) << service->err();
  }
  EXPECT_EQ(alerts.alerts_told("/slow"), 0U);
  go_on = true;
  EXPECT_TRUE(eventually([&] { return alerts.alerts_told("/slow") == 3; })) << service->err();
  stop(*service);
}

TEST(Alerts, AChannelThatIsGoneIsLeftAloneUntilTheNextStart) {
  AlertScene alerts{100, kHook, kAnyTransition, "  group_wait: 0s\n"};
  alerts.scene.sync_well();
  alerts.receiver.answer(410);
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  auto service = alerts.scene.daemon.start({"run"});
  alerts.set_profile(enabled[0], "disabled");
  ASSERT_TRUE(eventually([&] { return alerts.receiver.received().size() == 1; })) << service->err();
  alerts.receiver.answer(204);
  alerts.set_profile(enabled[1], "disabled");
  ASSERT_TRUE(eventually([&] { return alerts.scene.count("alert") == 2; })) << service->err();
  stop(*service);
  EXPECT_EQ(alerts.receiver.received().size(), 1U);
  EXPECT_NE(service->err().find("switched off"), std::string::npos) << service->err();
  service = alerts.scene.daemon.start({"run"});
  EXPECT_TRUE(eventually([&] { return alerts.alerts_told() == 2; })) << service->err();
  stop(*service);
}

}  // namespace
}  // namespace simsync::test
