// What systemd hears of the service, by sd_notify(3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;

// The other end of NOTIFY_SOCKET.
class NotifySocket {
 public:
  NotifySocket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    if (socket_ < 0 || bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("no socket");
    }
  }
  ~NotifySocket() { close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  [[nodiscard]] std::string path() const { return folder_.file("notify"); }

  // All that was said until now, a line each.
  const std::string& said() {
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = recv(socket_, buffer.data(), buffer.size(), 0)) > 0;) {
      said_ += std::string(buffer.data(), static_cast<std::size_t>(size)) + "\n";
    }
    return said_;
  }
  bool hears(const std::string& what) {
    return eventually([&] { return said().find(what) != std::string::npos; });
  }

 private:
  TempDir folder_;
  int socket_;
  std::string said_;
};

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
  EXPECT_EQ(systemd.said(), "");
}

TEST(Notify, AOnePassCommandSaysNothing) {
  NotifySocket systemd;
  Scene scene{{.projects = {{.sims = 60}}}};
  scene.daemon.set_environment("NOTIFY_SOCKET", systemd.path());
  scene.sync_well();
  EXPECT_EQ(systemd.said(), "");
}

}  // namespace
}  // namespace simsync::test
