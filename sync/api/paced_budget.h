// A RequestBudget that several threads wait on, strictly first come, first served.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <stop_token>

#include "sync/api/request_budget.h"

namespace simsync {

// Safe from any thread.
class PacedBudget {
 public:
  using Time = RequestBudget::Time;
  using Turn = RequestBudget::Turn;

  explicit PacedBudget(double per_second) : budget_(per_second) {}

  // Blocks until it is the caller's turn and a request may go, however long the operator's own rate makes that. Ends
  // without a request (`again` says when to come back) as
  //   refused  when the token is refused, at once, for all who wait;
  //   paused   when the server's pause has taken `patience` of the caller's time, which began at `since`;
  //   wait     when stop is requested.
  // Whoever leaves holds nobody up behind.
  Turn take(const std::stop_token& stop, Time since, Time::duration patience);

  // Callers in take() that have not left yet.
  [[nodiscard]] std::size_t waiting() const;

  // How much of the time from `since` to `now` was the server's latest pause.
  Time::duration paused_between(Time since, Time now) const;

  void pause(Time now, Time until);
  void token_refused(Time now, bool probe);
  void token_accepted();

 private:
  struct Waiter {
    std::condition_variable_any turn;
    bool woken = false;
  };

  static void wake(Waiter& waiter);
  void wake_all();

  mutable std::mutex mutex_;  // guards what follows
  RequestBudget budget_;
  std::list<Waiter> waiting_;  // in the order in which they came; only the first one takes
};

}  // namespace simsync
