// Each answer the API can give, one at a time.
#include "sync/walk/walk_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using testing::HasSubstr;

// Answers the plan's requests from the list until it is finished; returns the number of requests.
int walk(WalkPlan& plan, const FakeList& list, const std::function<bool(const PageRequest&)>& intercept = {}) {
  int requests = 0;
  while (const auto request = plan.next()) {
    EXPECT_LT(++requests, 5000);
    if (requests >= 5000) break;
    if (intercept && intercept(*request)) continue;
    try {
      plan.arrived(*request, list.page(request->after, request->limit));
    } catch (const ApiError&) {
      plan.failed(*request, PageFailure::cursor_gone, "gone");
    }
  }
  return requests;
}

FakeList list_of(int count) {
  FakeList list;
  list.create(count);
  return list;
}

TEST(WalkPlan, ReadsTheListOnce) {
  WalkPlan plan;
  EXPECT_EQ(walk(plan, list_of(1000)), 5);
  EXPECT_EQ(plan.outcome(), WalkOutcome::complete);
  EXPECT_EQ(plan.seen().size(), 1000U);
}

TEST(WalkPlan, HandsOutOnePageAtATime) {
  WalkPlan plan;
  EXPECT_TRUE(plan.next());
  EXPECT_FALSE(plan.next());
  EXPECT_FALSE(plan.finished());
}

TEST(WalkPlan, AnEmptyListIsCompleteOnlyWhenItStaysEmpty) {
  WalkPlan plan;
  EXPECT_EQ(walk(plan, {}), 3);
  EXPECT_EQ(plan.outcome(), WalkOutcome::complete);

  WalkPlan passing;
  bool first = true;
  walk(passing, list_of(300), [&](const PageRequest& request) {
    if (!std::exchange(first, false)) return false;
    passing.arrived(request, {});
    return true;
  });
  EXPECT_EQ(passing.seen().size(), 300U);
}

TEST(WalkPlan, GoesOnWhenTheCursorsSimIsDeleted) {
  FakeList list = list_of(1000);
  WalkPlan plan;
  walk(plan, list, [&](const PageRequest& request) {
    // Half of what was read last goes, the cursor among it.
    if (request.number == 3) {
      const auto cursor = list.sims.begin() + (list.find(request.after) - list.sims.begin());
      list.sims.erase(cursor - 50, cursor + 1);
    }
    return false;
  });
  EXPECT_EQ(plan.outcome(), WalkOutcome::complete);
  for (const Sim& sim : list.sims) EXPECT_TRUE(plan.seen().contains(sim.id)) << sim.id;
}

TEST(WalkPlan, StartsOverWhenAllThatWasReadIsGone) {
  FakeList list = list_of(1000);
  WalkPlan plan;
  walk(plan, list, [&](const PageRequest& request) {
    if (request.number == 4) list.sims.erase(list.sims.begin(), list.sims.begin() + 600);
    return false;
  });
  EXPECT_EQ(plan.outcome(), WalkOutcome::complete);
  EXPECT_EQ(plan.seen().size(), 400U);
}

TEST(WalkPlan, GivesUpWhenEveryCursorIsRefused) {
  WalkPlan plan;
  const FakeList list = list_of(1000);
  const int requests = walk(plan, list, [&](const PageRequest& request) {
    if (request.after.empty()) return false;
    plan.failed(request, PageFailure::cursor_gone, "gone");
    return true;
  });
  EXPECT_EQ(plan.outcome(), WalkOutcome::failed);
  EXPECT_LT(requests, 50);
}

TEST(WalkPlan, FailsWithoutTheApi) {
  WalkPlan plan;
  plan.failed(*plan.next(), PageFailure::no_api, "cannot be reached");
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.outcome(), WalkOutcome::failed);
  EXPECT_EQ(plan.error(), "cannot be reached");
}

TEST(WalkPlan, ASkippedItemMakesItIncomplete) {
  WalkPlan plan;
  SimPage page = list_of(5).page("", 200);
  page.skipped.push_back({"sim_bad", "has no status"});
  plan.arrived(*plan.next(), page);
  EXPECT_EQ(plan.outcome(), WalkOutcome::incomplete);
  EXPECT_THAT(plan.error(), HasSubstr("sim_bad skipped: has no status"));
  EXPECT_EQ(plan.skipped(), 1U);
}

