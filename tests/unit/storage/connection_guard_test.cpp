#include "storage/connection_guard.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace simsync {
namespace {

using namespace std::chrono_literals;

// Two ends, as of a connection to a server that says nothing.
class ConnectionGuardTest : public testing::Test {
 protected:
  ConnectionGuardTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~ConnectionGuardTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  // Blocks until something comes, or the end.
  ssize_t receive() {
    char byte = 0;
    return recv(ends_[0], &byte, 1, 0);
  }

  std::array<int, 2> ends_{};
  ConnectionGuard guard_;
};

TEST_F(ConnectionGuardTest, EndsAWaitWithoutEnd) {
  const ConnectionGuard::Watch watch{guard_, ends_[0], 50ms};
  EXPECT_EQ(receive(), 0);
  EXPECT_TRUE(guard_.cut_off());
}

TEST_F(ConnectionGuardTest, LeavesAloneWhatEndedInTime) {
  for (int i = 0; i < 100; ++i) {
    const ConnectionGuard::Watch watch{guard_, ends_[0], 1h};
    ASSERT_EQ(send(ends_[1], "x", 1, 0), 1);
    EXPECT_EQ(receive(), 1);
  }
  EXPECT_FALSE(guard_.cut_off());
}

// Its thread sleeps for the long one when the short one begins.
TEST_F(ConnectionGuardTest, AShorterWatchAfterALongerOne) {
  { const ConnectionGuard::Watch watch{guard_, ends_[0], 1h}; }
  const ConnectionGuard::Watch watch{guard_, ends_[0], 50ms};
  EXPECT_EQ(receive(), 0);
}

TEST_F(ConnectionGuardTest, WhatIsRenewedHasItsWholePatienceAnew) {
  const auto begun = std::chrono::steady_clock::now();
  const ConnectionGuard::Watch watch{guard_, ends_[0], 400ms};
  std::this_thread::sleep_for(200ms);
  guard_.renew();
  EXPECT_EQ(receive(), 0);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 600ms);
}

TEST_F(ConnectionGuardTest, RenewingAfterwardsWatchesNothing) {
  { const ConnectionGuard::Watch watch{guard_, ends_[0], 20ms}; }
  guard_.renew();
  std::this_thread::sleep_for(100ms);
  ASSERT_EQ(send(ends_[1], "x", 1, 0), 1);
  EXPECT_EQ(receive(), 1);
}

TEST_F(ConnectionGuardTest, ALaterWatchHasItsOwnTime) {
  { const ConnectionGuard::Watch watch{guard_, ends_[0], 20ms}; }
  const ConnectionGuard::Watch watch{guard_, ends_[0], 1h};
  std::this_thread::sleep_for(100ms);
  ASSERT_EQ(send(ends_[1], "x", 1, 0), 1);
  EXPECT_EQ(receive(), 1) << "it was shut down by the time of the one before";
}

}  // namespace
}  // namespace simsync
