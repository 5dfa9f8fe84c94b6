#include "sync/api/paced_budget.h"

#include <algorithm>

namespace simsync {
namespace {

using Kind = RequestBudget::Turn::Kind;

// Those behind the first are woken when something changes for them; this is only a time for wait_until.
constexpr std::chrono::hours kUntilWoken{24};

}  // namespace

RequestBudget::Turn PacedBudget::take(const std::stop_token& stop, Time since, Time::duration patience) {
  std::unique_lock lock(mutex_);
  const auto self = waiting_.emplace(waiting_.end());
  Turn turn;
  for (;;) {
    const Time now = std::chrono::steady_clock::now();
    turn = {Kind::wait, now + kUntilWoken};
    if (stop.stop_requested()) break;
    if (self == waiting_.begin()) {
      turn = budget_.try_take(now);
    } else if (const auto obstacle = budget_.obstacle(now)) {
      turn = *obstacle;
    }
    if (turn.kind == Kind::granted || turn.kind == Kind::refused) break;
    Time until = turn.again;
    if (turn.kind == Kind::paused) {
      const Time patience_ends = std::max(since, turn.since) + patience;
      if (now >= patience_ends) break;
      until = std::min(until, patience_ends);
    }
    self->woken = false;
    self->turn.wait_until(lock, stop, until, [&self] { return self->woken; });
  }
  waiting_.erase(self);
  // Whoever is next looks anew, and if it has to leave as well, wakes the one behind it.
  if (!waiting_.empty()) wake(waiting_.front());
  return turn;
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
  for (Waiter& waiter : waiting_) wake(waiter);
}

}  // namespace simsync
