#include "daemon/signals.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "sync/stopping.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

bool stopped_soon(const Signals& signals) {
  return !sleep_for(5s, signals.stop_token());
}

TEST(Signals, ASignalAsksForTheStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    bool late = false;
    {
      const Signals signals{[&late] { late = true; }};
      EXPECT_FALSE(signals.stop_token().stop_requested());
      ASSERT_EQ(kill(getpid(), signal), 0);
      EXPECT_TRUE(stopped_soon(signals));
    }
    EXPECT_FALSE(late) << "it ended in time";
  }
}

TEST(Signals, HangupIsNoStop) {
  const Signals signals{[] {}};
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  EXPECT_TRUE(sleep_for(50ms, signals.stop_token()));
}

TEST(Signals, HangupDoesWhatItIsToldAlsoIfItCameEarlier) {
  Signals signals{[] {}};
  std::atomic<int> times = 0;
  const auto comes_to = [&](int number) {
    for (int i = 0; i < 5000 && times != number; ++i) std::this_thread::sleep_for(1ms);
    return times == number;
  };
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  std::this_thread::sleep_for(100ms);
  {
    const HangupAction hangup{signals, [&] { ++times; }};
    EXPECT_TRUE(comes_to(1)) << "the one that came before";
    ASSERT_EQ(kill(getpid(), SIGHUP), 0);
    EXPECT_TRUE(comes_to(2));
  }
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(times, 2);
}

TEST(Signals, MainHearsOfAStopThatIsLate) {
  std::stop_source late;
  const Signals signals{[&late] { late.request_stop(); }, 20ms};
  EXPECT_TRUE(sleep_for(50ms, late.get_token())) << "not before a stop is asked for";
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);
  EXPECT_FALSE(sleep_for(5s, late.get_token()));
  EXPECT_TRUE(signals.stop_token().stop_requested());
}

}  // namespace
}  // namespace simsync
