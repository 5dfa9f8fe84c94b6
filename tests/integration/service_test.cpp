// `simsyncd run` as a service: it stops when told to, and lives through the loss of the API and of the database.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/private_server.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using std::chrono::seconds;

constexpr seconds kStopTime{5};  // product.md, architecture.md: SIGTERM to exit
constexpr char kMix[] = "status=5,profile=5,metadata=2,create=1,delete=0.05";

class Service : public testing::Test {
 protected:
  void start() {
    scene_.configure();
    service_ = scene_.daemon.start({"run"});
  }

  void stop_with(int signal) {
    service_->signal(signal);
    const std::optional<int> status = service_->wait_for(kStopTime);
    ASSERT_TRUE(status) << "still running: " << service_->err();
    EXPECT_EQ(*status, 0) << service_->err();
  }

  void wait_for_walks(long number) {
    const auto done = [&] {
      return scene_.database.value("SELECT to_regclass('simsync.walk') IS NOT NULL") == "t" &&
             scene_.count("walk", "outcome = 'complete'") >= number;
    };
    ASSERT_TRUE(eventually(done)) << service_->err();
  }

  // The world stands still, and the mirror comes to it by itself.
  void expect_to_catch_up() {
    scene_.simulator.pause();
    const auto equal = [&] { return mirror_differences(World{scene_.simulator, "acme"}, scene_.database).empty(); };
    EXPECT_TRUE(eventually(equal, seconds{90})) << service_->err();
    scene_.expect_equal();
    scene_.expect_true_history();
  }

  Scene scene_{{.projects = {{.sims = 400}}}, [](Settings& settings) { settings = busy(settings); }};
  std::unique_ptr<Process> service_;
};

TEST_F(Service, FollowsALivingWorld) {
  scene_.settings.walk_interval = "3s";  // in between it looks at the newest page only
  start();
  wait_for_walks(1);
  scene_.simulator.live(150, kMix);
  wait_for_walks(5);
  expect_to_catch_up();
  EXPECT_GT(scene_.count("sim_change"), 50);
  EXPECT_GT(scene_.count("esim_profile_transition", "from_status IS NOT NULL"), 20);
  EXPECT_GT(scene_.count("walk", "kind = 'new'"), 0);
  stop_with(SIGTERM);
}

// What reports go by: who watched from when to when, and the spans in which nobody did.
TEST_F(Service, SaysWhenItWatchedAlsoWhenItWasKilled) {
  scene_.settings.walk_interval = scene_.settings.poll_interval = "1s";
  start();
  wait_for_walks(2);
  stop_with(SIGTERM);
  EXPECT_EQ(scene_.count("service_run", "kind = 'run' AND stopped_at > started_at"), 1);
  std::this_thread::sleep_for(seconds{3});  // longer than twice the interval
  start();
  wait_for_walks(4);
  EXPECT_EQ(scene_.count("coverage_gap", "what = 'profiles' AND reason = 'not running' AND lasted > '2 s'"), 1);
  EXPECT_EQ(scene_.count("coverage_gap", "what = 'sims' AND reason = 'not running' AND lasted > '2 s'"), 1);
  service_->signal(SIGKILL);
  ASSERT_TRUE(service_->wait_for(kStopTime));
  EXPECT_EQ(scene_.count("service_run", "stopped_at IS NULL"), 1);
  scene_.sync_well();
  scene_.expect_true_history();
}

TEST_F(Service, StopsWhileRequestsHang) {
  for (const int signal : {SIGTERM, SIGINT}) {
    start();
    wait_for_walks(1);
    scene_.simulator.fault({{"fault", "hang"}});
    ASSERT_TRUE(eventually([&] { return scene_.simulator.get("stats").at("in_flight") >= 2; }));
    stop_with(signal);
    scene_.simulator.clear_faults();
  }
}

