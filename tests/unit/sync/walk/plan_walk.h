// Drives a WalkPlan over a fake list in one thread.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sync/walk/walk_plan.h"
#include "tests/unit/sync/fake_sims.h"

namespace simsync {

inline FakeList list_of(int count) {
  FakeList list;
  list.create(count);
  return list;
}

// Answers the plan's requests from the list until it is finished, one page a request, all committed at once.
class PlanWalk {
 public:
  // Of a mirror that holds what `known` does.
  explicit PlanWalk(FakeList list, unsigned parallel = 1, const FakeList& known = {})
      : list_(std::move(list)), parallel_(parallel) {
    for (const Sim& sim : known.sims) known_.load(sim);
    plan_.emplace(known_, parallel);
  }

  // The oldest request first, as many at once as there are segments. Returns their number. `intercept` answers a
  // request itself, or returns false.
  using Intercept = std::function<bool(const PageRequest&)>;
  int run(const Intercept& intercept = {}) {
    int requests = 0;
    std::deque<PageRequest> asked;
    while (true) {
      while (asked.size() < parallel_) {
        auto request = plan_->next();
        if (!request) break;
        asked.push_back(std::move(*request));
      }
      if (asked.empty()) return requests;
      EXPECT_LT(++requests, 5000);
      if (requests >= 5000) return requests;
      const PageRequest request = std::move(asked.front());
      asked.pop_front();
      if (!intercept || !intercept(request)) answer(request);
    }
  }

  void answer(const PageRequest& request) {
    try {
      arrive(request, list_.page(request.query));
    } catch (const ApiError&) {
      plan_->failed(request, PageFailure::cursor_gone, "gone");
    }
  }

  void arrive(const PageRequest& request, SimPage page) {
    std::vector<SimKey> keys;
    for (const Sim& sim : page.sims) keys.push_back(known_.hasher().of(sim));
    const bool to_write = plan_->arrived(request, page, keys);
    EXPECT_EQ(to_write, !page.sims.empty());
    for (std::size_t i = 0; i < page.sims.size(); ++i) {
      ++written_[page.sims[i].id];
      known_.stored(keys[i], page.sims[i]);
    }
    if (to_write) plan_->committed({request.number});
  }

  [[nodiscard]] bool has_read(const Sim& sim) const { return known_.seen(known_.hasher().id(sim.id)); }
  void expect_all_read() {
    EXPECT_EQ(plan_->outcome(), WalkOutcome::complete) << plan_->error();
    for (const Sim& sim : list_.sims) EXPECT_TRUE(has_read(sim)) << sim.id;
  }
  [[nodiscard]] WalkPlan& plan() { return *plan_; }
  [[nodiscard]] PageRequest next() { return plan_->next().value(); }

  FakeList list_;
  KnownSims known_{42};
  std::map<std::string, int> written_;

 private:
  unsigned parallel_;
  std::optional<WalkPlan> plan_;
};

}  // namespace simsync
