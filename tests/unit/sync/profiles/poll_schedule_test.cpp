#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/sync/profiles/schedule_fixture.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Failure = PollSchedule::Failure;
using testing::ElementsAre;

TEST_F(PollScheduleTest, ANewProfileIsDueAtOnceThenWithinEachInterval) {
  roster({never_polled("a")});
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(), "-") << "not again before its answer";
  EXPECT_EQ(schedule_.next_due(), std::nullopt);
  answer("a");
  const auto first = wait();
  EXPECT_GE(first, 15min / 2);
  EXPECT_LE(first, 15min);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(next(), "a");
    answer("a");
    EXPECT_EQ(wait(), 15min) << "then it has its place";
  }
}

TEST_F(PollScheduleTest, ARestartKeepsThePace) {
  Watched ahead = watched("ahead");
  ahead.known->last_polled_at = kWall + 1h;  // of a clock that went back
  roster({watched("late", 2h), watched("later", 3h), watched("lately", 1min), ahead});
  EXPECT_EQ(next(), "later");
  EXPECT_EQ(next(), "late");
  EXPECT_EQ(next(), "-");
  std::vector<std::string> order;
  while (now_ < kStart + 15min) {
    if (!schedule_.next_due()) break;
    wait();
    order.push_back(next());
  }
  EXPECT_THAT(order, testing::UnorderedElementsAre("lately", "ahead"));
  EXPECT_LE(now_, kStart + 15min);
}

TEST_F(PollScheduleTest, AChangeIsFollowedClosely) {
  roster({watched("a", 1h)});
  EXPECT_EQ(next(), "a");
  EXPECT_TRUE(answer("a", "disabled").moved);
  std::vector<std::chrono::milliseconds> pauses;
  for (std::chrono::milliseconds since = 0s; since < 30min; since += pauses.back()) {
    pauses.push_back(wait());
    next();
    EXPECT_FALSE(answer("a", "disabled").moved);
    // It is asked again after as long as it has been quiet, about.
    EXPECT_LE(pauses.back(), std::max<std::chrono::milliseconds>(30s, 2 * since)) << since.count();
  }
  EXPECT_LE(pauses.front(), 30s);
  EXPECT_LE(pauses.size(), 12U);
  EXPECT_EQ(wait(), 15min);
}

TEST_F(PollScheduleTest, ATimeThatMovesIsAChange) {
  roster({watched("a", 1h)});
  next();
  EsimProfile later = profile("a");
  later.updated_at += 1us;
  EXPECT_TRUE(schedule_.answered(tickets_["a"], {later, wall_of(now_), wall_of(now_)}, now_).moved);
}

TEST_F(PollScheduleTest, TheFirstAnswerIsForTheDatabaseButNoChange) {
  roster({never_polled("a")});
  next();
  EXPECT_TRUE(answer("a").moved);
  EXPECT_GE(wait(), 15min / 2);
}

TEST_F(PollScheduleTest, WhatTheApiSaysMovedLatelyIsFollowed) {
  roster({never_polled("a")});
  next();
  EsimProfile lately = profile("a");
  lately.updated_at = kWall - 1s;
  schedule_.answered(tickets_["a"], {lately, wall_of(now_), wall_of(now_)}, now_);
  schedule_.handed_over(tickets_["a"], now_);
  EXPECT_LE(wait(), 30s);
}

// A time to come must not keep a profile recent for years.
TEST_F(PollScheduleTest, ATimeToComeIsNow) {
  roster({never_polled("a")});
  next();
  EsimProfile ahead = profile("a");
  ahead.updated_at = kWall + 24h * 3650;
  schedule_.answered(tickets_["a"], {ahead, wall_of(now_), wall_of(now_)}, now_);
  schedule_.handed_over(tickets_["a"], now_);
  std::chrono::milliseconds pause{};
  for (int i = 0; i < 20; ++i) {
    pause = wait();
    next();
    schedule_.answered(tickets_["a"], {ahead, wall_of(now_), wall_of(now_)}, now_);
  }
  EXPECT_EQ(pause, 15min);
}

TEST_F(PollScheduleTest, ASimThatIsActivatedIsAskedSoon) {
  Watched inactive = watched("a", 0s);
  inactive.sim.status = "inactive";
  roster({inactive});
  EXPECT_GT(*schedule_.next_due() - now_, 5min);
  Sim sim;
  sim.id = "a";
  sim.status = "active";
  schedule_.watch(sim, now_, wall_of(now_));
  EXPECT_LE(wait(), 30s);
  EXPECT_EQ(next(), "a");
  answer("a");
  // A walk that reads it again is no news.
  const auto due = schedule_.next_due();
  schedule_.watch(sim, now_, wall_of(now_));
  EXPECT_EQ(schedule_.next_due(), due);
}

