// What systemd hears of the service, by sd_notify(3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tests/support/notify_socket.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;

TEST(Notify, ReadyFiguresAndTheStop) {
  NotifySocket systemd;
  Scene scene{{.projects = {{.sims = 300}}}};
  scene.sync_well();
  scene.daemon.set_environment("NOTIFY_SOCKET", systemd.path());
  const auto service = scene.daemon.start({"run"});
  EXPECT_TRUE(systemd.hears("READY=1\n")) << service->err();
  EXPECT_TRUE(systemd.hears("STATUS=acme: 300 SIMs, walked ")) << systemd.said();
  EXPECT_THAT(systemd.said(), testing::Not(HasSubstr("STOPPING")));
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait_for(std::chrono::seconds{20}), std::optional<int>{0});
  EXPECT_TRUE(systemd.hears("STOPPING=1\n")) << systemd.said();
}

TEST(Notify, StatusSaysOnWhichMachineItRuns) {
  Scene scene{{.projects = {{.sims = 60}}}};
  scene.sync_well();
  const auto host = [&] {
    const Outcome status = scene.daemon.run({"status", "--output", "json"});
    EXPECT_EQ(status.status, 0) << status.err;
    const auto value = Simulator::Json::parse(status.out).at(0).at("host");
    return value.is_null() ? "nobody's" : value.get<std::string>();
  };
  EXPECT_EQ(host(), "nobody's");
  const auto service = scene.daemon.start({"run"});
  std::array<char, 256> name{};
  ASSERT_EQ(gethostname(name.data(), name.size() - 1), 0);
  EXPECT_TRUE(eventually([&] { return host() == name.data(); })) << service->err();
  service->signal(SIGTERM);
  service->finish(std::chrono::seconds{20});
  EXPECT_EQ(host(), "nobody's");
}

TEST(Notify, NotReadyWithoutADatabase) {
  NotifySocket systemd;
  Scene scene{{.projects = {{.sims = 60}}}};
  scene.settings.database_url = "postgresql://postgres@127.0.0.1:1/nowhere";
  scene.configure();
  scene.daemon.set_environment("NOTIFY_SOCKET", systemd.path());
  EXPECT_EQ(scene.daemon.run({"run"}).status, 4);
  EXPECT_EQ(systemd.said(), "\n");
}

// What the server does for the program stands still, as if its machine were stuck, and libpq waits for it for ever.
class FrozenSessions {
 public:
  explicit FrozenSessions(const TestDatabase& database) {
    for (const DatabaseRow& row : database.rows(
             "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")) {
      processes_.push_back(std::stoi(*row[0]));
    }
    for (const pid_t process : processes_) kill(process, SIGSTOP);
  }
  ~FrozenSessions() {
    for (const pid_t process : processes_) kill(process, SIGCONT);
  }
  FrozenSessions(const FrozenSessions&) = delete;
  FrozenSessions& operator=(const FrozenSessions&) = delete;

 private:
  std::vector<pid_t> processes_;
};

// What waits for a database is not stuck; what is, tests/unit/daemon/watchdog_test.cpp shows.
TEST(Notify, TheWatchdogHearsAlsoWhileTheDatabaseIsFrozen) {
  NotifySocket systemd;
  Scene scene{{.projects = {{.sims = 60}}}};
  scene.daemon.set_environment("NOTIFY_SOCKET", systemd.path());
  scene.daemon.set_environment("WATCHDOG_USEC", "2000000");
  const auto service = scene.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return systemd.count("WATCHDOG=1") > 5; })) << service->err();
  {
    const FrozenSessions frozen{scene.database};
    const std::size_t heard = systemd.count("WATCHDOG=1");
    EXPECT_TRUE(eventually([&] { return systemd.count("WATCHDOG=1") > heard + 8; })) << service->err();
  }
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait_for(std::chrono::seconds{20}), std::optional<int>{0}) << service->err();
}

TEST(Notify, AOnePassCommandSaysNothing) {
  NotifySocket systemd;
  Scene scene{{.projects = {{.sims = 60}}}};
  scene.daemon.set_environment("NOTIFY_SOCKET", systemd.path());
  scene.sync_well();
  EXPECT_EQ(systemd.said(), "\n");
}

}  // namespace
}  // namespace simsync::test
