// SIGHUP: the configuration is read anew, and holds whole or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/notify_socket.h"
#include "tests/support/scene.h"
#include "tests/support/status_site.h"
#include "tests/support/webhook_receiver.h"

namespace simsync::test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class Reload : public testing::Test {
 protected:
  Reload() { scene_.daemon.set_environment("NOTIFY_SOCKET", systemd_.path()); }

  void start() {
    scene_.configure();
    service_ = scene_.daemon.start({"run"});
    ASSERT_TRUE(eventually([&] { return ready() && scene_.count("walk", "outcome = 'complete'") > 0; }))
        << service_->err();
  }
  bool ready() { return systemd_.count("READY=1") > 0; }

  // With the configuration as it is now. Waits until systemd hears of the end.
  void reload() {
    const std::size_t before = systemd_.count("READY=1");
    service_->signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return systemd_.count("READY=1") > before; })) << service_->err();
    EXPECT_EQ(systemd_.count("RELOADING=1"), before);
  }
  void reload(const Settings& settings) {
    scene_.daemon.configure(settings);
    reload();
  }

  [[nodiscard]] bool logged(const std::string& text) const { return service_->err().find(text) != std::string::npos; }

  void TearDown() override {
    if (!service_) return;
    service_->signal(SIGTERM);
    EXPECT_EQ(service_->wait_for(seconds{20}), std::optional<int>{0}) << service_->err();
  }

  NotifySocket systemd_;
  Scene scene_{{.projects = {{.sims = 200}, {.id = "beta", .token = "tok-beta-93ab", .sims = 50}}},
               [](Settings& settings) { settings.projects.pop_back(); }};
  std::unique_ptr<Process> service_;
};

TEST_F(Reload, IntervalsHoldAtOnce) {
  start();
  Settings often = busy(scene_.settings);
  reload(often);
  EXPECT_TRUE(logged("configuration reloaded changed=\"walk, profiles\"")) << service_->err();
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "kind = 'full' AND outcome = 'complete'") > 3; }));
  EXPECT_TRUE(eventually([&] {
    return scene_.count("esim_profile", "last_polled_at > first_observed_at + interval '1 second'") > 20;
  })) << service_->err();
  reload(often);
  EXPECT_TRUE(logged("configuration reloaded changed=nothing")) << service_->err();
}

TEST_F(Reload, AWrongConfigurationChangesNothing) {
  start();
  Settings wrong = busy(scene_.settings);
  wrong.more = "walk2: {}\n";
  reload(wrong);
  EXPECT_TRUE(logged("configuration refused, the one before stays in force")) << service_->err();
  EXPECT_THAT(service_->err(), HasSubstr("walk2"));
  EXPECT_EQ(StatusSite{*service_}.sum("simsync_config_last_reload_successful"), 0);
  EXPECT_TRUE(systemd_.hears("STATUS=the changed configuration is refused: ")) << systemd_.said();
  // Wrong in a file beside it.
  const std::string secret = scene_.daemon.directory().file("secret");
  write_file(secret, "whsec_!", 0600);
  wrong.more =
      "alerts:\n  channels:\n    ops: {type: webhook, url: 'https://example.com', secret_file: " + secret + "}\n";
  reload(wrong);
  EXPECT_THAT(service_->err(),
              HasSubstr("alerts.channels.ops.secret_file: holds something other than signing secrets"));
  EXPECT_THAT(service_->err(), testing::Not(HasSubstr("configuration reloaded")));
  const long walks = scene_.count("walk");
  std::this_thread::sleep_for(seconds{2});
  EXPECT_EQ(scene_.count("walk"), walks) << "it does not walk each second";
  const std::size_t figures = systemd_.count("STATUS=acme: 200 SIMs");
  reload(scene_.settings);
  EXPECT_TRUE(eventually([&] { return systemd_.count("STATUS=acme: 200 SIMs") > figures; })) << systemd_.said();
  EXPECT_EQ(StatusSite{*service_}.sum("simsync_config_last_reload_successful"), 1);
}

TEST_F(Reload, AProjectComesAndGoes) {
  scene_.settings = busy(scene_.settings);
  start();
  Settings both = scene_.settings;
  both.projects = scene_.simulator.options().projects;
  reload(both);
  EXPECT_TRUE(eventually([&] { return scene_.count("sim", "project = 'beta'") == 50; })) << service_->err();
  Settings one = both;
  one.projects.erase(one.projects.begin());
  reload(one);
  const auto held = [&](const std::string& project) {
    return scene_.count("lease", "project = '" + project + "' AND expires_at > clock_timestamp()") > 0;
  };
  EXPECT_TRUE(eventually([&] { return !held("acme"); })) << service_->err();
  EXPECT_TRUE(held("beta"));
  const long walks = scene_.count("walk", "project = 'acme'");
  const long others = scene_.count("walk", "project = 'beta'");
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "project = 'beta'") > others + 2; })) << service_->err();
  EXPECT_EQ(scene_.count("walk", "project = 'acme'"), walks);
  reload(both);
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "project = 'acme'") > walks; })) << service_->err();
}

