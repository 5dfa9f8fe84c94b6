#include "sync/api/paced_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "sync/stopping.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Kind = RequestBudget::Turn::Kind;
using Clock = std::chrono::steady_clock;

constexpr auto kMoment = 20ms;
constexpr auto kForever = 1h;

// Callers that come one after the other, each behind those before it.
class Callers {
 public:
  explicit Callers(PacedBudget& budget) : budget_(budget) {}
  ~Callers() {
    for (auto& thread : threads_) thread.request_stop();
  }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;
  Callers(Callers&&) = delete;
  Callers& operator=(Callers&&) = delete;

  void come(Clock::duration patience = kForever, Lane lane = Lane::others) {
    const std::size_t number = threads_.size();
    threads_.emplace_back([this, number, patience, lane](const std::stop_token& stop) {
      const auto turn = budget_.take(lane, stop, Clock::now(), patience);
      const std::lock_guard lock(mutex_);
      ++gone_;
      if (stop.stop_requested()) return;
      left_.push_back(number);
      kinds_.push_back(turn.kind);
      probes_ += turn.probe ? 1 : 0;
    });
    while (!all_came()) sleep_for(1ms, {});
  }
  void come(Lane lane) { come(kForever, lane); }
  void stop(std::size_t number) {
    threads_[number].request_stop();
    threads_[number].join();
  }
  void join() {
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::vector<std::size_t> left() {
    const std::lock_guard lock(mutex_);
    return left_;
  }
  std::vector<Kind> kinds() {
    const std::lock_guard lock(mutex_);
    return kinds_;
  }
  int probes() {
    const std::lock_guard lock(mutex_);
    return probes_;
  }

 private:
  // Each waits, or was let go already.
  bool all_came() {
    const std::lock_guard lock(mutex_);
    return budget_.waiting() + gone_ >= threads_.size();
  }

  PacedBudget& budget_;
  std::mutex mutex_;
  std::size_t gone_ = 0;
  std::vector<std::size_t> left_;  // in the order in which they were let go
  std::vector<Kind> kinds_;
  int probes_ = 0;
  std::vector<std::jthread> threads_;
};

TEST(PacedBudget, FirstComeFirstServed) {
  PacedBudget budget(2);  // half a second between two, so that they are noted in the order in which they left
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), kForever).kind, Kind::granted);
  Callers callers(budget);
  for (int i = 0; i < 4; ++i) callers.come();
  callers.join();
  EXPECT_EQ(callers.left(), (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(callers.kinds(), std::vector<Kind>(4, Kind::granted));
}

TEST(PacedBudget, TheLanesTakeTurns) {
  PacedBudget budget(4);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), kForever).kind, Kind::granted);
  Callers callers(budget);
  for (const Lane lane : {Lane::polls, Lane::polls, Lane::polls, Lane::others, Lane::others, Lane::polls}) {
    callers.come(lane);
  }
  callers.join();
  EXPECT_EQ(callers.left(), (std::vector<std::size_t>{0, 3, 1, 4, 2, 5}));
}

// True when the order in which two callers are let go is as it should be. What is looked at takes half a second and can
// be missed on a busy machine, so there are several tries; a fault fails them all.
bool seen_in_one_of_five(const std::function<bool()>& look) {
  for (int i = 0; i < 5; ++i) {
    if (look()) return true;
  }
  return false;
}

// How many callers of `restless`, who come back as soon as they are let go, are let go between the coming and the going
// of one of `single`. (They give up after a while, so that a fault ends.)
int let_go_before(Lane restless, Lane single) {
  PacedBudget budget(20);
  std::atomic<int> let_go = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&budget, &let_go, restless](const std::stop_token& stop) {
      while (let_go < 30 && budget.take(restless, stop, Clock::now(), kForever).kind == Kind::granted) ++let_go;
    });
  }
  while (let_go < 2 || budget.waiting() < 6) sleep_for(1ms, {});
  const int before = let_go;
  budget.take(single, {}, Clock::now(), kForever);
  const int meanwhile = let_go - before;
  for (auto& thread : threads) thread.request_stop();
  return meanwhile;
}

