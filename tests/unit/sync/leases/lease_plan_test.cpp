// Who takes which project: alone, with others that come and go, and over a database that was away or went back.
#include "sync/leases/lease_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

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

// Daemons, as many as come, over one table of leases.
class LeaseWorld {
 public:
  explicit LeaseWorld(unsigned seed, std::size_t projects) : random_(seed) {
    for (std::size_t i = 0; i < projects; ++i) projects_.push_back("p" + std::to_string(i));
  }

  struct Daemon {
    std::string name;
    LeasePlan plan;
    std::set<std::string> working;
    std::set<std::string> stopping;
    bool alive = true;
    bool frozen = false;
    int seen = 0;
  };

  void add() {
    const std::string name = "d" + std::to_string(made_++);
    daemons_.push_back(std::make_unique<Daemon>(Daemon{name, LeasePlan{projects_, name}, {}, {}, true, false, now_}));
  }
  Daemon& any() { return *daemons_[random_() % daemons_.size()]; }
  std::size_t alive() const {
    return static_cast<std::size_t>(std::ranges::count_if(daemons_, [](const auto& d) { return d->alive; }));
  }

  // One second: each that lives beats, in any order.
  void second() {
    ++now_;
    std::ranges::shuffle(daemons_, random_);
    for (const auto& daemon : daemons_) {
      if (daemon->alive && !daemon->frozen) beat(*daemon);
    }
  }

  std::size_t owned() const {
    std::size_t count = 0;
    for (const auto& [project, row] : rows_) {
      const auto owner = std::ranges::find_if(daemons_, [&](const auto& d) { return d->name == row.holder; });
      count += owner != daemons_.end() && (*owner)->alive && (*owner)->working.contains(project) ? 1 : 0;
    }
    return count;
  }
  std::size_t most_of_one() const {
    std::size_t most = 0;
    for (const auto& daemon : daemons_) most = std::max(most, daemon->alive ? daemon->working.size() : 0);
    return most;
  }
  std::size_t projects() const { return projects_.size(); }

  std::mt19937 random_;

 private:
  struct Row {
    std::int64_t epoch = 0;
    std::string holder;
    int expires = 0;
  };

  void beat(Daemon& daemon) {
    daemon.seen = now_;
    for (auto& [project, row] : rows_) {
      if (row.holder == daemon.name && row.expires != kReleased) row.expires = now_ + 8;
    }
    // What was to stop has, some seconds later.
    for (auto it = daemon.stopping.begin(); it != daemon.stopping.end();) {
      if (random_() % 3 == 0) {
        const auto lease = daemon.plan.ended(*it);
        Row& row = rows_[*it];
        if (row.holder == daemon.name && row.epoch == lease->epoch) row.expires = kReleased;
        it = daemon.stopping.erase(it);
      } else {
        ++it;
      }
    }
    LeaseView view;
    view.server = "s";
    view.daemons = static_cast<std::size_t>(
        std::ranges::count_if(daemons_, [&](const auto& d) { return d->alive && now_ - d->seen < 8; }));
    for (const auto& [project, row] : rows_) {
      view.leases.push_back({project, row.epoch, row.holder, row.holder, seconds{row.expires - now_}});
    }
    const auto decision = daemon.plan.beat(view, kNobodyDead);
    for (const std::string& project : decision.stop) {
      daemon.working.erase(project);
      daemon.stopping.insert(project);
    }
    for (const LeasePlan::Take& take : decision.take) {
      Row& row = rows_[take.project];
      if (row.epoch > 0 && row.expires > now_ && row.holder != take.dead_holder) continue;
      row = {row.epoch + 1, daemon.name, now_ + 8};
      daemon.plan.taken({take.project, row.epoch, daemon.name});
      daemon.working.insert(take.project);
    }
  }

  static constexpr int kReleased = -1000;
  std::vector<std::string> projects_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::map<std::string, Row> rows_;
  int now_ = 0;
  unsigned made_ = 0;
};

TEST(LeasePlanModel, WhoeverComesAndGoesEachProjectIsSoonWorkedOnAndTheSharesAreEven) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    LeaseWorld world{seed, 1 + seed % 7};
    world.add();
    for (int turn = 0; turn < 20; ++turn) {
      if (world.random_() % 2 == 0) world.add();
      if (world.alive() > 1 && world.random_() % 2 == 0) world.any().alive = false;
      world.any().frozen = world.random_() % 3 == 0;
      for (int i = 0; i < static_cast<int>(world.random_() % 20); ++i) world.second();
      world.any().frozen = false;
    }
    world.add();  // at least one that works
    for (int i = 0; i < 400; ++i) world.second();
    ASSERT_EQ(world.owned(), world.projects()) << "seed " << seed;
  }
}

TEST(LeasePlanModel, TheSharesAreEvenAfterAWhile) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    LeaseWorld world{seed, 6};
    world.add();
    for (int i = 0; i < 10; ++i) world.second();
    world.add();
    world.add();
    for (int i = 0; i < 120; ++i) world.second();
    ASSERT_EQ(world.owned(), 6U) << "seed " << seed;
    ASSERT_EQ(world.most_of_one(), 2U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace simsync
