// What Alertmanager shows of what it was told, as its own amtool sees it.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/alert_scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

class Alertmanager {
 public:
  Alertmanager() {
    write_file(folder_.file("config"), "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n");
    start();
  }

  void start() {
    const std::string address = "127.0.0.1:" + std::to_string(port_);
    server_ = std::make_unique<Process>(Process::Start{
        .program = "prometheus-alertmanager",
        .arguments = {"--config.file=" + folder_.file("config"), "--storage.path=" + folder_.file("data"),
                      "--web.listen-address=" + address, "--cluster.listen-address="},
        .environment = {},
        .out_file = folder_.file("out"),
        .err_file = folder_.file("err")});
    if (!eventually([&] { return amtool().status == 0; })) {
      throw std::runtime_error("Alertmanager does not start: " + server_->err());
    }
  }
  // What it was told before is forgotten.
  void restart() {
    server_->signal(SIGKILL);
    server_->finish(std::chrono::seconds{20});
    start();
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // The alerts of a rule that are active.
  [[nodiscard]] std::vector<Json> shown(const std::string& rule) const {
    const Outcome outcome = amtool();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::vector<Json> found;
    for (const Json& alert : Json::parse(outcome.out)) {
      if (alert.at("labels").at("alertname") == rule) found.push_back(alert);
    }
    return found;
  }

 private:
  [[nodiscard]] Outcome amtool() const {
    return Process{{.program = "amtool",
                    .arguments = {"--alertmanager.url=" + url(), "alert", "query", "-o", "json"},
                    .environment = {},
                    .out_file = folder_.file("amtool.out"),
                    .err_file = folder_.file("amtool.err")}}
        .finish(std::chrono::seconds{30});
  }

  TempDir folder_;
  int port_ = free_port();
  std::unique_ptr<Process> server_;
};

// As the API shows it.
std::string provider_of(AlertScene& alerts, const std::string& id) {
  for (const Json& sim : alerts.scene.simulator.truth()) {
    if (sim.at("id") == id) return sim.at("provider");
  }
  throw std::runtime_error("no SIM " + id);
}

class AlertmanagerTest : public testing::Test {
 protected:
  [[nodiscard]] std::string channel() const { return "    am: {type: alertmanager, url: \"" + server_.url() + "\"}\n"; }

  static void stop(Process& service) {
    service.signal(SIGTERM);
    EXPECT_EQ(service.wait_for(std::chrono::seconds{20}), std::optional<int>{0}) << service.err();
  }

  Alertmanager server_;
};

TEST_F(AlertmanagerTest, WhatLastsIsShownUntilItEnds) {
  AlertScene alerts{60, channel(), "    - {name: late, on: freshness, above: 3s, severity: critical, channels: [am]}\n",
                    "  group_wait: 0s\n"};
  alerts.scene.settings.walk_interval = "1s";
  alerts.scene.configure();
  alerts.scene.sync_well();
  auto service = alerts.scene.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return alerts.scene.last_walk("outcome") == "complete"; })) << service->err();
  alerts.scene.simulator.fault({{"fault", "status"}, {"where", "list"}});
  ASSERT_TRUE(eventually([&] { return !server_.shown("late").empty(); })) << service->err();
  const Json labels = server_.shown("late").front().at("labels");
  EXPECT_EQ(labels.at("project"), "acme");
  EXPECT_EQ(labels.at("severity"), "critical");

  // It is told again: a receiver that forgot it shows it again, though nothing new happened.
  server_.restart();
  EXPECT_TRUE(server_.shown("late").empty());
  stop(*service);
  service = alerts.scene.daemon.start({"run"});
  EXPECT_TRUE(eventually([&] { return !server_.shown("late").empty(); })) << service->err();
  EXPECT_EQ(alerts.scene.count("alert", "rule = 'late'"), 1);

  alerts.scene.simulator.clear_faults();
  EXPECT_TRUE(eventually([&] { return server_.shown("late").empty(); })) << service->err();
  stop(*service);
}

TEST_F(AlertmanagerTest, AChangeIsShownByProviderForAsLongAsItIsNotRepeated) {
  AlertScene alerts{200, channel(), "    - {name: moved, on: profile, channels: [am]}\n", "  repeat_after: 4s\n"};
  alerts.scene.sync_well();
  std::set<std::string> providers;
  for (const std::string& sim : alerts.with_profile("enabled")) {
    alerts.set_profile(sim, "disabled");
    providers.insert(provider_of(alerts, sim));
  }
  ASSERT_GT(providers.size(), 1U);
  alerts.scene.sync_well();
  std::set<std::string> shown;
  for (const Json& alert : server_.shown("moved")) {
    shown.insert(alert.at("labels").at("provider"));
    EXPECT_NE(alert.at("annotations").at("summary").get<std::string>().find("moved"), std::string::npos);
  }
  EXPECT_EQ(shown, providers);
  EXPECT_TRUE(eventually([&] { return server_.shown("moved").empty(); }));
}

TEST_F(AlertmanagerTest, ATestIsMarkedByALabel) {
  AlertScene alerts{60, channel(), "    - {name: moved, on: profile, channels: [am]}\n"};
  alerts.scene.sync_well();
  const Outcome sent = alerts.scene.daemon.run({"alerts", "test", "moved", "--send"});
  ASSERT_EQ(sent.status, 0) << sent.err;
  ASSERT_EQ(server_.shown("moved").size(), 1U);
  EXPECT_EQ(server_.shown("moved").front().at("labels").at("test"), "true");
}

}  // namespace
}  // namespace simsync::test