TEST(PacedBudget, NeitherLaneCanStarveTheOther) {
  EXPECT_TRUE(seen_in_one_of_five([] { return let_go_before(Lane::polls, Lane::others) <= 1; }));
  EXPECT_TRUE(seen_in_one_of_five([] { return let_go_before(Lane::others, Lane::polls) <= 1; }));
}

TEST(PacedBudget, PollsLeaveAReserve) {
  EXPECT_TRUE(seen_in_one_of_five([] {
    PacedBudget budget(2);  // with one token, which is the reserve; half a second to the next
    Callers callers(budget);
    callers.come(Lane::polls);
    callers.come(Lane::others);
    callers.join();
    return callers.left() == std::vector<std::size_t>{1, 0};
  }));
}

TEST(PacedBudget, APollWhoseTurnItIsNeedNotWaitForTheReserve) {
  EXPECT_TRUE(seen_in_one_of_five([] {
    PacedBudget budget(2);
    budget.take(Lane::others, {}, Clock::now(), kForever);
    Callers callers(budget);
    callers.come(Lane::polls);
    callers.come(Lane::others);
    // The poll takes the first token, the other has to wait for the second; would the poll wait for two tokens, the
    // other could leave with it.
    while (callers.left().empty()) sleep_for(1ms, {});
    sleep_for(kMoment, {});
    return callers.left() == std::vector<std::size_t>{0};
  }));
}

TEST(PacedBudget, ALowRateIsWaitedForHoweverLong) {
  PacedBudget budget(4);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), 0s).kind, Kind::granted);
  // The caller came long ago and has no patience at all: neither counts, since no server asked for a pause.
  const auto start = Clock::now();
  EXPECT_EQ(budget.take(Lane::others, {}, start - 1h, 0s).kind, Kind::granted);
  EXPECT_GE(Clock::now() - start, 200ms);
}

TEST(PacedBudget, ALowRateCanBeStopped) {
  PacedBudget budget(0.01);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), 0s).kind, Kind::granted);
  Callers callers(budget);
  for (int i = 0; i < 3; ++i) callers.come(0s);
  EXPECT_TRUE(callers.left().empty()) << "100 s a request";
  const auto start = Clock::now();
  for (const std::size_t i : {0U, 1U, 2U}) callers.stop(i);
  EXPECT_LT(Clock::now() - start, 5s);
}

TEST(PacedBudget, OnlyTheServersPauseHasALimit) {
  PacedBudget budget(0);
  const auto now = Clock::now();
  budget.pause(now, now + 1h);
  const auto turn = budget.take(Lane::others, {}, now, 30ms);
  EXPECT_EQ(turn.kind, Kind::paused);
  EXPECT_EQ(turn.again, now + 1h);
  EXPECT_GE(Clock::now() - now, 30ms);
}

TEST(PacedBudget, APauseIsHeardByThoseWhoWaitAlready) {
  PacedBudget budget(0.01);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), 0s).kind, Kind::granted);
  Callers callers(budget);
  for (const Lane lane : {Lane::others, Lane::polls, Lane::others}) callers.come(50ms, lane);
  const auto now = Clock::now();
  budget.pause(now, now + 1h);
  callers.join();
  EXPECT_EQ(callers.kinds(), std::vector<Kind>(3, Kind::paused));
  EXPECT_GE(Clock::now() - now, 50ms) << "patience begins with the pause";
}

TEST(PacedBudget, AfterAPauseTheOrderIsAsBefore) {
  PacedBudget budget(1);  // less than a token during the pause: two at once would leave in either order
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), 0s).kind, Kind::granted);
  const auto now = Clock::now();
  budget.pause(now, now + 800ms);
  Callers callers(budget);
  callers.come();
  callers.come(kMoment);  // leaves before the pause ends
  callers.come();
  callers.come();
  callers.join();
  EXPECT_EQ(callers.left(), (std::vector<std::size_t>{1, 0, 2, 3}));
}

