// What a running service says of itself over HTTP: the metrics that docs/metrics.md promises, and whether all is well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/alert_scene.h"
#include "tests/support/documented_metrics.h"
#include "tests/support/private_server.h"
#include "tests/support/scene.h"
#include "tests/support/status_site.h"

namespace simsync::test {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kToken[] = "tok-acme-VERY-SECRET-71c9";

void stop(Process& service) {
  service.signal(SIGTERM);
  EXPECT_EQ(service.wait_for(seconds{5}), std::optional<int>{0}) << service.err();
}

bool becomes_ready(const StatusSite& site) {
  return eventually([&] { return site.get("/readyz").status == 200; });
}

Outcome promtool_check(const std::string& metrics) {
  const TempDir directory;
  write_file(directory.file("metrics"), metrics);
  // promtool reads its standard input.
  return Process{{.program = "sh",
                  .arguments = {"-c", "promtool check metrics <\"$1\"", "sh", directory.file("metrics")},
                  .environment = {},
                  .out_file = directory.file("out"),
                  .err_file = directory.file("err")}}
      .finish(std::chrono::minutes{1});
}

// The help of the page as plain text.
std::string plain(std::string markdown) {
  std::erase(markdown, '`');
  const std::size_t begin = markdown.find_first_not_of(' ');
  return markdown.substr(begin, markdown.find_last_not_of(' ') - begin + 1);
}

// A service to which everything has happened that is counted.
class BusyService : public testing::Test {
 protected:
  BusyService() {
    Simulator& simulator = scene_.simulator;
    simulator.fault({{"fault", "status"}, {"where", "list"}, {"status", 500}, {"times", 1}});
    simulator.fault(
        {{"fault", "status"}, {"where", "list"}, {"status", 429}, {"retry_after", "1"}, {"skip", 3}, {"times", 1}});
    service_ = scene_.daemon.start({"run"});
    EXPECT_TRUE(eventually([&] { return walks() >= 2; })) << service_->err();
    simulator.change(200, "status=5,profile=5,metadata=1,create=1");
    EXPECT_TRUE(eventually([&] {
      return scene_.count("sim_change", "field = 'status'") > 20 &&
             scene_.count("esim_profile_transition", "from_status IS NOT NULL") > 20;
    })) << service_->err();
    const long before = walks();
    EXPECT_TRUE(eventually([&] { return walks() >= before + 2; })) << service_->err();
  }

  [[nodiscard]] long walks() const {
    if (scene_.database.value("SELECT to_regclass('simsync.walk') IS NOT NULL") != "t") return 0;
    return scene_.count("walk", "outcome = 'complete'");
  }

