#include "sync/api/request_budget.h"

#include <gtest/gtest.h>

#include <random>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Kind = RequestBudget::Turn::Kind;
using Time = RequestBudget::Time;

const Time kStart{1000h};

RequestBudget::Turn take(RequestBudget& budget, Time now, Lane lane = Lane::others, bool others_wait = false) {
  return budget.try_take(now, lane, others_wait);
}

int take_all(RequestBudget& budget, Time now, Lane lane = Lane::others) {
  int taken = 0;
  while (taken < 100'000 && take(budget, now, lane).kind == Kind::granted) ++taken;
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
  const auto turn = take(budget, kStart);
  EXPECT_EQ(turn.kind, Kind::wait);
  EXPECT_EQ(turn.again, kStart + 10s);
  EXPECT_EQ(take(budget, kStart + 9s).kind, Kind::wait);
  EXPECT_EQ(take_all(budget, kStart + 10s), 1);
  EXPECT_EQ(take_all(budget, kStart + 1h), 1);
}

TEST(RequestBudget, WhoComesBackWhenToldIsServed) {
  RequestBudget budget(37.5);
  Time now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    const auto turn = take(budget, now);
    if (turn.kind == Kind::granted) continue;
    ASSERT_GT(turn.again, now);
    ASSERT_LE(turn.again, now + 27ms);
    now = turn.again;
    ASSERT_EQ(take(budget, now).kind, Kind::granted) << i;
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
    taken += take_all(budget, now, Lane::polls);
    if (take(budget, now, Lane::polls, true).kind == Kind::granted) ++taken;
    taken += take_all(budget, now, Lane::others);
  }
  EXPECT_LE(taken, 3600 * 20 + 20) << "seed " << seed;
  EXPECT_GE(taken, 3590 * 20) << "seed " << seed;
}

TEST(RequestBudget, PollsLeaveATenthOfASecond) {
  RequestBudget budget(50);
  EXPECT_EQ(take_all(budget, kStart + 1h, Lane::polls), 0) << "the first burst is the others'";
  EXPECT_EQ(take_all(budget, kStart + 2h, Lane::polls), 45);
  EXPECT_EQ(take_all(budget, kStart + 2h, Lane::others), 5);
}

// Polls that take whatever they may, whenever they may: another caller finds a token at any time, and the polls have
// the whole rate while it does not come.
TEST(RequestBudget, PollsThatNeverRestLeaveATokenToOthers) {
  for (const double per_second : {2.0, 3.5, 7.0, 10.0, 50.0, 1234.5}) {
    RequestBudget budget(per_second);
    Time now = kStart;
    int polls = 0;
    int others = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto turn = take(budget, now, Lane::polls);
      if (turn.kind == Kind::granted) {
        ++polls;
      } else {
        ASSERT_GT(turn.again, now);
        now = turn.again;
      }
      if (i % 100 != 99) continue;
      ASSERT_EQ(take(budget, now, Lane::others).kind, Kind::granted) << per_second;
      ++others;
    }
    const double allowed = per_second * std::chrono::duration<double>(now - kStart).count();
    EXPECT_GE(polls + others, allowed - per_second / 10 - 2) << per_second;
    EXPECT_LE(polls + others, allowed + per_second / 10 + 2) << per_second;
  }
}

TEST(RequestBudget, WhereTheBurstHasNoRoomPollsLeaveNothing) {
  for (const double per_second : {0.01, 0.5, 1.0, 1.2, 1.9}) {
    RequestBudget budget(per_second);
    EXPECT_EQ(take_all(budget, kStart, Lane::polls), 1) << per_second;
    const auto turn = take(budget, kStart, Lane::polls);
    ASSERT_EQ(turn.kind, Kind::wait) << per_second;
    EXPECT_EQ(take(budget, turn.again, Lane::polls).kind, Kind::granted) << per_second;
  }
}

TEST(RequestBudget, APollWhoseTurnItIsUsesTheReserve) {
  RequestBudget budget(50);
  EXPECT_EQ(take(budget, kStart, Lane::polls).again, kStart + 20ms);
  EXPECT_EQ(take(budget, kStart, Lane::polls, true).kind, Kind::granted);
  EXPECT_EQ(take_all(budget, kStart, Lane::others), 4);
  // Each token is taken as soon as it is whole, so that there never is more than the reserve.
  Time now = kStart;
  for (int i = 0; i < 100; ++i) {
    now += 20ms;
    ASSERT_EQ(take(budget, now, Lane::polls).kind, Kind::wait);
    ASSERT_EQ(take(budget, now, i % 2 == 0 ? Lane::polls : Lane::others, true).kind, Kind::granted) << i;
    ASSERT_EQ(take(budget, now, Lane::polls, true).again, now + 20ms);
  }
}