TEST(PacedBudget, WhoIsStoppedHoldsNobodyUp) {
  PacedBudget budget(4);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), kForever).kind, Kind::granted);
  Callers callers(budget);
  for (int i = 0; i < 4; ++i) callers.come();
  callers.stop(2);
  callers.stop(0);
  callers.join();
  EXPECT_EQ(callers.left(), (std::vector<std::size_t>{1, 3}));
}

TEST(PacedBudget, WhoIsStoppedLeavesItsTurnToItsLane) {
  PacedBudget budget(2);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), kForever).kind, Kind::granted);
  Callers callers(budget);
  for (const Lane lane : {Lane::polls, Lane::others, Lane::polls, Lane::others}) callers.come(lane);
  callers.stop(0);
  callers.join();
  EXPECT_EQ(callers.left(), (std::vector<std::size_t>{2, 1, 3}));
}

TEST(PacedBudget, StoppedCallersTakeNoTurn) {
  PacedBudget budget(1);
  std::stop_source stopping;
  stopping.request_stop();
  EXPECT_EQ(budget.take(Lane::others, stopping.get_token(), Clock::now(), kForever).kind, Kind::wait);
  const auto start = Clock::now();
  EXPECT_EQ(budget.take(Lane::others, {}, start, 0s).kind, Kind::granted);
  EXPECT_EQ(budget.waiting(), 0U);
}

void expect_all_refused(const std::vector<Lane>& lanes) {
  PacedBudget budget(0.01);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), kForever).kind, Kind::granted);
  Callers callers(budget);
  for (const Lane lane : lanes) callers.come(lane);
  const auto start = Clock::now();
  budget.token_refused(start, false);
  callers.join();
  EXPECT_LT(Clock::now() - start, 5s);
  EXPECT_EQ(callers.kinds(), std::vector<Kind>(lanes.size(), Kind::refused));
  for (const Lane lane : {Lane::polls, Lane::others}) {
    EXPECT_EQ(budget.take(lane, {}, Clock::now(), kForever).kind, Kind::refused)
        << "nor does anyone who comes later wait";
  }
}

TEST(PacedBudget, ARefusedTokenSendsAllAway) {
  expect_all_refused({Lane::others, Lane::polls, Lane::polls, Lane::others});
  expect_all_refused({Lane::polls, Lane::polls});
  expect_all_refused({Lane::others, Lane::others});
}

TEST(PacedBudget, TheProbesTurnIsTheOthersRefusal) {
  PacedBudget budget(2);
  ASSERT_EQ(budget.take(Lane::others, {}, Clock::now(), kForever).kind, Kind::granted);
  budget.token_refused(Clock::now() - 1min, false);  // the probe is due, and waits for the rate
  Callers callers(budget);
  for (const Lane lane : {Lane::polls, Lane::others, Lane::polls}) callers.come(lane);
  const auto start = Clock::now();
  callers.join();
  EXPECT_LT(Clock::now() - start, 5s);
  EXPECT_EQ(callers.probes(), 1);
  auto kinds = callers.kinds();
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), Kind::refused), 2);
}

// Callers that come, go and are stopped at random: none may be forgotten.
TEST(PacedBudget, NobodyIsForgotten) {
  PacedBudget budget(2000);
  std::atomic<int> granted = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int call = 0; call < 100; ++call) {
        std::stop_source stopping;
        std::jthread stopper;
        if (i % 2 == 0 && call % 4 == 0) stopper = std::jthread([&stopping] { stopping.request_stop(); });
        if (i == 1 && call % 10 == 0) budget.pause(Clock::now(), Clock::now() + 1ms);
        const Lane lane = call % 3 == 0 ? Lane::others : Lane::polls;
        granted += budget.take(lane, stopping.get_token(), Clock::now(), kForever).kind == Kind::granted ? 1 : 0;
      }
    });
  }
  threads.clear();
  EXPECT_GE(granted, 700);
}

}  // namespace
}  // namespace simsync
