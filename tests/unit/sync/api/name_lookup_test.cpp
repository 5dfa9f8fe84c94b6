// Names, and what becomes of a request whose name server says nothing: in a network of its own, which takes root;
// without, that part is skipped.
#include "sync/api/name_lookup.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(NameLookup, NumbersAndTheHostsFileNeedNobody) {
  EXPECT_THAT(look_up("192.0.2.7", Clock::now() + 1s, {}).addresses, testing::ElementsAre("192.0.2.7"));
  EXPECT_THAT(look_up("2001:db8::7", Clock::now() + 1s, {}).addresses, testing::ElementsAre("2001:db8::7"));
  EXPECT_THAT(look_up("localhost", Clock::now() + 30s, {}).addresses, testing::Contains("127.0.0.1"));
}

TEST(NameLookup, WhatCannotBeANameIsSaidToBeNone) {
  const NameLookup none = look_up("no such host.invalid", Clock::now() + 30s, {});
  EXPECT_THAT(none.addresses, testing::IsEmpty());
  EXPECT_NE(none.error, "");
}

#ifndef __SANITIZE_THREAD__  // which takes another way

constexpr int kMayNot = 77;

// A network that has nothing but this machine, and a name server on it that never answers.
void enter_network_of_silence() {
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    _exit(kMayNot);
  }
  const int server = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq loopback{};
  std::string{"lo"}.copy(loopback.ifr_name, IFNAMSIZ - 1);
  loopback.ifr_flags = IFF_UP;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (ioctl(server, SIOCSIFFLAGS, &loopback) != 0 ||
      bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    _exit(kMayNot);
  }
  const std::string file = "/tmp/simsync_resolv_" + std::to_string(getpid());
  std::ofstream(file) << "nameserver 127.0.0.1\n";
  const bool mounted = mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0;
  unlink(file.c_str());
  if (!mounted) _exit(kMayNot);
}

// What `body` returns, in a process of its own in that network.
int in_silence(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    enter_network_of_silence();
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The C library would wait for ten seconds.
TEST(NameLookup, ASilentNameServerIsWaitedForUntilTheDeadline) {
  const int code = in_silence([] {
    const Clock::time_point deadline = Clock::now() + 300ms;
    const NameLookup none = look_up("api.example", deadline, {});
    if (!none.addresses.empty() || none.error != "no answer from the name server") return 1;
    if (Clock::now() < deadline) return 2;
    return Clock::now() < deadline + 4s ? 0 : 3;
  });
  if (code == kMayNot) GTEST_SKIP() << "needs root and a network namespace";
  EXPECT_EQ(code, 0);
}

TEST(NameLookup, AStopEndsTheWaitForIt) {
  const int code = in_silence([] {
    std::stop_source stop;
    stop.request_stop();
    const Clock::time_point begun = Clock::now();
    const NameLookup none = look_up("api.example", begun + 1h, stop.get_token());
    if (!none.addresses.empty() || none.error != "no answer from the name server") return 1;
    return Clock::now() < begun + 4s ? 0 : 3;
  });
  if (code == kMayNot) GTEST_SKIP() << "needs root and a network namespace";
  EXPECT_EQ(code, 0);
}

#endif

}  // namespace
}  // namespace simsync
