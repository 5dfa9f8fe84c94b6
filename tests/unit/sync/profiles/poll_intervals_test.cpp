#include "sync/profiles/poll_intervals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Reason = PollIntervals::Reason;

class PollIntervalsTest : public testing::Test {
 protected:
  [[nodiscard]] Milliseconds after(Milliseconds quiet_for, bool retired = false) const {
    return intervals_.every(intervals_.step(quiet_for, retired, intervals_.quietest()));
  }

  PollIntervals intervals_{ProfilesConfig{}};
};

TEST_F(PollIntervalsTest, WhatMovedLatelyIsAskedEverMoreRarely) {
  std::vector<Milliseconds> pauses;
  for (Milliseconds quiet = 0ms; pauses.size() < 8; quiet += pauses.back()) pauses.push_back(after(quiet));
  EXPECT_THAT(pauses, testing::ElementsAre(30s, 60s, 120s, 240s, 480s, 15min, 15min, 15min));
}

TEST_F(PollIntervalsTest, WhatIsLongQuietUpToTheQuietInterval) {
  EXPECT_EQ(after(24h * 7 - 1ms), 15min);
  EXPECT_EQ(after(24h * 7), 6h);
  EXPECT_EQ(after(24h * 3650), 6h);
}

TEST_F(PollIntervalsTest, NoLongerThanTheBudgetMakesIt) {
  EXPECT_EQ(intervals_.step(24h * 365, false, intervals_.usual()), intervals_.usual());
  const Milliseconds next = intervals_.every(intervals_.step(24h * 365, false, intervals_.usual() + 1));
  EXPECT_GT(next, 15min);
  EXPECT_LT(next, 20min);
  EXPECT_EQ(intervals_.step(24h * 365, false, intervals_.retired()), intervals_.quietest());
}

TEST_F(PollIntervalsTest, TheRetiredOnceADayButNotWhileTheyMove) {
  EXPECT_EQ(after(0s, true), 30s);
  EXPECT_EQ(after(10min, true), 15min);
  EXPECT_EQ(after(15min, true), 24h);
  EXPECT_EQ(after(24h * 365, true), 24h);
}

TEST_F(PollIntervalsTest, ATimeToComeIsNow) {
  EXPECT_EQ(after(-1h), 30s);
}

TEST_F(PollIntervalsTest, SaysWhy) {
  const auto why = [this](Milliseconds quiet, bool retired = false) {
    return intervals_.reason(intervals_.step(quiet, retired, intervals_.quietest()));
  };
  EXPECT_EQ(why(1s), Reason::recent);
  EXPECT_EQ(why(1h), Reason::usual);
  EXPECT_EQ(why(24h), Reason::usual);
  EXPECT_EQ(why(24h * 7), Reason::quiet);
  EXPECT_EQ(why(24h, true), Reason::retired);
}

TEST(PollIntervalsOfAConfiguration, MayAllBeTheSame) {
  ProfilesConfig config;
  config.interval = config.recent_interval = config.quiet_interval = config.retired_interval = 1s;
  const PollIntervals intervals{config};
  EXPECT_EQ(intervals.size(), 2U);
  EXPECT_EQ(intervals.step(24h, false, intervals.quietest()), intervals.usual());
  EXPECT_EQ(intervals.every(intervals.retired()), 1s);
}

// The longest that may be configured do not overflow, and the steps stay few.
TEST(PollIntervalsOfAConfiguration, HaveFewSteps) {
  ProfilesConfig config;
  config.recent_interval = 1s;
  config.quiet_interval = config.retired_interval = 24h * 366;
  for (const Milliseconds interval : {Milliseconds{1s}, Milliseconds{15min}, Milliseconds{24h * 366}}) {
    config.interval = interval;
    const PollIntervals intervals{config};
    EXPECT_LT(intervals.size(), 60U);
    for (PollIntervals::Step step = 1; step <= intervals.quietest(); ++step) {
      EXPECT_GT(intervals.every(step), intervals.every(step - 1));
    }
  }
}

}  // namespace
}  // namespace simsync
