// Who takes which project: alone, with others that come and go, and over a database that was away or went back.
#include "sync/leases/lease_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const LeasePlan::IsDead kNobodyDead = [](const std::string&) { return false; };

std::vector<std::string> names(const std::vector<LeasePlan::Take>& takes) {
  std::vector<std::string> all;
  for (const LeasePlan::Take& take : takes) all.push_back(take.project);
  return all;
}

LeaseRow held(const std::string& project, std::int64_t epoch, const std::string& holder, int expires_in = 5) {
  return {project, epoch, holder, holder + ".example.com", seconds{expires_in}};
}

TEST(LeasePlan, AloneItTakesAll) {
  LeasePlan plan{{"a", "b", "c"}, "me"};
  const auto decision = plan.beat({{}, 1, "s"}, kNobodyDead);
  EXPECT_THAT(names(decision.take), ElementsAre("a", "b", "c"));
  EXPECT_THAT(decision.stop, IsEmpty());
}

TEST(LeasePlan, WhatAnotherHoldsIsLeftToItUntilItExpires) {
  LeasePlan plan{{"a"}, "me"};
  EXPECT_THAT(plan.beat({{held("a", 1, "you", 1)}, 1, "s"}, kNobodyDead).take, IsEmpty());
  const auto decision = plan.beat({{held("a", 1, "you", 0)}, 1, "s"}, kNobodyDead);
  ASSERT_THAT(decision.take, SizeIs(1));
  EXPECT_EQ(decision.take[0].dead_holder, "");
}

TEST(LeasePlan, WhatADeadProcessHeldIsTakenAtOnce) {
  LeasePlan plan{{"a", "b"}, "me"};
  const auto decision = plan.beat({{held("a", 1, "dead"), held("b", 1, "you")}, 1, "s"},
                                  [](const std::string& holder) { return holder == "dead"; });
  ASSERT_THAT(names(decision.take), ElementsAre("a"));
  EXPECT_EQ(decision.take[0].dead_holder, "dead");
}

TEST(LeasePlan, OtherProjectsAreTakenAndThoseNoLongerWantedGiven) {
  LeasePlan plan{{"a", "b"}, "me"};
  plan.beat({{}, 1, "s"}, kNobodyDead);
  plan.taken({"a", 1, "me"});
  plan.taken({"b", 1, "me"});
  EXPECT_THAT(plan.set_projects({"b", "c"}), ElementsAre("a"));
  EXPECT_THAT(plan.projects(), ElementsAre("a", "b", "c")) << "until it has ended its lease is prolonged";
  const LeaseView view{{held("a", 1, "me"), held("b", 1, "me")}, 1, "s"};
  EXPECT_THAT(names(plan.beat(view, kNobodyDead).take), ElementsAre("c"));
  plan.taken({"c", 1, "me"});
  EXPECT_EQ(plan.ended("a")->project, "a");
  EXPECT_THAT(plan.projects(), ElementsAre("b", "c"));
  EXPECT_FALSE(plan.ended("a")) << "of which nothing is known any more";
  const auto decision = plan.beat({{held("b", 1, "me"), held("c", 1, "me")}, 1, "s"}, kNobodyDead);
  EXPECT_THAT(decision.take, IsEmpty());
  EXPECT_THAT(decision.stop, IsEmpty());
}

TEST(LeasePlan, OneThatIsWantedAgainBeforeItHasEndedIsTakenAnew) {
  LeasePlan plan{{"a"}, "me"};
  plan.beat({{}, 1, "s"}, kNobodyDead);
  plan.taken({"a", 1, "me"});
  EXPECT_THAT(plan.set_projects({}), ElementsAre("a"));
  EXPECT_THAT(plan.set_projects({"a"}), IsEmpty());
  EXPECT_TRUE(plan.ended("a"));
  EXPECT_THAT(names(plan.beat({{}, 1, "s"}, kNobodyDead).take), ElementsAre("a"));
}

