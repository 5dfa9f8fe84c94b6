// When the next walk is due: a full one, or a look at the newest page. Pure: no clock, no thread.
#pragma once

#include <chrono>

#include "config/config.h"

namespace simsync {

class WalkTimes {
 public:
  using Clock = std::chrono::steady_clock;

  // A full walk is due at once.
  WalkTimes(const WalkConfig& config, Clock::time_point now);

  // Other intervals hold from the last walks on.
  void reconfigure(const WalkConfig& config);

  [[nodiscard]] bool full_is_due(Clock::time_point now) const { return now >= next_full(); }

  // A full walk that began at `begun` has ended now, and if it did not fail, the next is due an interval after it
  // began. After failures the next does not wait for the interval, but ever longer while they go on.
  void walked(Clock::time_point begun, bool failed, Clock::time_point now);
  void looked(Clock::time_point now) { looked_at_ = now; }

  // Of either kind. Before the first full walk that did not fail everything is new, and a look at the newest page finds
  // nothing out.
  [[nodiscard]] Clock::time_point next(bool ever_whole) const;

 private:
  [[nodiscard]] Clock::time_point next_full() const;

  std::chrono::milliseconds interval_;
  std::chrono::milliseconds new_sims_interval_;
  bool walked_ = false;
  Clock::time_point from_;  // the begin of the last full walk, or the end of one that failed
  Clock::time_point looked_at_;
  unsigned failures_ = 0;
};

}  // namespace simsync