  AlertScene alerts_{300, kHook, kAnyTransition, "  group_wait: 1s\n"};
  Scene& scene_ = alerts_.scene;
  std::unique_ptr<Process> service_;
};

TEST_F(BusyService, ServesWhatThePagePromisesAndNothingElse) {
  const StatusSite site{*service_};
  ASSERT_TRUE(becomes_ready(site)) << site.get("/readyz").body;
  // The polls say how they are doing four times a minute.
  ASSERT_TRUE(eventually([&] { return site.metrics().find("\nsimsync_poll_lag_seconds{") != std::string::npos; }));
  const std::string text = site.metrics();
  const DocumentedMetrics documented = documented_metrics(read_file(SIMSYNC_SUPPORT_SCRIPTS "/../../docs/metrics.md"));
  const DocumentedMetrics served = served_metrics(text);
  for (const auto& [name, metric] : documented) {
    const auto found = served.find(name);
    if (found == served.end()) {
      ADD_FAILURE() << name << " is not served";
      continue;
    }
    EXPECT_EQ(found->second.type, metric.type) << name;
    EXPECT_EQ(found->second.labels, metric.labels) << name;
    EXPECT_EQ(found->second.help, plain(metric.help)) << name;
  }
  for (const auto& [name, metric] : served) EXPECT_TRUE(documented.contains(name)) << name << " is not documented";
  const Outcome checked = promtool_check(text);
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
  EXPECT_EQ(checked.out + checked.err, "");
}

TEST_F(BusyService, CountsWhatHappened) {
  const StatusSite site{*service_};
  const auto agree = [&] {
    const auto history = [&](const std::string& what) { return site.sum("simsync_transitions_total", {what}); };
    return site.sum("simsync_sims") == static_cast<double>(scene_.count("sim", "missing_since IS NULL")) &&
           history("what=\"sim\"") == static_cast<double>(scene_.count("sim_change", "field = 'status'")) &&
           history("what=\"profile\"") ==
               static_cast<double>(scene_.count("esim_profile_transition", "from_status IS NOT NULL")) &&
           site.sum("simsync_alert_deliveries_total", {"result=\"delivered\""}) ==
               static_cast<double>(alerts_.receiver.received().size());
  };
  EXPECT_TRUE(eventually(agree, seconds{30})) << site.metrics();
  EXPECT_GT(site.sum("simsync_profiles"), 50);
  EXPECT_GE(site.sum("simsync_api_retries_total", {"endpoint=\"list\""}), 2);
  EXPECT_EQ(site.sum("simsync_api_requests_total", {"status=\"500\""}), 1);
  EXPECT_EQ(site.sum("simsync_api_requests_total", {"status=\"429\""}), 1);
  EXPECT_NEAR(site.sum("simsync_api_throttled_seconds_total"), 1, 0.1);
  EXPECT_EQ(site.sum("simsync_database_errors_total"), 0);
  EXPECT_EQ(site.sum("simsync_walk_duration_seconds_count", {"outcome=\"failed\""}), 0);
  EXPECT_GE(site.sum("simsync_walk_duration_seconds_count", {"kind=\"full\"", "outcome=\"complete\""}), 4);
  EXPECT_NEAR(site.sum("process_start_time_seconds"), static_cast<double>(::time(nullptr)), 300);
  stop(*service_);
}

// The simulator counts as well.
TEST(Monitoring, CountsEachRequestThatTheApiGot) {
  Scene scene{{.projects = {{.sims = 700}}}};
  const auto service = scene.daemon.start({"run"});
  const StatusSite site{*service};
  ASSERT_TRUE(becomes_ready(site)) << service->err();
  const auto agree = [&] {
    const auto endpoints = scene.simulator.get("stats").at("endpoints");
    double all = 0;
    for (const std::string endpoint : {"list", "sim", "profile"}) {
      const auto got = endpoints.at(endpoint).at("requests").get<double>();
      if (got != site.sum("simsync_api_requests_total", {"endpoint=\"" + endpoint + "\""})) return false;
      if (got != site.sum("simsync_api_request_duration_seconds_count", {"endpoint=\"" + endpoint + "\""}))
        return false;
      all += got;
    }
    return all > 200 && all == site.sum("simsync_api_requests_total");
  };
  EXPECT_TRUE(eventually(agree, seconds{30})) << site.metrics() << scene.simulator.get("stats").dump();
  stop(*service);
}

TEST(Monitoring, NoSecretIsServed) {
  Scene scene{{.projects = {{.token = kToken}}}, [](Settings& settings) {
                settings = busy(settings);
                settings.http += ", token_env: SIMSYNC_TEST_HTTP_TOKEN";
              }};
  scene.daemon.set_environment("SIMSYNC_TEST_HTTP_TOKEN", "the-scrapers-own");
  const auto service = scene.daemon.start({"run"});
  const StatusSite site{*service};
  ASSERT_TRUE(eventually([&] { return site.get("/readyz", "the-scrapers-own").status == 200; })) << service->err();
  // An error that names what it can.
  scene.simulator.post("projects/acme/token", {{"token", "another"}});
  ASSERT_TRUE(eventually([&] { return site.get("/", "the-scrapers-own").body.find("failed") != std::string::npos; },
                         seconds{30}));
  for (const std::string path : {"/", "/metrics", "/readyz", "/healthz", "/nothing"}) {
    for (const std::string token : {"", "wrong", "the-scrapers-own"}) {
      const SiteAnswer answer = site.get(path, token);
      const int good = path == "/readyz" ? answer.status : path == "/nothing" ? 404 : 200;
      EXPECT_EQ(answer.status, path != "/healthz" && token != "the-scrapers-own" ? 401 : good) << path << token;
      std::string all = answer.body;
      for (const auto& [name, value] : answer.headers) all += name + value;
      EXPECT_THAT(all, AllOf(Not(HasSubstr(kToken)), Not(HasSubstr("the-scrapers-own")))) << path;
    }
  }
  EXPECT_THAT(service->err(), AllOf(Not(HasSubstr(kToken)), Not(HasSubstr("the-scrapers-own"))));
  stop(*service);
}

TEST(Monitoring, AnAddressForAllNeedsAToken) {
  Scene scene{{}, [](Settings& settings) { settings.http = "listen: '0.0.0.0:0'"; }};
  const Outcome refused = scene.daemon.run({"run"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("simsyncd.yaml:"), HasSubstr("http.listen: "), HasSubstr("token_file")));
  EXPECT_EQ(refused.err_lines().size(), 1U) << refused.err;
  const std::string file = scene.daemon.directory().file("http_token");
  write_file(file, "long-enough\n", 0600);
  scene.settings.http += ", token_file: '" + file + "'";
  scene.configure();
  const auto service = scene.daemon.start({"run"});
  const StatusSite site{*service};
  EXPECT_THAT(site.address(), StartsWith("0.0.0.0:"));
  EXPECT_EQ(site.get("/metrics").status, 401);
  EXPECT_EQ(site.get("/metrics", "long-enough").status, 200);
  stop(*service);
}

TEST(Monitoring, APortThatIsTakenIsSaidAndOffIsOff) {
  Scene scene;
  const auto service = scene.daemon.start({"run"});
  const StatusSite site{*service};
  scene.settings.http = "listen: " + site.address();
  scene.configure();
  const Outcome second = scene.daemon.run({"run"});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, HasSubstr("simsyncd: http.listen: " + site.address() + " is taken by another program"));
  stop(*service);
  scene.settings.http = "listen: off";
  scene.configure();
  const auto quiet = scene.daemon.start({"run"});
  EXPECT_TRUE(eventually([&] { return quiet->err().find("roster of polls is read") != std::string::npos; }))
      << quiet->err();
  EXPECT_THAT(quiet->err(), Not(HasSubstr("http listens")));
  stop(*quiet);
}

