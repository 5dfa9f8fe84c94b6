// Each answer the API can give, one at a time.
#include "sync/walk/walk_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/walk/plan_walk.h"

namespace simsync {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// ---- one segment

TEST(WalkPlan, ReadsTheListOnce) {
  PlanWalk walk{list_of(1000)};
  EXPECT_EQ(walk.run(), 5);
  walk.expect_all_read();
  EXPECT_EQ(walk.known_.seen(), 1000U);
}

TEST(WalkPlan, HandsOutOnePageAtATime) {
  PlanWalk walk{list_of(1000)};
  EXPECT_TRUE(walk.plan().next());
  EXPECT_FALSE(walk.plan().next());
  EXPECT_FALSE(walk.plan().finished());
}

TEST(WalkPlan, ReadsOnePageAheadOfTheDatabase) {
  PlanWalk walk{list_of(1000)};
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 2; ++i) {
    const PageRequest request = walk.next();
    SimPage page = walk.list_.page(request.query);
    std::vector<SimKey> keys;
    for (const Sim& sim : page.sims) keys.push_back(walk.known_.hasher().of(sim));
    EXPECT_TRUE(walk.plan().arrived(request, page, keys));
    numbers.push_back(request.number);
  }
  EXPECT_FALSE(walk.plan().next());
  walk.plan().committed({numbers[0]});
  EXPECT_TRUE(walk.plan().next());
}

TEST(WalkPlan, WhatIsKnownIsReadButNotWritten) {
  FakeList list = list_of(1000);
  PlanWalk walk{list, 1, list};
  walk.list_.sims[500].status = "retired";
  walk.run();
  walk.expect_all_read();
  EXPECT_THAT(walk.written_, SizeIs(1));
}

TEST(WalkPlan, AnEmptyListIsCompleteOnlyWhenItStaysEmpty) {
  PlanWalk walk{{}};
  EXPECT_EQ(walk.run(), 3);
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::complete);

  PlanWalk passing{list_of(300)};
  bool first = true;
  passing.run([&](const PageRequest& request) {
    if (!std::exchange(first, false)) return false;
    passing.arrive(request, {});
    return true;
  });
  passing.expect_all_read();
}

TEST(WalkPlan, GoesOnWhenTheCursorsSimIsDeleted) {
  PlanWalk walk{list_of(1000)};
  walk.run([&](const PageRequest& request) {
    // Half of what was read last goes, the cursor among it.
    if (request.number == 3) {
      const auto cursor = walk.list_.sims.begin() + (walk.list_.find(request.query.after) - walk.list_.sims.begin());
      walk.list_.sims.erase(cursor - 50, cursor + 1);
    }
    return false;
  });
  walk.expect_all_read();
}

TEST(WalkPlan, StartsOverWhenAllThatWasReadIsGone) {
  PlanWalk walk{list_of(1000)};
  walk.run([&](const PageRequest& request) {
    if (request.number == 4) walk.list_.sims.erase(walk.list_.sims.begin(), walk.list_.sims.begin() + 600);
    return false;
  });
  walk.expect_all_read();
}

TEST(WalkPlan, GivesUpWhenEveryCursorIsRefused) {
  for (const unsigned parallel : {1U, 4U}) {
    PlanWalk walk{list_of(9000), parallel, list_of(9000)};
    const int requests = walk.run([&](const PageRequest& request) {
      if (request.query.after.empty()) return false;
      walk.plan().failed(request, PageFailure::cursor_gone, "gone");
      return true;
    });
    EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
    EXPECT_LT(requests, 200);
  }
}

TEST(WalkPlan, FailsWithoutTheApi) {
  PlanWalk walk{{}};
  walk.plan().failed(walk.next(), PageFailure::no_api, "cannot be reached");
  EXPECT_TRUE(walk.plan().finished());
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
  EXPECT_EQ(walk.plan().error(), "cannot be reached");
}

TEST(WalkPlan, WhatComesAfterItsEndIsLeftOut) {
  const FakeList known = list_of(9000);
  FakeList list = known;
  for (Sim& sim : list.sims) sim.status = "retired";
  PlanWalk walk{list, 4, known};
  const PageRequest late = walk.next();
  walk.plan().failed(walk.next(), PageFailure::no_api, "cannot be reached");
  ASSERT_TRUE(walk.plan().finished());
  walk.arrive(late, list.page(late.query));
  EXPECT_THAT(walk.written_, SizeIs(0));
  EXPECT_EQ(walk.plan().error(), "cannot be reached");
}

TEST(WalkPlan, ASkippedItemMakesItIncomplete) {
  PlanWalk walk{{}};
  SimPage page = list_of(5).page("", 200);
  page.skipped.push_back({"sim_bad", "has no status"});
  walk.arrive(walk.next(), page);
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::incomplete);
  EXPECT_THAT(walk.plan().error(), HasSubstr("sim_bad skipped: has no status"));
  EXPECT_EQ(walk.plan().skipped(), 1U);
}

// ---- never endless

TEST(WalkPlan, ACursorThatLeadsBackEndsIt) {
  for (const bool to_itself : {true, false}) {
    const FakeList list = list_of(2000);
    PlanWalk walk{list};
    const int requests = walk.run([&](const PageRequest& request) {
      if (request.query.after.empty()) return false;
      SimPage page = list.page(request.query);
      page.more_after = to_itself ? request.query.after : list.sims[199].id;
      walk.arrive(request, page);
      return true;
    });
    EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed) << to_itself;
    EXPECT_THAT(walk.plan().error(), HasSubstr("leads back"));
    EXPECT_LT(requests, 10);
  }
}