// A walk that takes its time, with a reload of all that a reload can change in the middle of it.
TEST_F(Reload, AWalkUnderWayIsNotDropped) {
  start();
  scene_.simulator.create({{"count", 4000}});
  scene_.simulator.fault({{"fault", "hang"}, {"where", "list"}, {"seconds", 0.2}});
  scene_.simulator.reset_stats();
  scene_.settings.connections = 1;
  Settings changed = scene_.settings;
  changed.walk_interval = changed.new_sims_interval = "1s";
  reload(changed);  // so that one begins
  const auto under_way = [&] { return scene_.count("walk", "kind = 'full' AND outcome IS NULL"); };
  ASSERT_TRUE(eventually([&] { return under_way() == 1; })) << service_->err();
  const std::string walk = scene_.database.value("SELECT walk_id FROM simsync.walk WHERE outcome IS NULL");
  ASSERT_TRUE(eventually([&] { return scene_.simulator.requests("list") > 5; }));
  changed = busy(changed);
  changed.connections = 2;
  changed.timeout = "9s";
  changed.log_level = "debug";
  reload(changed);
  EXPECT_EQ(under_way(), 1) << "the walk was over before the reload";
  ASSERT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete' AND walk_id = " + walk) == 1; }))
      << service_->err();
  EXPECT_EQ(scene_.count("walk", "outcome = 'failed'"), 0);
  EXPECT_FALSE(logged("going on with an interrupted walk"));
  scene_.simulator.clear_faults();
  scene_.simulator.pause();
  EXPECT_TRUE(eventually([&] { return mirror_differences(World{scene_.simulator, "acme"}, scene_.database).empty(); }));
  scene_.expect_true_history();
}

TEST_F(Reload, AnotherTokenIsUsedFromTheNextRequestOn) {
  scene_.settings = busy(scene_.settings);
  start();
  Settings wrong = scene_.settings;
  wrong.projects[0].token = "tok-wrong-77";
  reload(wrong);
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "token_refused") > 0; })) << service_->err();
  // Whoever is refused probes after 30 s; a new token need not wait for that.
  reload(scene_.settings);
  const long walks = scene_.count("walk", "outcome = 'complete'");
  EXPECT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'complete'") > walks; }, seconds{20}))
      << service_->err();
  EXPECT_THAT(service_->err(), testing::Not(HasSubstr("tok-")));
}

TEST_F(Reload, RulesAndChannelsHoldForTheNextChange) {
  scene_.settings = busy(scene_.settings);
  start();
  WebhookReceiver receiver;
  Settings alerting = scene_.settings;
  alerting.more = "alerts:\n  group_wait: 0s\n  channels:\n    ops: {type: webhook, url: '" + receiver.url() +
                  "'}\n  rules:\n    - {name: any, on: sim, channels: [ops]}\n";
  reload(alerting);
  scene_.simulator.change(5, "status=1");
  EXPECT_TRUE(eventually([&] { return !receiver.received().empty(); })) << service_->err();
  // It is written down just after it was received.
  EXPECT_TRUE(eventually([&] { return scene_.count("alert_delivery", "state <> 'delivered'") == 0; }));
  reload(scene_.settings);
  const long alerts = scene_.count("alert");
  const long changes = scene_.count("sim_change", "field = 'status'");
  scene_.simulator.change(5, "status=1");
  EXPECT_TRUE(eventually([&] { return scene_.count("sim_change", "field = 'status'") > changes; }));
  EXPECT_EQ(scene_.count("alert"), alerts);
}

TEST_F(Reload, WhatNeedsARestartIsNamedAndStays) {
  start();
  Settings elsewhere = scene_.settings;
  elsewhere.database_url = "postgresql://127.0.0.1:1/nowhere";
  elsewhere.log_level = "debug";
  reload(elsewhere);
  EXPECT_TRUE(logged("changed keys that need a restart keys=database.url")) << service_->err();
  EXPECT_TRUE(logged("configuration reloaded changed=log")) << service_->err();
  reload(scene_.settings);
}

TEST_F(Reload, ManyAtOnceAreFewAndTheServiceStopsAllTheSame) {
  scene_.settings = busy(scene_.settings);
  start();
  for (int i = 0; i < 200; ++i) service_->signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return logged("configuration reloaded"); }));
  service_->signal(SIGHUP);
  service_->signal(SIGTERM);
  EXPECT_EQ(service_->wait_for(seconds{5}), std::optional<int>{0}) << service_->err();
  service_.reset();
  scene_.expect_true_history();
}

}  // namespace
}  // namespace simsync::test