TEST(Monitoring, IsNotReadyBeforeTheFirstCompleteWalk) {
  Scene scene{{.projects = {{.sims = 100}}}};
  scene.simulator.fault({{"fault", "hang"}});
  const auto service = scene.daemon.start({"run"});
  const StatusSite site{*service};
  ASSERT_TRUE(eventually([&] { return site.get("/readyz").body == "acme: no walk over all SIMs was complete yet\n"; }))
      << site.get("/readyz").body;
  EXPECT_EQ(site.get("/readyz").status, 503);
  EXPECT_EQ(site.get("/healthz").status, 200);
  scene.simulator.clear_faults();
  EXPECT_TRUE(becomes_ready(site));
  EXPECT_EQ(site.get("/readyz").body, "ready\n");
  EXPECT_THAT(site.get("/").body, AllOf(HasSubstr("acme"), HasSubstr("Up to date")));
  stop(*service);
}

TEST(Monitoring, WhileTheDatabaseIsAwayItAnswersAtOnceWithWhatItKnows) {
  PrivateServer server;
  {
    Simulator simulator{{.projects = {{.sims = 300}}}};
    TestDatabase database{server.url()};
    Daemon daemon{busy(settings_for(simulator, database))};
    const auto service = daemon.start({"run"});
    const StatusSite site{*service};
    ASSERT_TRUE(becomes_ready(site)) << service->err();
    server.stop();
    const auto errors = [&] { return site.sum("simsync_database_errors_total", {"kind=\"unreachable\""}); };
    ASSERT_TRUE(eventually([&] { return errors() > 0 && site.get("/readyz").body.starts_with("database: "); }));
    EXPECT_EQ(site.get("/readyz").status, 503);
    EXPECT_EQ(site.get("/healthz").status, 200);
    EXPECT_EQ(site.sum("simsync_sims"), 300) << "the mirror stands still";
    EXPECT_GT(site.sum("simsync_walk_last_complete_timestamp_seconds"), 1.7e9) << "so that its age can be alerted on";
    EXPECT_THAT(site.get("/").body, AllOf(HasSubstr("Needs attention"), HasSubstr("database: ")));
    server.start();
    database.reconnect();
    EXPECT_TRUE(becomes_ready(site)) << site.get("/readyz").body;
    stop(*service);
  }
}

TEST(Monitoring, OfTwoDaemonsOnlyTheOneThatWorksOnAProjectHasItsSeries) {
  Simulator simulator{
      {.projects = {{.id = "acme", .token = "a", .sims = 100}, {.id = "beta", .token = "b", .sims = 50}}}};
  TestDatabase database;
  std::vector<std::unique_ptr<Daemon>> daemons;
  std::vector<std::unique_ptr<Process>> services;
  for (int i = 0; i < 2; ++i) {
    daemons.push_back(std::make_unique<Daemon>(busy(settings_for(simulator, database))));
    services.push_back(daemons.back()->start({"run"}));
    const StatusSite site{*services.back()};
    ASSERT_TRUE(becomes_ready(site)) << services.back()->err();
  }
  const StatusSite one{*services[0]}, other{*services[1]};
  const auto holds = [](const StatusSite& site) { return site.sum("simsync_project_held"); };
  ASSERT_TRUE(eventually([&] { return holds(one) == 1 && holds(other) == 1; })) << services[0]->err();
  // A beat in which one has just lost it and the other shows it already is over soon.
  EXPECT_TRUE(eventually([&] { return one.sum("simsync_sims") + other.sum("simsync_sims") == 150; }));
  EXPECT_TRUE(eventually([&] { return one.sum("simsync_sims") < 150 && other.sum("simsync_sims") < 150; }));
  EXPECT_EQ(one.sum("simsync_walk_interval_seconds") + other.sum("simsync_walk_interval_seconds"), 2);
  EXPECT_THAT(one.get("/").body, AllOf(HasSubstr("acme"), HasSubstr("beta")));
  stop(*services[0]);
  EXPECT_TRUE(eventually([&] { return holds(other) == 2 && other.sum("simsync_sims") == 150; }));
  EXPECT_TRUE(becomes_ready(other));
  stop(*services[1]);
}

}  // namespace
}  // namespace simsync::test