TEST_F(PollScheduleTest, TheRetiredAreAskedOnceADay) {
  Watched retired = watched("retired", 1h);
  retired.sim.status = "retired";
  Watched deleted = watched("deleted", 1h);
  deleted.known->profile.status = "deleted";
  roster({retired, deleted});
  EXPECT_EQ(next(), "-");
  EXPECT_GE(wait(), 11h - 1min);
  roster({retired, deleted});
  const std::string first = next();
  EXPECT_NE(first, "-");
  answer(first, first == "deleted" ? "deleted" : "enabled");
  EXPECT_LE(wait(), 24h);
}

TEST_F(PollScheduleTest, ANewRosterKeepsWhatStaysAndForgetsWhatLeft) {
  roster({watched("a", 5h), watched("b", 4h), watched("c", 3h), watched("x", 2h)});
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(), "b");
  answer("b");
  roster({watched("d", 10h), watched("c", 3h), watched("b", 4h)});
  EXPECT_EQ(schedule_.size(), 4U) << "a is still being asked";
  EXPECT_EQ(next(), "d");
  EXPECT_EQ(next(), "c");
  EXPECT_EQ(next(), "-");
  EXPECT_TRUE(answer("a").moved) << "a late answer is for the database";
  EXPECT_EQ(schedule_.size(), 3U);
  EXPECT_EQ(schedule_.asked(), 2U);
}

TEST_F(PollScheduleTest, WhoLeavesIsNotAskedAndWhoReturnsIs) {
  roster({watched("a", 2h), watched("b", 1h)});
  schedule_.forget("a");
  schedule_.forget("nobody");
  EXPECT_EQ(next(), "b");
  schedule_.forget("b");
  Sim sim;
  sim.id = "b";
  sim.status = "active";
  schedule_.watch(sim, now_, wall_of(now_));  // back before its answer
  answer("b");
  EXPECT_EQ(schedule_.size(), 1U);
  sim.id = "a";
  schedule_.watch(sim, now_, wall_of(now_));
  EXPECT_EQ(next(), "a");
}

TEST_F(PollScheduleTest, WhatIsConfirmedIsToldOnceAndTogether) {
  roster({watched("a", 2h), watched("b", 3h), watched("c", 4h)});
  for (int i = 0; i < 3; ++i) answer(next());
  now_ += 1s;
  std::vector<ProfileReading> told = schedule_.take_confirmed(2, wall_of(now_));
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].profile, profile(told[0].profile.sim_id));
  EXPECT_EQ(told[0].asked_at, wall_of(kStart));
  EXPECT_EQ(told[0].observed_at, wall_of(now_));
  EXPECT_EQ(schedule_.take_confirmed(2, wall_of(now_)).size(), 1U);
  EXPECT_TRUE(schedule_.take_confirmed(2, wall_of(now_)).empty());
}

TEST_F(PollScheduleTest, SeveralConfirmationsOfAProfileAreToldAsTheLast) {
  roster({watched("a", 2h)});
  for (int i = 0; i < 3; ++i) {
    next();
    answer("a");
    wait();
  }
  next();
  answer("a");
  const std::vector<ProfileReading> told = schedule_.take_confirmed(9, wall_of(now_));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].asked_at, wall_of(now_));
}

// Else the transition would claim that the old status was not confirmed for longer than it was, or, were the
// confirmation written later, be denied by it.
TEST_F(PollScheduleTest, AChangeBringsTheConfirmationBeforeItAlong) {
  roster({watched("a", 2h)});
  next();
  answer("a");
  wait();
  next();
  const PollSchedule::Answer changed = answer("a", "disabled");
  ASSERT_TRUE(changed.confirmed);
  EXPECT_EQ(changed.confirmed->profile, profile("a"));
  EXPECT_EQ(changed.confirmed->asked_at, wall_of(kStart));
  EXPECT_TRUE(schedule_.take_confirmed(9, wall_of(now_)).empty());
  wait();
  next();
  EXPECT_FALSE(answer("a", "disabled").confirmed);
  EXPECT_EQ(schedule_.take_confirmed(9, wall_of(now_)).at(0).profile.status, "disabled");
}

// A confirmation never claims more than the API said.
TEST_F(PollScheduleTest, AConfirmationIsRoundedDown) {
  roster({watched("a", 2h)});
  now_ += 1234567us;
  next();
  answer("a");
  const TimePoint told = schedule_.take_confirmed(1, wall_of(now_)).at(0).asked_at;
  EXPECT_LE(told, wall_of(now_));
  EXPECT_GT(told, wall_of(now_) - 100ms);
}