TEST_F(Service, StopsWhileItWaitsToAskAgain) {
  start();
  wait_for_walks(1);
  scene_.simulator.fault({{"fault", "status"}, {"status", 429}, {"retry_after", "3000"}});
  ASSERT_TRUE(eventually([&] { return scene_.simulator.fired().at(0) >= 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  stop_with(SIGTERM);
}

TEST_F(Service, StopsDuringAnAnswerWithoutEnd) {
  start();
  wait_for_walks(1);
  scene_.simulator.fault({{"fault", "slow_body"}, {"where", "list"}, {"bytes_per_second", 20}});
  ASSERT_TRUE(eventually([&] { return scene_.simulator.fired().at(0) >= 1; }));
  stop_with(SIGINT);
}

// Each write takes its time: the one in flight may end or not, but is whole.
TEST_F(Service, StopsWithASlowTransactionInFlight) {
  scene_.sync_well();
  scene_.database.run(
      "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END';"
      "CREATE TRIGGER slow BEFORE UPDATE ON simsync.sim FOR EACH STATEMENT EXECUTE FUNCTION slow()");
  scene_.simulator.live(100, kMix);
  start();
  ASSERT_TRUE(eventually([&] {
    return scene_.database.number(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") >
           0;
  })) << service_->err();
  stop_with(SIGTERM);
  scene_.database.run("DROP FUNCTION slow CASCADE");
  scene_.simulator.pause();
  scene_.sync_well();
  scene_.expect_equal();
  scene_.expect_true_history();
}

// Somebody else's lock holds the write up for as long as he likes.
TEST_F(Service, StopsWhileATransactionWaitsForALock) {
  scene_.sync_well();
  {
    const OpenTransaction lock{scene_.database, "LOCK TABLE simsync.sim IN ACCESS EXCLUSIVE MODE"};
    start();
    ASSERT_TRUE(eventually([&] {
      return scene_.database.number(
                 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                 "wait_event_type = 'Lock'") > 0;
    })) << service_->err();
    stop_with(SIGTERM);
  }
  scene_.sync_well();
  scene_.expect_equal();
}

TEST_F(Service, StopsBeforeTheDatabaseEverAnswered) {
  scene_.settings.base_url = "http://127.0.0.1:1";
  start();
  ASSERT_TRUE(eventually([&] {
    return scene_.database.value("SELECT to_regclass('simsync.walk') IS NOT NULL") == "t" && scene_.count("walk") > 0;
  }));
  stop_with(SIGTERM);
}

// Killed, and back with its world; what changed in the meantime is found once.
TEST_F(Service, LivesThroughTheLossOfTheApi) {
  start();
  wait_for_walks(2);
  for (int round = 0; round < 2; ++round) {
    scene_.simulator.kill();
    const long failed = scene_.count("walk", "outcome = 'failed'");
    ASSERT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'failed'") > failed; }, seconds{90}))
        << service_->err();
    scene_.simulator.start();
    if (round == 1) scene_.simulator.change(150, "status=5,profile=5,metadata=2,create=1");
    wait_for_walks(scene_.count("walk", "outcome = 'complete'") + 2);
  }
  EXPECT_EQ(scene_.count("sim", "missing_since IS NOT NULL"), 0);
  expect_to_catch_up();
  stop_with(SIGTERM);
}

TEST_F(Service, LivesThroughLostSessions) {
  start();
  wait_for_walks(1);
  scene_.simulator.live(200, kMix);
  long ended = 0;
  for (int round = 0; round < 60; ++round) {
    ended += scene_.database.end_other_sessions();
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  EXPECT_GT(ended, 5);
  ASSERT_TRUE(service_->running()) << service_->err();
  wait_for_walks(scene_.count("walk", "outcome = 'complete'") + 2);
  expect_to_catch_up();
  stop_with(SIGTERM);
}

TEST_F(Service, TwoProjectsDoNotWaitForEachOther) {
  Scene scene{
      {.projects = {{.id = "acme", .token = "tok-a", .sims = 250}, {.id = "beta", .token = "tok-b", .sims = 250}}},
      [](Settings& settings) { settings = busy(settings); }};
  scene.simulator.fault({{"fault", "hang"}, {"project", "acme"}});
  const auto service = scene.daemon.start({"run"});
  const auto equal = [&](const std::string& project) {
    return scene.database.value("SELECT to_regclass('simsync.walk') IS NOT NULL") == "t" &&
           mirror_differences(World{scene.simulator, project}, scene.database).empty();
  };
  EXPECT_TRUE(eventually([&] { return equal("beta"); })) << service->err();
  EXPECT_EQ(scene.count("sim", "project = 'acme'"), 0);
  scene.simulator.clear_faults();
  EXPECT_TRUE(eventually([&] { return equal("acme"); }, seconds{90})) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(seconds{20}).status, 0);
}

// 401 is no reason to hammer, and a token that is accepted again ends the silence.
TEST_F(Service, AsksSlowlyWhileTheTokenIsRefused) {
  start();
  wait_for_walks(1);
  scene_.simulator.post("projects/acme/token", {{"token", "another"}});
  scene_.simulator.reset_stats();
  ASSERT_TRUE(eventually([&] { return scene_.count("walk", "outcome = 'failed'") > 0; })) << service_->err();
  std::this_thread::sleep_for(seconds{3});
  EXPECT_LT(scene_.simulator.get("stats").at("requests"), 40)
      << "some 100 profiles and 3 pages want to be asked each second";
  ASSERT_TRUE(service_->running());
  stop_with(SIGTERM);
}

// A server of its own, stopped and started under the running service.
TEST(ServiceAndServer, LivesThroughARestartOfTheServer) {
  PrivateServer server;
  {
    Simulator simulator{{.projects = {{.sims = 300}}}};
    TestDatabase database{server.url()};
    Settings settings = busy(settings_for(simulator, database));
    Daemon daemon{settings};
    ASSERT_EQ(daemon.run({"sync"}).status, 0);
    const auto service = daemon.start({"run"});
    simulator.live(150, kMix);
    for (int round = 0; round < 2; ++round) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1500});
      server.stop();
      std::this_thread::sleep_for(std::chrono::milliseconds{1500});
      server.start();
      ASSERT_TRUE(service->running()) << service->err();
    }
    database.reconnect();
    simulator.pause();
    const auto equal = [&] { return mirror_differences(World{simulator, "acme"}, database).empty(); };
    EXPECT_TRUE(eventually(equal, seconds{90})) << service->err();
    service->signal(SIGTERM);
    EXPECT_EQ(service->finish(seconds{20}).status, 0);
    const Differences found = history_faults(World{simulator, "acme"}, database);
    EXPECT_TRUE(found.empty()) << listed(found);
  }
}

}  // namespace
}  // namespace simsync::test
