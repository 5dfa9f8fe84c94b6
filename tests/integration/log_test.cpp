// How much the service logs: little while all is well, and a bounded number of lines however long something is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/private_server.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

using Lines = std::vector<std::string>;

long with(const Lines& lines, const std::string& part) {
  return std::count_if(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.find(part) != std::string::npos; });
}

Lines lines_of(std::string log) {
  Outcome outcome;
  outcome.err = std::move(log);
  return outcome.err_lines();
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class ServiceLog : public testing::Test {
 protected:
  void start() {
    scene_.configure();
    service_ = scene_.daemon.start({"run"});
  }
  Lines stop() {
    service_->signal(SIGTERM);
    const Outcome outcome = service_->finish(seconds{20});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.err_lines();
  }
  [[nodiscard]] bool walked(long walks, const std::string& where = "kind = 'full' AND outcome IS NOT NULL") const {
    return eventually(
        [&] {
          return scene_.database.value("SELECT to_regclass('simsync.lease') IS NOT NULL") == "t" &&
                 scene_.count("walk", where) >= walks;
        },
        seconds{90});
  }

  Scene scene_{{.projects = {{.id = "acme"}, {.id = "beta", .token = "tok-b"}, {.id = "gamma", .token = "tok-c"}}},
               [](Settings& settings) {
                 settings = busy(settings);
                 settings.walk_interval = "2s";  // in between it looks at the newest page
               }};
  std::unique_ptr<Process> service_;
};

// An hour is four full walks of each project with the default intervals; here they come each two seconds. SIMs and
// profiles change all the while, and new ones are found.
TEST_F(ServiceLog, AHealthyHourIsUnderFiftyLines) {
  start();
  ASSERT_TRUE(walked(3, "kind = 'full' AND outcome = 'complete'")) << service_->err();
  scene_.simulator.live(100, "status=5,profile=5,metadata=2,create=2");
  ASSERT_TRUE(walked(3 * 4 + 3)) << service_->err();
  ASSERT_GT(scene_.count("walk", "kind = 'new' AND created > 0"), 0) << "else it is too quiet a life";
  ASSERT_GT(scene_.count("esim_profile_transition", "from_status IS NOT NULL"), 10);
  const Lines lines = stop();
  const long walks = scene_.count("walk", "kind = 'full' AND outcome IS NOT NULL");
  const long said = with(lines, "walk finished");
  EXPECT_LE(said, walks);
  EXPECT_EQ(with(lines, "kind=new"), 0) << joined(lines);
  EXPECT_EQ(with(lines, " warning ") + with(lines, " error "), 0) << joined(lines);
  // Beside a line for each full walk: that it starts, listens and stops, the migrations, and two for each project.
  const long beside = static_cast<long>(lines.size()) - said;
  const long start_lines = 3 + scene_.count("schema_migration") + 2 * 3;
  EXPECT_LE(beside, start_lines) << joined(lines);
  EXPECT_LT(3 * 4 + start_lines, 50) << "a healthy hour that begins with the first start";
}

TEST_F(ServiceLog, AnApiThatFailsAllTheTime) {
  start();
  ASSERT_TRUE(walked(3)) << service_->err();
  scene_.simulator.fault({{"fault", "status"}, {"status", 500}});
  std::this_thread::sleep_for(seconds{12});
  // Each has polls that failed by now: retries take as long as chance has it.
  ASSERT_TRUE(eventually([&] { return with(lines_of(service_->err()), "polls are failing") == 3; })) << service_->err();
  const Lines during = lines_of(service_->err());
  const long troubles = with(during, " warning ") + with(during, " error ");
  EXPECT_GE(troubles, 1) << joined(during);
  EXPECT_LE(troubles, 3 * 3) << joined(during);
  scene_.simulator.clear_faults();
  for (const char* project : {"acme", "beta", "gamma"}) {
    EXPECT_TRUE(eventually([&] {
      const Lines lines = lines_of(service_->err());
      return with(lines, std::string{"polls are answered again project="} + project) == 1;
    })) << service_->err();
  }
  stop();
}

TEST_F(ServiceLog, ASimThatCannotBeReadInEachWalk) {
  nlohmann::json item = scene_.simulator.truth().at(5);
  const std::string sim = item.at("id");
  item.erase("profile");
  item["createdAt"] = "never";
  start();
  ASSERT_TRUE(walked(3)) << service_->err();
  scene_.simulator.set(sim, {{"raw", item.dump()}});
  ASSERT_TRUE(walked(6, "project = 'acme' AND kind = 'full' AND outcome = 'incomplete'")) << service_->err();
  const Lines lines = stop();
  EXPECT_EQ(with(lines, "SIM skipped project=acme sim=" + sim), 1) << joined(lines);
  // Of either kind the first time, and how often it came again, at the latest when the service ends.
  Lines full;
  for (const std::string& line : lines) {
    if (line.find("warning walk finished project=acme") != std::string::npos &&
        line.find("kind=full") != std::string::npos) {
      full.push_back(line);
    }
  }
  ASSERT_EQ(full.size(), 2U) << joined(lines);
  EXPECT_THAT(full[0], testing::Not(HasSubstr("repeated=")));
  EXPECT_THAT(full[1], testing::ContainsRegex("repeated=[0-9]+ for_s=[0-9]+$"));
}

TEST(ServiceLogAndServer, ADatabaseThatComesAndGoes) {
  PrivateServer server;
  Simulator simulator{{.projects = {{.sims = 300}}}};
  TestDatabase database{server.url()};
  Daemon daemon{busy(settings_for(simulator, database))};
  const auto service = daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return service->err().find("walk finished") != std::string::npos; })) << service->err();
  const std::size_t before = service->err().size();
  for (int round = 0; round < 3; ++round) {
    server.stop();
    std::this_thread::sleep_for(seconds{2});
    server.start();
    const std::size_t seen = service->err().size();
    database.reconnect();
    const long walks = database.number("SELECT count(*) FROM simsync.walk WHERE outcome = 'complete'");
    ASSERT_TRUE(eventually([&] {
      return database.number("SELECT count(*) FROM simsync.walk WHERE outcome = 'complete'") > walks;
    })) << service->err().substr(seen);
  }
  service->signal(SIGTERM);
  const Outcome outcome = service->finish(seconds{20});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const Lines lines = lines_of(outcome.err.substr(before));
  EXPECT_GE(with(lines, "database answers again") + with(lines, "leases have their database again"), 1)
      << joined(lines);
  // Whatever the thread was at: each of these says its own trouble once, and at the end how often it came again.
  for (const char* event : {"database is away or busy", "leases wait for the database"}) {
    EXPECT_LE(with(lines, event), 2 * 4) << joined(lines);
  }
  EXPECT_LE(with(lines, " warning ") + with(lines, " error "), 24) << joined(lines);
}

}  // namespace
}  // namespace simsync::test