TEST(WalkPlan, AListWithoutAnythingNewEndsIt) {
  for (const unsigned parallel : {1U, 4U}) {
    const FakeList list = list_of(10);
    PlanWalk walk{list, parallel};
    int made_up = 0;
    const int requests = walk.run([&](const PageRequest& request) {
      SimPage page = list.page("", 200);
      page.more_after = "made_up_" + std::to_string(++made_up);
      walk.arrive(request, page);
      return true;
    });
    EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
    EXPECT_LT(requests, 2000);
  }
}

TEST(WalkPlan, AListThatGrowsFasterThanItIsReadEndsIt) {
  PlanWalk walk{list_of(10)};
  int born = 10;
  const int requests = walk.run([&](const PageRequest& request) {
    SimPage page;
    for (int i = 0; i < 200; ++i, ++born) page.sims.push_back(fake_sim("sim_" + std::to_string(born), born));
    page.more_after = page.sims.back().id;
    walk.arrive(request, page);
    return true;
  });
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
  EXPECT_THAT(walk.plan().error(), HasSubstr("grows"));
  EXPECT_LT(requests, 300);
}

TEST(WalkPlan, AListWithoutAnEndEndsIt) {
  PlanWalk walk{{}};
  int requests = 0;
  for (; !walk.plan().finished() && requests < 60'000; ++requests) {
    SimPage page;
    page.sims.push_back(fake_sim("sim_" + std::to_string(requests), -requests));
    page.more_after = page.sims.back().id;
    walk.arrive(walk.next(), page);
  }
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
  EXPECT_THAT(walk.plan().error(), HasSubstr("does not end after 50001 pages"));
  EXPECT_EQ(requests, 50'001);
}

// Each of two segments ends where the other begins, so no way leads from the head to the end.
TEST(WalkPlan, SegmentsThatLeadToEachOtherAreNoList) {
  const FakeList list = list_of(9000);
  PlanWalk walk{list, 4, list};
  std::string begin_of_second;
  walk.run([&](const PageRequest& request) {
    if (request.segment == 1 && begin_of_second.empty()) begin_of_second = request.query.after;
    if (request.segment != 2) return false;
    walk.arrive(request, list.page(begin_of_second, 200));
    return true;
  });
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
  EXPECT_THAT(walk.plan().error(), HasSubstr("leads back to where the walk has been"));
}

TEST(WalkPlan, AnEmptyPageWithACursorIsAskedForAgain) {
  PlanWalk walk{list_of(1000)};
  bool once = true;
  walk.run([&](const PageRequest& request) {
    if (request.number != 3 || !std::exchange(once, false)) return false;
    SimPage page = walk.list_.page(request.query);
    page.sims.clear();
    walk.arrive(request, page);
    return true;
  });
  walk.expect_all_read();
}

// ---- pages that cannot be read

TEST(WalkPlan, ReadsAllButTheSimThatBreaksItsPage) {
  for (const unsigned parallel : {1U, 4U}) {
    const FakeList list = list_of(5000);
    const std::string poison = list.sims[455].id;
    PlanWalk walk{list, parallel, list};
    int requests = 0;
    while (!walk.plan().finished() && ++requests < 500) {
      if (const auto detour = walk.plan().next_detour()) {
        // What the store would say: the first known SIM created before the oldest read.
        const auto beyond =
            std::ranges::find_if(list.sims, [&](const Sim& sim) { return sim.created_at < detour->before; });
        walk.plan().detour(detour->segment, (beyond + static_cast<std::ptrdiff_t>(detour->distance))->id);
        continue;
      }
      const PageRequest request = walk.next();
      const SimPage page = list.page(request.query);
      if (std::ranges::count(page.sims, poison, &Sim::id) > 0) {
        walk.plan().failed(request, PageFailure::bad_page, "500");
      } else {
        walk.arrive(request, page);
      }
    }
    EXPECT_EQ(walk.plan().outcome(), WalkOutcome::incomplete);
    EXPECT_THAT(walk.plan().error(), HasSubstr("500"));
    EXPECT_EQ(walk.known_.seen(), 4999U);
    EXPECT_FALSE(walk.has_read(fake_sim(poison)));
  }
}

TEST(WalkPlan, WithoutAWayAroundItKeepsWhatItRead) {
  PlanWalk walk{list_of(1000)};
  walk.answer(walk.next());
  std::optional<DetourRequest> detour;
  while (!(detour = walk.plan().next_detour())) walk.plan().failed(walk.next(), PageFailure::bad_page, "500");
  EXPECT_FALSE(walk.plan().next_detour());
  walk.plan().detour(detour->segment, std::nullopt);
  EXPECT_TRUE(walk.plan().finished());
  EXPECT_EQ(walk.plan().outcome(), WalkOutcome::incomplete);
}

TEST(WalkPlan, FailsWhenNoPageCanBeRead) {
  for (const unsigned parallel : {1U, 4U}) {
    PlanWalk walk{{}, parallel, list_of(parallel == 1 ? 0 : 9000)};
    int requests = 0;
    while (!walk.plan().finished()) {
      ASSERT_LT(++requests, 500);
      if (const auto detour = walk.plan().next_detour()) {
        walk.plan().detour(detour->segment, "sim_" + std::to_string(requests));
      } else {
        walk.plan().failed(walk.next(), PageFailure::bad_page, "500");
      }
    }
    EXPECT_EQ(walk.plan().outcome(), WalkOutcome::failed);
  }
}

}  // namespace
}  // namespace simsync
