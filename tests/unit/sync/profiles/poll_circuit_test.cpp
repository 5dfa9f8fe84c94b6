// When the API fails, and when single SIMs do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/sync/profiles/schedule_fixture.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Failure = PollSchedule::Failure;
using testing::ElementsAre;

class PollCircuit : public PollScheduleTest {};

TEST_F(PollCircuit, WhoFailsWaitsEverLongerButNoLongerThanTheInterval) {
  roster({never_polled("a")});
  Sim other;
  other.id = "b";
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(next(), "a");
    fail("a", Failure::of_sim);
    // In between another one is answered: it is not the API.
    schedule_.watch(other, now_, wall_of(now_));
    ASSERT_EQ(next(), "b");
    answer("b");
    schedule_.forget("b");
    pauses.push_back(wait());
  }
  EXPECT_THAT(std::vector(pauses.begin(), pauses.begin() + 4), ElementsAre(5s, 10s, 20s, 40s));
  EXPECT_EQ(pauses.back(), 15min);
  next();
  answer("a");
  wait();
  next();
  fail("a", Failure::of_sim);
  EXPECT_EQ(wait(), 5s) << "an answer ends the row";
}

TEST_F(PollCircuit, AnApiThatFailsIsOnlyProbed) {
  std::vector<Watched> all;
  for (int i = 0; i < 20; ++i) all.push_back(watched("sim_" + std::to_string(i), 2h));
  roster(all);
  std::vector<std::string> asked;
  for (unsigned i = 0; i < 10; ++i) asked.push_back(next());
  for (unsigned i = 0; i < 7; ++i) fail(asked[i], Failure::of_api);
  EXPECT_FALSE(schedule_.api_failing());
  fail(asked[7], Failure::of_api);
  EXPECT_TRUE(schedule_.api_failing());
  EXPECT_EQ(next(), "-");
  fail(asked[8], Failure::of_api);  // left before
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 8; ++i) {
    pauses.push_back(wait());
    const std::string probe = next();
    ASSERT_NE(probe, "-");
    EXPECT_EQ(next(), "-") << "one at a time";
    EXPECT_EQ(schedule_.next_due(), std::nullopt);
    fail(probe, Failure::of_api);
  }
  EXPECT_THAT(pauses, ElementsAre(5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s));
  wait();
  answer(next());
  EXPECT_FALSE(schedule_.api_failing());
  // Nobody was put off for it: all the others are due.
  std::set<std::string> due;
  for (std::string id = next(); id != "-"; id = next()) due.insert(id);
  EXPECT_EQ(due.size(), 18U);
}

// A SIM at which the API always fails must not take every probe, and so keep all the others waiting.
TEST_F(PollCircuit, OneThatAlwaysFailsDoesNotKeepItOpen) {
  std::vector<Watched> all;
  for (int i = 0; i < 200; ++i) all.push_back(watched("sim_" + std::to_string(i), 1h));
  all.push_back(watched("bad", 1h));
  all.back().sim.moved_at = kWall - 1s;  // lately: the shortest interval
  roster(all);
  std::set<std::string> answered;
  int bad = 0;
  while (now_ < kStart + 2h) {
    const std::string id = next();
    if (id == "-") {
      wait();
    } else if (id == "bad" || now_ < kStart + 2min) {
      bad += id == "bad" ? 1 : 0;
      fail(id, Failure::of_api);
    } else {
      answer(id);
      answered.insert(id);
    }
  }
  EXPECT_EQ(answered.size(), 200U);
  EXPECT_FALSE(schedule_.api_failing());
  EXPECT_LE(bad, 25) << "it backs off, too";
}

// The same when all have failed once: they probe in turn.
TEST_F(PollCircuit, ProbesGoRound) {
  roster({watched("bad", 1h), watched("a", 1h), watched("b", 1h), watched("c", 1h)});
  std::set<std::string> answered;
  while (now_ < kStart + 4h) {
    const std::string id = next();
    if (id == "-") {
      wait();
    } else if (id == "bad" || now_ < kStart + 1h) {
      fail(id, Failure::of_api);
    } else {
      answer(id);
      answered.insert(id);
    }
  }
  EXPECT_THAT(answered, ElementsAre("a", "b", "c"));
  EXPECT_FALSE(schedule_.api_failing());
}

// SIMs whose answers are of no use are none of the others' business.
TEST_F(PollCircuit, ErrorsOfSimsDoNotOpenIt) {
  std::vector<Watched> all;
  for (int i = 0; i < 100; ++i) all.push_back(watched("sim_" + std::to_string(i)));
  roster(all);
  for (int i = 0; i < 100; ++i) {
    Sim sim;
    sim.id = "new_" + std::to_string(i);
    sim.created_at = wall_of(now_);
    schedule_.watch(sim, now_, wall_of(now_));
  }
  int good = 0;
  while (now_ < kStart + 6h) {
    const std::string id = next();
    if (id == "-") {
      wait();
    } else if (id.starts_with("new_")) {
      fail(id, Failure::of_sim);
      ASSERT_FALSE(schedule_.api_failing());
    } else {
      answer(id);
      ++good;
    }
  }
  EXPECT_GE(good, 100 * 24 - 100);
}

TEST_F(PollCircuit, ALateAnswerClosesTheCircuitToo) {
  std::vector<Watched> all;
  for (int i = 0; i < 20; ++i) all.push_back(watched("sim_" + std::to_string(i), 2h));
  roster(all);
  std::vector<std::string> asked;
  for (unsigned i = 0; i < 10; ++i) asked.push_back(next());
  for (unsigned i = 0; i < 8; ++i) fail(asked[i], Failure::of_api);
  EXPECT_TRUE(schedule_.api_failing());
  schedule_.absent(tickets_[asked[9]], now_);
  EXPECT_FALSE(schedule_.api_failing()) << "it answered that there is no such SIM";
  EXPECT_NE(next(), "-");
}

TEST_F(PollCircuit, AProbeThatWasDroppedIsFollowedByAnother) {
  std::vector<Watched> all;
  for (int i = 0; i < 20; ++i) all.push_back(watched("sim_" + std::to_string(i), 2h));
  roster(all);
  for (unsigned i = 0; i < ApiCircuit::kFailuresToOpen; ++i) fail(next(), Failure::of_api);
  ASSERT_TRUE(schedule_.api_failing());
  wait();
  const std::string probe = next();
  EXPECT_EQ(next(), "-");
  schedule_.dropped(tickets_.at(probe));
  EXPECT_NE(next(), "-");
}

}  // namespace
}  // namespace simsync
