#include "sync/walk/walk_times.h"

#include <algorithm>

namespace simsync {

WalkTimes::WalkTimes(const WalkConfig& config, Clock::time_point now)
    : interval_(config.interval), new_sims_interval_(config.new_sims_interval), from_(now), looked_at_(now) {}

void WalkTimes::reconfigure(const WalkConfig& config) {
  interval_ = config.interval;
  new_sims_interval_ = config.new_sims_interval;
}

void WalkTimes::walked(Clock::time_point begun, bool failed, Clock::time_point now) {
  walked_ = true;
  failures_ = failed ? failures_ + 1 : 0;
  from_ = failed ? now : begun;
  looked_at_ = now;
}

WalkTimes::Clock::time_point WalkTimes::next(bool ever_whole) const {
  return ever_whole ? std::min(next_full(), looked_at_ + new_sims_interval_) : next_full();
}

WalkTimes::Clock::time_point WalkTimes::next_full() const {
  if (!walked_) return from_;
  if (failures_ == 0) return from_ + interval_;
  const std::chrono::milliseconds pause = std::chrono::seconds{5} * (1U << std::min(failures_ - 1, 10U));
  return from_ + std::min(pause, interval_);
}

}  // namespace simsync