TEST_F(PollScheduleTest, MoreStatusesThanAreNumberedAreForTheDatabase) {
  roster({watched("a", 2h)});
  for (int i = 0; i < 300; ++i) {
    next();
    EXPECT_TRUE(answer("a", "status " + std::to_string(i)).moved);
    wait();
  }
  next();
  EXPECT_TRUE(answer("a", "status 299").moved) << "not numbered, so not known to be the same";
  wait();
  next();
  answer("a", "status 7");
  wait();
  next();
  EXPECT_FALSE(answer("a", "status 7").moved);
}

TEST_F(PollScheduleTest, SaysHowFarBehindItIs) {
  roster({watched("a", 20min), watched("b", 16min), watched("c", 1min)});
  now_ += 1s;
  const PollSchedule::Load load = schedule_.load(now_, wall_of(now_));
  EXPECT_EQ(load.profiles, 3U);
  EXPECT_GE(load.overdue, 1U);
  EXPECT_GE(load.longest_overdue, 5min);
  EXPECT_LE(load.longest_overdue, 13min);
  EXPECT_NEAR(load.needed_per_second, 3.0 / 900, 1e-9);
  EXPECT_EQ(load.quiet_interval, 15min);
}

// An updatedAt that cannot be kept exactly is for the database each time, but no news each time.
TEST_F(PollScheduleTest, WhatCannotBeKeptExactlyIsNotTakenForMoving) {
  Watched odd = watched("a", 1h);
  odd.known->profile.updated_at += 123us;
  roster({odd});
  int polls = 0;
  while (now_ < kStart + 24h) {
    if (next() == "-") {
      wait();
      continue;
    }
    ++polls;
    const ProfileReading reading{odd.known->profile, wall_of(now_), wall_of(now_)};
    EXPECT_TRUE(schedule_.answered(tickets_.at("a"), reading, now_).moved);
    schedule_.handed_over(tickets_.at("a"), now_);
  }
  EXPECT_LE(polls, 110);
  next();
  odd.known->profile.updated_at += 1us;
  schedule_.answered(tickets_.at("a"), {odd.known->profile, wall_of(now_), wall_of(now_)}, now_);
  schedule_.handed_over(tickets_.at("a"), now_);
  EXPECT_LE(wait(), 30s) << "it did move";
}

// Another process saw the SIM activated; this one hears of it by the roster alone.
TEST_F(PollScheduleTest, AnActivationThatOnlyTheRosterTellsCounts) {
  Watched sim = watched("a", 0s);
  sim.sim.status = "retired";
  roster({sim});
  EXPECT_GT(*schedule_.next_due() - now_, 1h);
  now_ += 1min;
  sim.sim.status = "active";
  sim.sim.moved_at = wall_of(now_);
  roster({sim});
  EXPECT_LE(wait(), 30s);
  EXPECT_EQ(next(), "a");
  EXPECT_FALSE(answer("a").moved) << "what is known of it stays known";
}

// While it fails nobody knows how it is: that counts as overdue, however often it is tried.
TEST_F(PollScheduleTest, WhoFailsIsOverdue) {
  roster({watched("a", 15min)});
  for (int i = 0; i < 20; ++i) {
    now_ += 15min;
    if (next() == "-") continue;
    fail("a", Failure::of_sim);
  }
  EXPECT_EQ(schedule_.load(now_, wall_of(now_)).overdue, 1U);
}

// Each time it has another place in the queue, and leaves the one it had. Those beside it stay where they are.
TEST_F(PollScheduleTest, WhoIsActivatedAgainAndAgainIsAskedOnceAtATime) {
  roster({watched("a"), watched("b")});
  const auto set = [&](const std::string& id, const std::string& status) {
    Sim sim;
    sim.id = id;
    sim.status = status;
    sim.created_at = kWall - kLong;
    schedule_.watch(sim, now_, wall_of(now_));
  };
  set("b", "inactive");
  set("b", "active");
  for (int i = 0; i < 5000; ++i) set("a", i % 2 == 0 ? "inactive" : "active");
  std::map<std::string, int> asked;
  for (int i = 0; i < 10; ++i) {
    wait();
    const std::string id = next();
    if (id == "-") continue;
    ++asked[id];
    answer(id);
  }
  EXPECT_THAT(asked, testing::UnorderedElementsAre(testing::Pair("a", 5), testing::Pair("b", 5)));
}

}  // namespace
}  // namespace simsync
