#include "sync/api/paced_budget.h"

#include <algorithm>

namespace simsync {

RequestBudget::Turn PacedBudget::take(const std::stop_token& stop, Time deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const Time now = std::chrono::steady_clock::now();
    const auto turn = budget_.try_take(now);
    if (turn.kind != RequestBudget::Turn::Kind::wait || now >= deadline || stop.stop_requested()) return turn;
    // Nothing makes a turn come earlier than was said, so only stop needs to end this wait before its time.
    never_.wait_until(lock, stop, std::min(turn.again, deadline), [] { return false; });
  }
}

void PacedBudget::pause_until(Time until) {
  const std::lock_guard lock(mutex_);
  budget_.pause_until(until);
}

void PacedBudget::token_refused(Time now, bool probe) {
  const std::lock_guard lock(mutex_);
  budget_.token_refused(now, probe);
}

void PacedBudget::token_accepted() {
  const std::lock_guard lock(mutex_);
  budget_.token_accepted();
}

}  // namespace simsync
