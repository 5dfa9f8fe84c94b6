#include "sync/api/request_budget.h"

#include <gtest/gtest.h>

#include <random>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Kind = RequestBudget::Turn::Kind;
using Time = RequestBudget::Time;

const Time kStart{1000h};

int take_all(RequestBudget& budget, Time now) {
  int taken = 0;
  while (taken < 100'000 && budget.try_take(now).kind == Kind::granted) ++taken;
  return taken;
}

TEST(RequestBudget, WithoutALimitEverythingGoes) {
  RequestBudget budget(0);
  EXPECT_EQ(take_all(budget, kStart), 100'000);
}

TEST(RequestBudget, StartsSmallAndBurstsUpToASecond) {
  RequestBudget budget(50);
  EXPECT_EQ(take_all(budget, kStart), 5);
  EXPECT_EQ(take_all(budget, kStart + 100ms), 5);
  EXPECT_EQ(take_all(budget, kStart + 1h), 50);
}

TEST(RequestBudget, SlowRatesStillGetOne) {
  RequestBudget budget(0.1);
  EXPECT_EQ(take_all(budget, kStart), 1);
  const auto turn = budget.try_take(kStart);
  EXPECT_EQ(turn.kind, Kind::wait);
  EXPECT_EQ(turn.again, kStart + 10s);
  EXPECT_EQ(budget.try_take(kStart + 9s).kind, Kind::wait);
  EXPECT_EQ(take_all(budget, kStart + 10s), 1);
  EXPECT_EQ(take_all(budget, kStart + 1h), 1);
}

TEST(RequestBudget, WhoComesBackWhenToldIsServed) {
  RequestBudget budget(37.5);
  Time now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    const auto turn = budget.try_take(now);
    if (turn.kind == Kind::granted) continue;
    ASSERT_GT(turn.again, now);
    ASSERT_LE(turn.again, now + 27ms);
    now = turn.again;
    ASSERT_EQ(budget.try_take(now).kind, Kind::granted) << i;
  }
}

TEST(RequestBudget, NeverMoreThanTheRateOverAnySpan) {
  const unsigned seed = 7;
  std::mt19937 random(seed);
  RequestBudget budget(20);
  Time now = kStart;
  int taken = 0;
  while (now < kStart + 1h) {
    now += std::chrono::milliseconds(random() % 200);
    if (random() % 500 == 0) now -= 50ms;  // callers do not come in the order of their clocks
    taken += take_all(budget, now);
  }
  EXPECT_LE(taken, 3600 * 20 + 20) << "seed " << seed;
  EXPECT_GE(taken, 3590 * 20) << "seed " << seed;
}

TEST(RequestBudget, APauseHoldsEverybody) {
  RequestBudget budget(0);
  budget.pause(kStart, kStart + 30s);
  budget.pause(kStart + 5s, kStart + 10s);  // does not shorten
  const auto turn = budget.try_take(kStart + 20s);
  EXPECT_EQ(turn.kind, Kind::paused);
  EXPECT_EQ(turn.since, kStart);
  EXPECT_EQ(turn.again, kStart + 30s);
  EXPECT_EQ(budget.paused_between(kStart + 20s, kStart + 25s), 5s);
  EXPECT_EQ(budget.paused_between(kStart - 20s, kStart + 40s), 30s);
  EXPECT_EQ(budget.paused_between(kStart + 31s, kStart + 40s), 0s);
  EXPECT_EQ(budget.try_take(kStart + 30s).kind, Kind::granted);
}

TEST(RequestBudget, PausesWithoutAGapAreOne) {
  RequestBudget budget(0);
  budget.pause(kStart, kStart + 30s);
  budget.pause(kStart + 29s, kStart + 60s);
  EXPECT_EQ(budget.try_take(kStart + 40s).since, kStart);
  budget.pause(kStart + 60s, kStart + 90s);
  EXPECT_EQ(budget.try_take(kStart + 70s).since, kStart + 60s) << "a request could go in between";
}

TEST(RequestBudget, ARefusedTokenIsProbedEverMoreRarely) {
  RequestBudget budget(0);
  Time now = kStart;
  budget.token_refused(now, false);
  for (const auto wait : {30s, 60s, 120s, 300s, 600s, 600s, 600s}) {
    EXPECT_EQ(budget.try_take(now + wait - 1ms).kind, Kind::refused);
    EXPECT_EQ(budget.try_take(now + wait - 1ms).again, now + wait);
    now += wait;
    const auto probe = budget.try_take(now);
    EXPECT_EQ(probe.kind, Kind::granted);
    EXPECT_TRUE(probe.probe);
    EXPECT_EQ(budget.try_take(now).kind, Kind::refused) << "only one probe";
    budget.token_refused(now, true);
  }
}

TEST(RequestBudget, RequestsThatLeftTogetherCountOnce) {
  RequestBudget budget(0);
  for (int i = 0; i < 16; ++i) budget.token_refused(kStart + std::chrono::milliseconds(i), false);
  EXPECT_EQ(budget.try_take(kStart).again, kStart + 30s);
}

TEST(RequestBudget, ALostProbeIsFollowedByAnother) {
  RequestBudget budget(0);
  budget.token_refused(kStart, false);
  EXPECT_TRUE(budget.try_take(kStart + 30s).probe);
  EXPECT_EQ(budget.try_take(kStart + 59s).kind, Kind::refused);
  EXPECT_TRUE(budget.try_take(kStart + 60s).probe);
}

TEST(RequestBudget, SuccessOpensAgain) {
  RequestBudget budget(0);
  budget.token_refused(kStart, false);
  EXPECT_TRUE(budget.try_take(kStart + 30s).probe);
  budget.token_refused(kStart + 30s, true);
  EXPECT_TRUE(budget.try_take(kStart + 90s).probe);
  budget.token_accepted();
  EXPECT_EQ(take_all(budget, kStart + 90s), 100'000);
  budget.token_refused(kStart + 100s, false);
  EXPECT_EQ(budget.try_take(kStart + 100s).again, kStart + 130s) << "the steps start over";
}

}  // namespace
}  // namespace simsync
