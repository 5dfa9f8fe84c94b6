#include "sync/pulse.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;

TEST(Pulse, OneThatNobodyMadeMayBeatAllTheSame) {
  const Pulse nobody;
  nobody.beat();
  nobody.allow(1s);
}

TEST(Pulse, ALoopIsStuckAfterItsLongestSilence) {
  Pulses pulses;
  const auto begun = Pulses::Clock::now();
  const Pulse pulse = pulses.begin("walks of acme", 10s);
  EXPECT_FALSE(pulses.too_long(begun + 9s));
  const auto silence = pulses.too_long(begun + 12s);
  ASSERT_TRUE(silence);
  EXPECT_EQ(silence->loop, "walks of acme");
  EXPECT_GT(silence->lasted, 10s);
  EXPECT_LE(silence->lasted, 12s);
}

TEST(Pulse, EachBeatBeginsTheSilenceAnew) {
  Pulses pulses;
  const Pulse pulse = pulses.begin("polls", 50ms);
  const Pulse copy = pulse;
  const auto late = Pulses::Clock::now() + 60ms;
  ASSERT_TRUE(pulses.too_long(late));
  while (Pulses::Clock::now() < late) copy.beat();
  EXPECT_FALSE(pulses.too_long(late));
}

TEST(Pulse, TheOneBeyondItsLimitForLongestIsNamed) {
  Pulses pulses;
  const auto now = Pulses::Clock::now();
  const Pulse patient = pulses.begin("patient", 50s);
  const Pulse quick = pulses.begin("quick", 1s);
  EXPECT_EQ(pulses.too_long(now + 40s)->loop, "quick");
  quick.allow(1h);
  EXPECT_FALSE(pulses.too_long(now + 40s));
  EXPECT_EQ(pulses.too_long(now + 60s)->loop, "patient");
}

// The clock counts from the machine's start: one that may be silent for an hour rests on a machine that began a minute
// ago.
TEST(Pulse, ALoopThatRestsIsNeverSilent) {
  Pulses pulses;
  const Pulse pulse = pulses.begin("history of acme", 1h);
  pulse.rest();
  for (const auto since_start :
       {Pulses::Clock::duration{0}, Pulses::Clock::duration{1min}, Pulses::Clock::duration{24h}}) {
    EXPECT_FALSE(pulses.too_long(Pulses::Clock::time_point{since_start}));
  }
  pulse.beat();
  EXPECT_TRUE(pulses.too_long(Pulses::Clock::now() + 2h));
}

TEST(Pulse, WhatHasEndedIsNotWatched) {
  Pulses pulses;
  const auto now = Pulses::Clock::now();
  {
    const Pulse pulse = pulses.begin("gone", 1s);
    EXPECT_TRUE(pulses.too_long(now + 5s));
  }
  EXPECT_FALSE(pulses.too_long(now + 5s));
}

}  // namespace
}  // namespace simsync