TEST(WalkPlan, ACursorThatLeadsBackEndsIt) {
  for (const bool to_itself : {true, false}) {
    WalkPlan plan;
    const FakeList list = list_of(2000);
    const int requests = walk(plan, list, [&](const PageRequest& request) {
      if (request.after.empty()) return false;
      SimPage page = list.page(request.after, request.limit);
      page.more_after = to_itself ? request.after : list.sims[199].id;
      plan.arrived(request, page);
      return true;
    });
    EXPECT_EQ(plan.outcome(), WalkOutcome::failed) << to_itself;
    EXPECT_THAT(plan.error(), HasSubstr("leads back"));
    EXPECT_LT(requests, 10);
  }
}

TEST(WalkPlan, AListWithoutAnythingNewEndsIt) {
  WalkPlan plan;
  const FakeList list = list_of(10);
  int made_up = 0;
  const int requests = walk(plan, list, [&](const PageRequest& request) {
    SimPage page = list.page("", 200);
    page.more_after = "made_up_" + std::to_string(++made_up);
    plan.arrived(request, page);
    return true;
  });
  EXPECT_EQ(plan.outcome(), WalkOutcome::failed);
  EXPECT_LT(requests, 50);
}

TEST(WalkPlan, AnEmptyPageWithACursorIsAskedForAgain) {
  WalkPlan plan;
  const FakeList list = list_of(1000);
  bool once = true;
  walk(plan, list, [&](const PageRequest& request) {
    if (request.number != 3 || !std::exchange(once, false)) return false;
    SimPage page = list.page(request.after, request.limit);
    page.sims.clear();
    plan.arrived(request, page);
    return true;
  });
  EXPECT_EQ(plan.outcome(), WalkOutcome::complete);
  EXPECT_EQ(plan.seen().size(), 1000U);
}

TEST(WalkPlan, ReadsAllButTheSimThatBreaksItsPage) {
  const FakeList list = list_of(1000);
  const std::string poison = list.sims[455].id;
  WalkPlan plan;
  int requests = 0;
  while (!plan.finished() && ++requests < 500) {
    if (plan.wants_detour()) {
      // What the store would say: the first known SIM created before the oldest read.
      const auto beyond =
          std::ranges::find_if(list.sims, [&](const Sim& sim) { return sim.created_at < *plan.oldest_read(); });
      plan.detour((beyond + static_cast<std::ptrdiff_t>(plan.detour_distance()))->id);
      continue;
    }
    const PageRequest request = *plan.next();
    const SimPage page = list.page(request.after, request.limit);
    if (std::ranges::count(page.sims, poison, &Sim::id) > 0) {
      plan.failed(request, PageFailure::bad_page, "500");
    } else {
      plan.arrived(request, page);
    }
  }
  EXPECT_EQ(plan.outcome(), WalkOutcome::incomplete);
  EXPECT_THAT(plan.error(), HasSubstr("500"));
  EXPECT_EQ(plan.seen().size(), 999U);
  EXPECT_FALSE(plan.seen().contains(poison));
}

TEST(WalkPlan, WithoutAWayAroundItKeepsWhatItRead) {
  WalkPlan plan;
  const FakeList list = list_of(1000);
  plan.arrived(*plan.next(), list.page("", 200));
  while (!plan.wants_detour()) plan.failed(*plan.next(), PageFailure::bad_page, "500");
  plan.detour(std::nullopt);
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.outcome(), WalkOutcome::incomplete);
}

TEST(WalkPlan, FailsWhenNoPageCanBeRead) {
  WalkPlan plan;
  int requests = 0;
  while (!plan.finished()) {
    ASSERT_LT(++requests, 200);
    if (plan.wants_detour()) {
      plan.detour("sim_" + std::to_string(requests));
    } else {
      plan.failed(*plan.next(), PageFailure::bad_page, "500");
    }
  }
  EXPECT_EQ(plan.outcome(), WalkOutcome::failed);
}

}  // namespace
}  // namespace simsync
