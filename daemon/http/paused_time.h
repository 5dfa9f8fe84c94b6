// How long the API has made us wait, as a figure that only grows: pauses that overlap count once, and of one that is
// under way as much as has passed. Pure: no clock, no thread.
#pragma once

#include <algorithm>
#include <chrono>

namespace simsync {

class PausedTime {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // Nothing is sent from `now` until `until`, or until the end of an earlier pause if that is later. In order of `now`,
  // more or less.
  void pause(Time now, Time until) {
    if (now >= until_) {
      ended_ += until_ - from_;
      from_ = until_ = now;
    }
    until_ = std::max(until_, until);
  }

  // Until `now`, since the beginning.
  [[nodiscard]] Duration total(Time now) const {
    return ended_ + std::max(std::min(now, until_) - from_, Duration::zero());
  }

 private:
  Duration ended_{};  // of the pauses before the latest
  Time from_{};       // the latest
  Time until_{};
};

}  // namespace simsync
