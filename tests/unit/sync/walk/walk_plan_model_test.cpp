// Random worlds: lists that grow and shrink between any two pages, cursors whose SIM is deleted, faulty pages. Whatever
// happens, the walk ends; and when it says complete, it has read every SIM that was there all the time, and none that
// never was. A failing world prints its seed; SIMSYNC_WALK_SEED=N replays it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "sync/walk/walk_plan.h"
#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    list_.create(number(0, chance(0.1) ? 5000 : 600));
    for (const Sim& sim : list_.sims) always_.insert(sim.id);
    ever_ = always_;
    faults_ = chance(0.5) ? 0.0 : 0.1;
    motion_ = chance(0.3) ? 0.0 : 0.5;
  }

  void run() {
    int steps = 0;
    while (!plan_.finished()) {
      ASSERT_LT(++steps, 3000) << "the walk does not end";
      if (chance(motion_)) move();
      if (plan_.wants_detour()) {
        plan_.detour(chance(0.5) || list_.sims.empty() ? std::nullopt : std::optional{any().id});
        continue;
      }
      const auto request = plan_.next();
      if (!request) continue;
      answer(*request);
    }
    if (plan_.outcome() != WalkOutcome::complete) return;
    for (const std::string& id : always_) ASSERT_TRUE(plan_.seen().contains(id)) << id << " was never read";
  }

 private:
  bool chance(double probability) { return std::uniform_real_distribution{}(random_) < probability; }
  int number(int low, int high) { return std::uniform_int_distribution{low, high}(random_); }
  const Sim& any() { return list_.sims[static_cast<std::size_t>(number(0, static_cast<int>(list_.sims.size()) - 1))]; }

  void move() {
    if (chance(0.5)) {
      list_.create(number(1, 30));
      for (const Sim& sim : list_.sims) ever_.insert(sim.id);
    }
    for (int i = number(0, 20); i > 0 && !list_.sims.empty(); --i) erase(any().id);
  }

  void erase(const std::string& id) {
    always_.erase(id);
    list_.sims.erase(list_.sims.begin() + (list_.find(id) - list_.sims.begin()));
  }

  void answer(const PageRequest& request) {
    if (!request.after.empty() && chance(motion_ / 3) && list_.find(request.after) != list_.sims.end())
      erase(request.after);
    if (chance(faults_)) {
      // A page that cannot be had, but not one whose content lies: that only GET can find out (missing_sims.h).
      plan_.failed(request, chance(0.9) ? PageFailure::bad_page : PageFailure::cursor_gone, "fault");
      return;
    }
    try {
      SimPage page = list_.page(request.after, request.limit);
      if (!page.sims.empty() && chance(faults_)) page.sims.push_back(page.sims.front());
      for (const Sim& sim : page.sims) ASSERT_TRUE(ever_.contains(sim.id));
      plan_.arrived(request, page);
    } catch (const ApiError&) {
      plan_.failed(request, PageFailure::cursor_gone, "gone");
    }
  }

  std::mt19937 random_;
  FakeList list_;
  std::set<std::string> always_;  // there since the walk began
  std::set<std::string> ever_;
  double faults_ = 0;
  double motion_ = 0;
  WalkPlan plan_;
};

TEST(WalkPlanModel, EveryWorldIsReadWholeOrSaidNotToBe) {
  unsigned first = 1;
  unsigned last = 400;
  if (const char* seed = std::getenv("SIMSYNC_WALK_SEED")) first = last = static_cast<unsigned>(std::atoi(seed));
  for (unsigned seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("SIMSYNC_WALK_SEED=" + std::to_string(seed));
    World{seed}.run();
  }
}

}  // namespace
}  // namespace simsync