TEST(RequestBudget, APollMayBeTheProbe) {
  RequestBudget budget(50);
  budget.token_refused(kStart, false);
  EXPECT_EQ(take(budget, kStart + 29s, Lane::polls).kind, Kind::refused);
  const auto turn = take(budget, kStart + 30s, Lane::polls);
  ASSERT_EQ(turn.kind, Kind::wait) << "the bucket holds the reserve so far";
  EXPECT_TRUE(take(budget, turn.again, Lane::polls).probe);
  EXPECT_EQ(take(budget, turn.again, Lane::others).kind, Kind::refused) << "only one probe";
}

TEST(RequestBudget, APauseHoldsEverybody) {
  RequestBudget budget(0);
  budget.pause(kStart, kStart + 30s);
  budget.pause(kStart + 5s, kStart + 10s);  // does not shorten
  const auto turn = take(budget, kStart + 20s);
  EXPECT_EQ(turn.kind, Kind::paused);
  EXPECT_EQ(take(budget, kStart + 20s, Lane::polls, true).kind, Kind::paused);
  EXPECT_EQ(turn.since, kStart);
  EXPECT_EQ(turn.again, kStart + 30s);
  EXPECT_EQ(budget.paused_between(kStart + 20s, kStart + 25s), 5s);
  EXPECT_EQ(budget.paused_between(kStart - 20s, kStart + 40s), 30s);
  EXPECT_EQ(budget.paused_between(kStart + 31s, kStart + 40s), 0s);
  EXPECT_EQ(take(budget, kStart + 30s).kind, Kind::granted);
}

TEST(RequestBudget, PausesWithoutAGapAreOne) {
  RequestBudget budget(0);
  budget.pause(kStart, kStart + 30s);
  budget.pause(kStart + 29s, kStart + 60s);
  EXPECT_EQ(take(budget, kStart + 40s).since, kStart);
  budget.pause(kStart + 60s, kStart + 90s);
  EXPECT_EQ(take(budget, kStart + 70s).since, kStart + 60s) << "a request could go in between";
}

TEST(RequestBudget, ARefusedTokenIsProbedEverMoreRarely) {
  RequestBudget budget(0);
  Time now = kStart;
  budget.token_refused(now, false);
  for (const auto wait : {30s, 60s, 120s, 300s, 600s, 600s, 600s}) {
    EXPECT_EQ(take(budget, now + wait - 1ms).kind, Kind::refused);
    EXPECT_EQ(take(budget, now + wait - 1ms).again, now + wait);
    now += wait;
    const auto probe = take(budget, now);
    EXPECT_EQ(probe.kind, Kind::granted);
    EXPECT_TRUE(probe.probe);
    EXPECT_EQ(take(budget, now).kind, Kind::refused) << "only one probe";
    budget.token_refused(now, true);
  }
}

TEST(RequestBudget, RequestsThatLeftTogetherCountOnce) {
  RequestBudget budget(0);
  for (int i = 0; i < 16; ++i) budget.token_refused(kStart + std::chrono::milliseconds(i), false);
  EXPECT_EQ(take(budget, kStart).again, kStart + 30s);
}

TEST(RequestBudget, ALostProbeIsFollowedByAnother) {
  RequestBudget budget(0);
  budget.token_refused(kStart, false);
  EXPECT_TRUE(take(budget, kStart + 30s).probe);
  EXPECT_EQ(take(budget, kStart + 59s).kind, Kind::refused);
  EXPECT_TRUE(take(budget, kStart + 60s).probe);
}

TEST(RequestBudget, SuccessOpensAgain) {
  RequestBudget budget(0);
  budget.token_refused(kStart, false);
  EXPECT_TRUE(take(budget, kStart + 30s).probe);
  budget.token_refused(kStart + 30s, true);
  EXPECT_TRUE(take(budget, kStart + 90s).probe);
  budget.token_accepted();
  EXPECT_EQ(take_all(budget, kStart + 90s), 100'000);
  budget.token_refused(kStart + 100s, false);
  EXPECT_EQ(take(budget, kStart + 100s).again, kStart + 130s) << "the steps start over";
}

}  // namespace
}  // namespace simsync
