#include "sync/profiles/poll_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Clock = PollSchedule::Clock;

const TimePoint kWall = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
const Clock::time_point kStart = Clock::time_point{} + 1h;

EsimProfile profile(const std::string& id, const std::string& status = "enabled") {
  return {id, status, kWall};
}

TEST(PollSchedule, ANewProfileIsDueAtOnceThenOnceAnInterval) {
  PollSchedule schedule{{15min, 30s}};
  schedule.watch({{"a", {}, {}}}, kStart, kWall);
  EXPECT_EQ(schedule.due(kStart), "a");
  EXPECT_EQ(schedule.due(kStart), std::nullopt);  // not again before its answer
  schedule.answered(profile("a"), kStart + 1s);
  EXPECT_EQ(schedule.due(kStart + 15min), std::nullopt);
  EXPECT_EQ(schedule.due(kStart + 15min + 1s), "a");
}

TEST(PollSchedule, ARestartKeepsThePace) {
  PollSchedule schedule{{15min, 30s}};
  schedule.watch({{"a", profile("a"), kWall - 10min}, {"b", profile("b"), kWall - 2h}, {"c", profile("c"), kWall + 1h}},
                 kStart, kWall);
  EXPECT_EQ(schedule.due(kStart), "b");
  EXPECT_EQ(schedule.due(kStart), std::nullopt);
  EXPECT_EQ(schedule.due(kStart + 5min), "a");
  EXPECT_EQ(schedule.due(kStart + 15min), "c");  // a poll in the future waits one interval at most
}

TEST(PollSchedule, AChangeIsFollowedClosely) {
  PollSchedule schedule{{15min, 30s}};
  schedule.watch({{"a", profile("a"), kWall - 1h}}, kStart, kWall);
  Clock::time_point now = kStart;
  std::vector<Clock::duration> pauses;
  schedule.due(now);
  schedule.answered(profile("a", "disabled"), now);
  for (int i = 0; i < 7; ++i) {
    pauses.push_back(*schedule.next_due() - now);
    now = *schedule.next_due();
    schedule.due(now);
    schedule.answered(profile("a", "disabled"), now);
  }
  EXPECT_THAT(pauses, testing::ElementsAre(30s, 60s, 120s, 240s, 480s, 900s, 900s));
}

TEST(PollSchedule, TheFirstAnswerIsNoChange) {
  PollSchedule schedule{{15min, 30s}};
  schedule.watch({{"a", {}, {}}}, kStart, kWall);
  schedule.due(kStart);
  schedule.answered(profile("a"), kStart);
  EXPECT_EQ(*schedule.next_due() - kStart, 15min);
}

TEST(PollSchedule, FailuresWaitEverLongerButNoLongerThanTheInterval) {
  PollSchedule schedule{{1min, 30s}};
  schedule.watch({{"a", {}, {}}}, kStart, kWall);
  Clock::time_point now = kStart;
  Clock::duration last{};
  for (int i = 0; i < 20; ++i) {
    schedule.due(now);
    schedule.failed("a", now);
    const Clock::duration pause = *schedule.next_due() - now;
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, 1min);
    last = pause;
    now += pause;
  }
  EXPECT_EQ(last, Clock::duration{1min});
}

TEST(PollSchedule, ANewRosterKeepsWhatStaysAndForgetsWhatLeft) {
  PollSchedule schedule{{15min, 30s}};
  schedule.watch({{"a", {}, {}}, {"b", {}, {}}, {"c", {}, {}}}, kStart, kWall);
  EXPECT_EQ(schedule.due(kStart), "a");
  EXPECT_EQ(schedule.due(kStart), "b");
  schedule.answered(profile("b"), kStart);
  // a is being asked, b was asked, c is due; a leaves, d comes.
  schedule.watch({{"d", {}, {}}, {"c", {}, {}}, {"b", {}, {}}}, kStart + 1s, kWall + 1s);
  EXPECT_EQ(schedule.size(), 3U);
  EXPECT_EQ(schedule.asked(), 0U);
  schedule.answered(profile("a"), kStart + 1s);  // too late: nothing happens
  EXPECT_EQ(schedule.due(kStart + 1s), "c");
  EXPECT_EQ(schedule.due(kStart + 1s), "d");
  EXPECT_EQ(schedule.due(kStart + 1s), std::nullopt);
  EXPECT_EQ(schedule.due(kStart + 15min), "b");
}

// A day of a fleet with random answers and rosters: no profile waits longer than its interval.
TEST(PollSchedule, NobodyStarves) {
  std::mt19937 random{11};
  PollSchedule schedule{{10min, 30s}};
  std::vector<WatchedProfile> roster;
  for (int i = 0; i < 300; ++i) roster.push_back({"sim_" + std::to_string(i), {}, {}});
  schedule.watch(roster, kStart, kWall);
  std::map<std::string, Clock::time_point> last;
  Clock::time_point now = kStart;
  for (const Clock::time_point end = kStart + 24h; now < end;) {
    if (const auto due = schedule.due(now)) {
      const bool asked_before = last.contains(*due);
      ASSERT_TRUE(!asked_before || now - last[*due] <= 10min + 1s);
      last[*due] = now;
      if (random() % 50 == 0) {
        schedule.failed(*due, now);
      } else {
        schedule.answered(profile(*due, random() % 20 == 0 ? "disabled" : "enabled"), now);
      }
    } else {
      now = std::max(now + 1ms, *schedule.next_due());
      if (random() % 1000 == 0)
        schedule.watch(roster, now, kWall + std::chrono::floor<std::chrono::microseconds>(now - kStart));
    }
  }
  EXPECT_EQ(last.size(), 300U);
}

}  // namespace
}  // namespace simsync
