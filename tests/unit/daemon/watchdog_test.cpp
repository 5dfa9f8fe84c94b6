// What systemd hears of loops that come round, and of one that does not: by a real socket.
#include "daemon/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "tests/support/notify_socket.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

class WatchdogTest : public testing::Test {
 protected:
  WatchdogTest() { setenv("NOTIFY_SOCKET", systemd_.path().c_str(), 1); }
  ~WatchdogTest() override { unsetenv("NOTIFY_SOCKET"); }

  std::size_t heard() { return systemd_.count("WATCHDOG=1"); }
  bool hears_more() {
    const std::size_t before = heard();
    return test::eventually([&] { return heard() > before + 3; });
  }

  test::NotifySocket systemd_;
  Pulses pulses_;
};

TEST_F(WatchdogTest, HearsOnlyWhileEveryLoopComesRound) {
  std::atomic<bool> hang = false;
  const Pulse steady = pulses_.begin("steady", 1h);
  const std::jthread loop{[&, pulse = pulses_.begin("walks of acme", 100ms)](const std::stop_token& stop) {
    for (; !stop.stop_requested(); std::this_thread::sleep_for(5ms)) {
      if (!hang) pulse.beat();
    }
  }};
  const Watchdog watchdog{pulses_, 40ms};
  EXPECT_TRUE(hears_more());
  hang = true;
  // What was said before it was noticed is not counted.
  ASSERT_TRUE(test::eventually([&] { return pulses_.too_long(Pulses::Clock::now()).has_value(); }));
  std::this_thread::sleep_for(100ms);
  const std::size_t before = heard();
  std::this_thread::sleep_for(400ms);
  EXPECT_EQ(heard(), before);
  hang = false;
  EXPECT_TRUE(hears_more());
}

TEST_F(WatchdogTest, ALoopThatRestsOrHasEndedIsNotWaitedFor) {
  const Pulse resting = pulses_.begin("rests", 1ms);
  resting.rest();
  pulses_.begin("ended", 1ms);
  std::this_thread::sleep_for(10ms);
  const Watchdog watchdog{pulses_, 40ms};
  EXPECT_TRUE(hears_more());
}

}  // namespace
}  // namespace simsync
