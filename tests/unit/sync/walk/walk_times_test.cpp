#include "sync/walk/walk_times.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;

class WalkTimesTest : public testing::Test {
 protected:
  static WalkConfig config(Milliseconds interval, Milliseconds new_sims) {
    WalkConfig config;
    config.interval = interval;
    config.new_sims_interval = new_sims;
    return config;
  }

  const WalkTimes::Clock::time_point start_{};
  WalkTimes times_{config(15min, 1min), start_};
};

TEST_F(WalkTimesTest, TheFirstIsAFullWalkAtOnce) {
  EXPECT_TRUE(times_.full_is_due(start_));
  EXPECT_EQ(times_.next(false), start_);
}

TEST_F(WalkTimesTest, FromStartToStartWithLooksBetween) {
  times_.walked(start_, false, start_ + 2min);
  EXPECT_FALSE(times_.full_is_due(start_ + 14min));
  EXPECT_TRUE(times_.full_is_due(start_ + 15min));
  EXPECT_EQ(times_.next(true), start_ + 3min);
  times_.looked(start_ + 3min);
  EXPECT_EQ(times_.next(true), start_ + 4min);
  times_.looked(start_ + 14min + 30s);
  EXPECT_EQ(times_.next(true), start_ + 15min);
}

TEST_F(WalkTimesTest, NobodyLooksBeforeTheFirstWholeWalk) {
  times_.walked(start_, true, start_ + 10s);
  EXPECT_EQ(times_.next(false), start_ + 15s);
}

TEST_F(WalkTimesTest, AfterFailuresEverLaterButNotLaterThanTheInterval) {
  auto now = start_;
  for (const auto pause : {5s, 10s, 20s, 40s}) {
    times_.walked(now, true, now + 1s);
    EXPECT_EQ(times_.next(false), now + 1s + pause);
    now = times_.next(false);
  }
  for (int i = 0; i < 40; ++i) times_.walked(now, true, now);
  EXPECT_EQ(times_.next(false), now + 15min);
  times_.walked(now, false, now + 1s);
  EXPECT_TRUE(times_.full_is_due(now + 15min));
  EXPECT_FALSE(times_.full_is_due(now + 14min)) << "from its start again";
}

TEST_F(WalkTimesTest, OtherIntervalsHoldFromTheLastWalkOn) {
  times_.walked(start_, false, start_ + 1min);
  times_.looked(start_ + 5min);
  times_.reconfigure(config(7min, 10s));
  EXPECT_EQ(times_.next(true), start_ + 5min + 10s);
  EXPECT_TRUE(times_.full_is_due(start_ + 7min));
  times_.reconfigure(config(1h, 30min));
  EXPECT_FALSE(times_.full_is_due(start_ + 59min));
  EXPECT_EQ(times_.next(true), start_ + 35min);
}

}  // namespace
}  // namespace simsync
