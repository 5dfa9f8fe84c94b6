// A RequestBudget that several threads wait on: within a lane strictly first come, first served; while callers of both
// lanes wait, one of each in turn (lane.h).
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "sync/api/request_budget.h"
#include "sync/api/waiting_lanes.h"

namespace simsync {

// Safe from any thread.
class PacedBudget {
 public:
  using Time = RequestBudget::Time;
  using Turn = RequestBudget::Turn;

  explicit PacedBudget(double per_second) : budget_(per_second) {}

  // Blocks until it is the caller's turn and a request may go, however long the operator's own rate makes that. Polls
  // leave the budget's reserve alone, so that others find a token, unless both wait and it is the polls' turn. Ends
  // without a request (`again` says when to come back) as
  //   refused  when the token is refused, at once, for all who wait;
  //   paused   when the server's pause has taken `patience` of the caller's time, which began at `since`;
  //   wait     when stop is requested.
  // Whoever leaves holds nobody up behind.
  Turn take(Lane lane, const std::stop_token& stop, Time since, Time::duration patience);

  // Callers in take() that could not go at once and have not left yet.
  [[nodiscard]] std::size_t waiting() const;

  // How much of the time from `since` to `now` was the server's latest pause.
  Time::duration paused_between(Time since, Time now) const;

  void pause(Time now, Time until);
  void token_refused(Time now, bool probe);
  void token_accepted();

 private:
  struct Waiter {
    explicit Waiter(Lane its_lane) : lane(its_lane) {}
    const Lane lane;
    std::condition_variable_any turn;
    bool woken = false;
  };

  Turn try_take(Time now, Lane lane);
  Turn wait_for_turn(std::unique_lock<std::mutex>& lock, Waiter& self, const std::stop_token& stop, Time since,
                     Time::duration patience);
  static void wake(Waiter& waiter);
  void wake_all();

  mutable std::mutex mutex_;  // guards what follows
  RequestBudget budget_;
  WaitingLanes<Waiter> waiting_;  // only who is next takes
};

}  // namespace simsync
