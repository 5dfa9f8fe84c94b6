#include "daemon/stop_signals.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

#include "sync/stopping.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

bool stopped_soon(const StopSignals& signals) {
  return !sleep_for(5s, signals.token());
}

TEST(StopSignals, ASignalAsksForTheStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    bool late = false;
    {
      const StopSignals signals{[&late] { late = true; }};
      EXPECT_FALSE(signals.token().stop_requested());
      ASSERT_EQ(kill(getpid(), signal), 0);
      EXPECT_TRUE(stopped_soon(signals));
    }
    EXPECT_FALSE(late) << "it ended in time";
  }
}

TEST(StopSignals, HangupIsNoStop) {
  const StopSignals signals{[] {}};
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  EXPECT_TRUE(sleep_for(50ms, signals.token()));
}

TEST(StopSignals, MainHearsOfAStopThatIsLate) {
  std::stop_source late;
  const StopSignals signals{[&late] { late.request_stop(); }, 20ms};
  EXPECT_TRUE(sleep_for(50ms, late.get_token())) << "not before a stop is asked for";
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);
  EXPECT_FALSE(sleep_for(5s, late.get_token()));
  EXPECT_TRUE(signals.token().stop_requested());
}

}  // namespace
}  // namespace simsync
