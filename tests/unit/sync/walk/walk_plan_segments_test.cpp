// A walk in several segments, and one that goes on after a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/sync/walk/plan_walk.h"

namespace simsync {
namespace {

using testing::Le;
using testing::SizeIs;

// 9,000 known SIMs and four segments, cut about every 2,250 SIMs.
class WalkPlanSegments : public testing::Test {
 protected:
  FakeList list_ = list_of(9000);
  PlanWalk walk_{list_, 4, list_};

  // The first request of each segment.
  std::vector<PageRequest> ask_all() {
    std::vector<PageRequest> requests;
    while (auto request = walk_.plan().next()) requests.push_back(*request);
    return requests;
  }
  void erase(const std::string& id, std::ptrdiff_t more = 0) {
    const auto at = walk_.list_.sims.begin() + (walk_.list_.find(id) - walk_.list_.sims.begin());
    walk_.list_.sims.erase(at, at + 1 + more);
  }
};

TEST_F(WalkPlanSegments, ReadTheListSideBySide) {
  EXPECT_THAT(ask_all(), SizeIs(4));
  PlanWalk walk{list_, 4, list_};
  // Each segment ends in the middle of a page.
  EXPECT_THAT(walk.run(), Le(45 + 4));
  walk.expect_all_read();
  EXPECT_TRUE(walk.written_.empty());
}

TEST_F(WalkPlanSegments, FewerForAShortList) {
  const FakeList list = list_of(2500);
  PlanWalk walk{list, 16, list};
  EXPECT_EQ(walk.plan().segments(), 2U);
}

TEST_F(WalkPlanSegments, TheNeighbourWalksOverACutThatIsGone) {
  const auto requests = ask_all();
  erase(requests[2].query.after);
  for (const PageRequest& request : requests) walk_.answer(request);
  walk_.run();
  walk_.expect_all_read();
}

TEST_F(WalkPlanSegments, ACutThatGoesAfterItsFirstPageIsMetAllTheSame) {
  const auto requests = ask_all();
  for (const PageRequest& request : requests) walk_.answer(request);
  for (std::size_t i = 1; i < requests.size(); ++i) erase(requests[i].query.after, 20);
  const int more = walk_.run();
  EXPECT_LE(more + 4, 45 + 4 + 3);
  walk_.expect_all_read();
}

TEST_F(WalkPlanSegments, ALostSegmentIsReadByItsPredecessorEvenWhenThatHasEnded) {
  auto requests = ask_all();
  // All but the segment that begins third; its predecessor meets the cut and ends.
  const auto third = std::ranges::max_element(requests, {}, [&](const PageRequest& request) {
    return request.query.after.empty() ? 0 : 9000 - std::abs(std::stoi(request.query.after.substr(4)) - 4500);
  });
  const PageRequest held = *third;
  for (const PageRequest& request : requests) {
    if (request.number != held.number) walk_.answer(request);
  }
  walk_.run([&](const PageRequest& request) { return request.segment == held.segment; });
  EXPECT_FALSE(walk_.plan().finished());
  erase(held.query.after, 300);
  walk_.answer(held);
  EXPECT_FALSE(walk_.plan().finished());
  walk_.run();
  walk_.expect_all_read();
}

TEST_F(WalkPlanSegments, ACutMayBeTheLastSim) {
  FakeList list = list_of(3000);
  PlanWalk walk{list, 3, list};
  // What was behind the last cut is gone.
  std::vector<PageRequest> requests;
  while (auto request = walk.plan().next()) requests.push_back(*request);
  const std::string& cut = requests.back().query.after;
  walk.list_.sims.erase(walk.list_.sims.begin() + (walk.list_.find(cut) - walk.list_.sims.begin()) + 1,
                        walk.list_.sims.end());
  for (const PageRequest& request : requests) walk.answer(request);
  walk.run();
  walk.expect_all_read();
}

TEST_F(WalkPlanSegments, SimsOfOneSecondAreReadOnceToo) {
  for (Sim& sim : list_.sims) sim.created_at = list_.sims.front().created_at;
  for (const bool known : {true, false}) {
    FakeList list = list_;
    list.vary();
    PlanWalk walk{list, 4, known ? list : FakeList{}};
    std::uint64_t read = 0;
    walk.run([&](const PageRequest& request) {
      if (request.segment != PageRequest::kScout) read += list.page(request.query).sims.size();
      return false;
    });
    walk.expect_all_read();
    EXPECT_LE(read, 9000 + walk.plan().segments() * 200);
  }
}

TEST_F(WalkPlanSegments, WhoeverIsIdleTakesHalfOfWhatIsLeft) {
  // One segment's answers are slow.
  const auto requests = ask_all();
  for (const PageRequest& request : requests) {
    if (request.segment != 1) walk_.answer(request);
  }
  std::vector<PageRequest> slow = {requests[1]};
  walk_.run([&](const PageRequest& request) {
    if (request.segment == 1) slow.push_back(request);
    return request.segment == 1;
  });
  EXPECT_GT(walk_.plan().segments(), 4U);
  EXPECT_LT(walk_.plan().segments(), 12U);
  EXPECT_GT(walk_.known_.seen(), 8000U);
  walk_.answer(slow[0]);
  walk_.run();
  walk_.expect_all_read();
}

TEST_F(WalkPlanSegments, AFirstWalkIsCutAtWhatScoutsFind) {
  list_.vary();
  PlanWalk walk{list_, 4};
  int scouted = 0;
  walk.run([&](const PageRequest& request) {
    scouted += request.segment == PageRequest::kScout ? 1 : 0;
    return false;
  });
  EXPECT_GT(scouted, 0);
  EXPECT_GT(walk.plan().segments(), 1U);
  walk.expect_all_read();
  EXPECT_THAT(walk.written_, SizeIs(9000));
}

// A SIM whose provider nobody met, or that changes its status under the scouts' feet, is read all the same.
TEST_F(WalkPlanSegments, ScoutsProveNothing) {
  list_.vary();
  list_.sims[7000].provider = "unheard of";
  list_.sims[7001].type = "unheard of";
  PlanWalk walk{list_, 4};
  walk.run([&](const PageRequest& request) {
    if (request.segment == PageRequest::kScout) walk.list_.sims[request.number * 37 % 9000].status = "retired";
    return false;
  });
  walk.expect_all_read();
}

// ---- going on after a crash

TEST_F(WalkPlanSegments, GoOnWhereTheyWere) {
  for (int i = 0; i < 20; ++i) walk_.answer(walk_.next());
  const WalkProgress progress = walk_.plan().progress({}).value();
  KnownSims known{progress.seed};
  for (const Sim& sim : list_.sims) known.load(sim);
  WalkPlan plan{known, 4, progress};
  int requests = 0;
  while (const auto request = plan.next()) {
    ++requests;
    SimPage page = list_.page(request->query);
    std::vector<SimKey> keys;
    for (const Sim& sim : page.sims) keys.push_back(known.hasher().of(sim));
    plan.arrived(*request, page, keys);
  }
  EXPECT_EQ(plan.outcome(), WalkOutcome::complete);
  EXPECT_LE(requests, 45 + 4 - 20);
  EXPECT_EQ(known.unseen(), 0U);
}

// Its page is read again, but should the list leave it out then, it has to be asked for.
TEST_F(WalkPlanSegments, WhatWasReadAndNotWrittenCountsAsUnseenAfterACrash) {
  for (int i = 0; i < 20; ++i) walk_.answer(walk_.next());
  FetchedSims all;
  KnownSims before{walk_.plan().progress({}).value().seed};
  for (const Sim& sim : list_.sims) all.add(before.hasher().of(sim), {sim, {}, {}});
  const auto seen_after = [&](const FetchedSims& uncommitted) {
    const WalkProgress progress = walk_.plan().progress({}, uncommitted).value();
    KnownSims known{progress.seed};
    for (const Sim& sim : list_.sims) known.load(sim);
    const WalkPlan plan{known, 4, progress};
    return known.seen();
  };
  EXPECT_GT(seen_after({}), 3000U);
  EXPECT_EQ(seen_after(all), 0U);
  // Those that are to be read anyway need no mention.
  EXPECT_LT(walk_.plan().progress({}, all)->unseen.size() / sizeof(IdKey), all.keys.size() / 2 + 1000);
}

// What was deleted before the walk counts as unseen afterwards, whatever side of the crash it would have been on.
TEST_F(WalkPlanSegments, KnowWhatTheyHaveNotSeenAfterACrash) {
  for (int i = 8995; i >= 0; i -= 300) erase("sim_" + std::to_string(i));
  for (int i = 0; i < 20; ++i) walk_.answer(walk_.next());
  const WalkProgress progress = walk_.plan().progress({}).value();
  EXPECT_GT(progress.unseen.size(), 0U);
  KnownSims known{progress.seed};
  for (const Sim& sim : list_.sims) known.load(sim);
  WalkPlan plan{known, 4, progress};
  while (const auto request = plan.next()) {
    SimPage page = walk_.list_.page(request->query);
    std::vector<SimKey> keys;
    for (const Sim& sim : page.sims) keys.push_back(known.hasher().of(sim));
    plan.arrived(*request, page, keys);
  }
  EXPECT_EQ(known.unseen(), 30U);
  for (const Sim& sim : walk_.list_.sims) EXPECT_TRUE(known.seen(known.hasher().id(sim.id))) << sim.id;
}

}  // namespace
}  // namespace simsync
