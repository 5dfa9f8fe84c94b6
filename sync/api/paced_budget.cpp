#include "sync/api/paced_budget.h"

#include <algorithm>

namespace simsync {
namespace {

using Kind = RequestBudget::Turn::Kind;

// Those who are not next are woken when something changes for them; this is only a time for wait_until.
constexpr std::chrono::hours kUntilWoken{24};

}  // namespace

RequestBudget::Turn PacedBudget::take(Lane lane, const std::stop_token& stop, Time since, Time::duration patience) {
  std::unique_lock lock(mutex_);
  // Without a limit, or within it, nobody waits; then a request costs no more than this: no queue, no allocation.
  if (waiting_.empty() && !stop.stop_requested()) {
    const Turn turn = try_take(std::chrono::steady_clock::now(), lane);
    if (turn.kind == Kind::granted || turn.kind == Kind::refused) return turn;
  }
  Waiter self(lane);
  waiting_.come(self);
  // A poll that is next may be waiting for the reserve to fill up; now that others wait, it need not.
  if (lane == Lane::others && waiting_.size(lane) == 1 && waiting_.next() != &self) wake(*waiting_.next());
  const Turn turn = wait_for_turn(lock, self, stop, since, patience);
  waiting_.leave(self);
  // Whoever is next looks anew, and if it has to leave as well, wakes the one behind it.
  if (Waiter* const next = waiting_.next()) wake(*next);
  return turn;
}

RequestBudget::Turn PacedBudget::try_take(Time now, Lane lane) {
  const Turn turn = budget_.try_take(now, lane, waiting_.size(Lane::others) > 0);
  if (turn.kind == Kind::granted) waiting_.served(lane);
  return turn;
}

RequestBudget::Turn PacedBudget::wait_for_turn(std::unique_lock<std::mutex>& lock, Waiter& self,
                                               const std::stop_token& stop, Time since, Time::duration patience) {
  for (;;) {
    const Time now = std::chrono::steady_clock::now();
    Turn turn{Kind::wait, now + kUntilWoken};
    if (stop.stop_requested()) return turn;
    if (waiting_.next() == &self) {
      turn = try_take(now, self.lane);
    } else if (const auto obstacle = budget_.obstacle(now)) {
      turn = *obstacle;
    }
    if (turn.kind == Kind::granted || turn.kind == Kind::refused) return turn;
    Time until = turn.again;
    if (turn.kind == Kind::paused) {
      const Time patience_ends = std::max(since, turn.since) + patience;
      if (now >= patience_ends) return turn;
      until = std::min(until, patience_ends);
    }
    self.woken = false;
    self.turn.wait_until(lock, stop, until, [&self] { return self.woken; });
  }
}

std::size_t PacedBudget::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

PacedBudget::Time::duration PacedBudget::paused_between(Time since, Time now) const {
  const std::lock_guard lock(mutex_);
  return budget_.paused_between(since, now);
}

void PacedBudget::pause(Time now, Time until) {
  const std::lock_guard lock(mutex_);
  budget_.pause(now, until);
  wake_all();
}

void PacedBudget::token_refused(Time now, bool probe) {
  const std::lock_guard lock(mutex_);
  budget_.token_refused(now, probe);
  wake_all();
}

void PacedBudget::token_accepted() {
  const std::lock_guard lock(mutex_);
  budget_.token_accepted();
}

void PacedBudget::wake(Waiter& waiter) {
  waiter.woken = true;
  waiter.turn.notify_one();
}

void PacedBudget::wake_all() {
  waiting_.for_each(wake);
}

}  // namespace simsync