TEST(LeasePlan, WhatIsAnothersByNowIsStopped) {
  for (const auto& view :
       {LeaseView{{held("a", 2, "you")}, 2, "s"}, LeaseView{{held("a", 2, "me")}, 1, "s"}, LeaseView{{}, 1, "s"}}) {
    LeasePlan plan{{"a"}, "me"};
    plan.beat({{}, 1, "s"}, kNobodyDead);
    plan.taken({"a", 1, "me"});
    const auto decision = plan.beat(view, kNobodyDead);
    EXPECT_THAT(decision.stop, ElementsAre("a"));
    EXPECT_THAT(decision.take, IsEmpty()) << "not before the work has ended";
    EXPECT_FALSE(plan.idle());
    EXPECT_EQ(plan.ended("a")->epoch, 1);
    EXPECT_TRUE(plan.idle());
  }
}

TEST(LeasePlan, AnExpiredLeaseThatNobodyTookIsStillHeld) {
  LeasePlan plan{{"a"}, "me"};
  plan.beat({{}, 1, "s"}, kNobodyDead);
  plan.taken({"a", 1, "me"});
  EXPECT_THAT(plan.beat({{held("a", 1, "me", -60)}, 1, "s"}, kNobodyDead).stop, IsEmpty());
}

TEST(LeasePlan, OnAnotherServerTheWorkBeginsAnew) {
  LeasePlan plan{{"a"}, "me"};
  plan.beat({{}, 1, "s"}, kNobodyDead);
  plan.taken({"a", 1, "me"});
  EXPECT_THAT(plan.beat({{held("a", 1, "me")}, 1, "standby"}, kNobodyDead).stop, ElementsAre("a"));
  EXPECT_THAT(plan.beat({{held("a", 1, "me")}, 1, "standby"}, kNobodyDead).stop, IsEmpty()) << "said once";
  plan.ended("a");
  const auto decision = plan.beat({{held("a", 1, "me")}, 1, "standby"}, kNobodyDead);
  ASSERT_THAT(names(decision.take), ElementsAre("a"));
  EXPECT_EQ(decision.take[0].dead_holder, "me") << "though it has not expired";
}

TEST(LeasePlan, EachTakesItsShareAndAfterAWhileWhatNobodyTakes) {
  LeasePlan plan{{"a", "b", "c"}, "me"};
  EXPECT_THAT(names(plan.beat({{}, 2, "s"}, kNobodyDead).take), ElementsAre("a", "b"));
  plan.taken({"a", 1, "me"});
  plan.taken({"b", 1, "me"});
  const LeaseView view{{held("a", 1, "me"), held("b", 1, "me"), held("c", 1, "you", -1)}, 2, "s"};
  for (int beat = 0; beat < 4; ++beat) EXPECT_THAT(plan.beat(view, kNobodyDead).take, IsEmpty()) << beat;
  EXPECT_THAT(names(plan.beat(view, kNobodyDead).take), ElementsAre("c"));
}

TEST(LeasePlan, GivesWhatIsAboveItsShareButNotTwiceWhatNobodyWants) {
  LeasePlan plan{{"a", "b"}, "me"};
  plan.beat({{}, 1, "s"}, kNobodyDead);
  plan.taken({"a", 1, "me"});
  plan.taken({"b", 1, "me"});
  const LeaseView both{{held("a", 1, "me"), held("b", 1, "me")}, 2, "s"};
  for (int beat = 0; beat < 4; ++beat) EXPECT_THAT(plan.beat(both, kNobodyDead).stop, IsEmpty()) << beat;
  EXPECT_THAT(plan.beat(both, kNobodyDead).stop, ElementsAre("a"));
  plan.ended("a");
  const LeaseView given{{held("a", 1, "me", -1), held("b", 1, "me")}, 2, "s"};
  for (int beat = 0; beat < 5; ++beat) EXPECT_THAT(plan.beat(given, kNobodyDead).take, IsEmpty()) << beat;
  EXPECT_THAT(names(plan.beat(given, kNobodyDead).take), ElementsAre("a"));
  plan.taken({"a", 2, "me"});
  const LeaseView again{{held("a", 2, "me"), held("b", 1, "me")}, 2, "s"};
  for (int beat = 0; beat < 5; ++beat) {
    const auto stopped = plan.beat(again, kNobodyDead).stop;
    EXPECT_THAT(stopped, SizeIs(beat == 4 ? 1 : 0)) << "perhaps the other one is wanted";
  }
}

}  // namespace
}  // namespace simsync
