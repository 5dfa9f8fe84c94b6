// A RequestBudget that several threads wait on.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "sync/api/request_budget.h"

namespace simsync {

// Safe from any thread.
class PacedBudget {
 public:
  using Time = RequestBudget::Time;

  explicit PacedBudget(double per_second) : budget_(per_second) {}

  // Blocks until a request may go, the token is refused, `deadline` would pass before the turn comes, or stop (the
  // caller looks). Turns that are not `granted` say when to come again.
  RequestBudget::Turn take(const std::stop_token& stop, Time deadline);

  void pause_until(Time until);
  void token_refused(Time now, bool probe);
  void token_accepted();

 private:
  std::mutex mutex_;
  std::condition_variable_any never_;
  RequestBudget budget_;  // guarded by mutex_
};

}  // namespace simsync
