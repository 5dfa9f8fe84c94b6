// When the project's next request may go: the operator's rate, the server's Retry-After, and what to do while the token
// is refused. Pure: no clock, no thread; paced_budget.h waits. All of a project's calls share one.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "sync/api/lane.h"

namespace simsync {

class RequestBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Turn {
    enum class Kind {
      granted,  // send one request now
      wait,     // the operator's rate; ask again at `again`
      paused,   // the server asked for a pause, from `since` to `again`
      refused,  // the token was refused; nothing may be sent before `again`, and then a single probe
    };
    Kind kind = Kind::granted;
    Time again{};
    bool probe = false;  // granted to find out whether the token works again
    Time since{};        // of a pause; where pauses follow each other without a gap, of the first
  };

  // `per_second` 0: no limit. Bursts are up to a second's worth but at least one request; the first burst is a tenth
  // of that, so that a restarting daemon does not spend a second's worth at once. The last tenth of a second's worth,
  // and at least one request, is a reserve that polls leave to the others: these find a token even where polls take all
  // that the rate allows. Below 2 a second the burst has no room for a reserve, and there is none.
  explicit RequestBudget(double per_second);

  // A poll may use the reserve where `others_wait`: it is its turn, and as long as others take every token there would
  // never be more than the reserve.
  [[nodiscard]] Turn try_take(Time now, Lane lane, bool others_wait);

  // What holds everybody up, whoever's turn it is: `refused` or `paused`; nullopt where only the rate can.
  [[nodiscard]] std::optional<Turn> obstacle(Time now) const;

  // No request from `now` until `until` (Retry-After of 429 and 503, facts.md "Errors"). An earlier end never shortens
  // a pause.
  void pause(Time now, Time until);

  // How much of the time from `since` to `now` the latest pause took.
  [[nodiscard]] Time::duration paused_between(Time since, Time now) const;

  // A request that was granted with `probe` was answered with 401 or 403. The project's requests stop; one probe is let
  // through after 30 s, then 1, 2, 5 and every 10 minutes. The answers of requests that left together count once.
  void token_refused(Time now, bool probe);

  // An answer showed that the token is accepted: a refusal is over.
  void token_accepted();

 private:
  void refill(Time now);

  double per_second_;
  double burst_;
  double reserve_;
  double tokens_;
  std::optional<Time> refilled_at_;
  Time paused_from_{};
  Time paused_until_{};
  bool refused_ = false;
  std::size_t probe_step_ = 0;
  Time next_probe_{};
};

}  // namespace simsync
