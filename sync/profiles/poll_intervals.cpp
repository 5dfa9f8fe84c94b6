#include "sync/profiles/poll_intervals.h"

#include <algorithm>

namespace simsync {

PollIntervals::PollIntervals(const ProfilesConfig& config) : quiet_after_(config.quiet_after) {
  const auto double_up_to = [this](Milliseconds from, Milliseconds end) {
    for (Milliseconds step = from; step < end; step *= 2) steps_.push_back(step);
    steps_.push_back(end);
    return static_cast<Step>(steps_.size() - 1);
  };
  usual_ = double_up_to(std::min(config.recent_interval, config.interval), config.interval);
  quietest_ = usual_;
  if (config.quiet_interval > config.interval) quietest_ = double_up_to(config.interval * 2, config.quiet_interval);
  steps_.push_back(config.retired_interval);
}

PollIntervals::Step PollIntervals::step(Milliseconds quiet_for, bool retired, Step longest_quiet) const {
  for (Step step = 0; step < usual_; ++step) {
    if (steps_[step] > quiet_for) return step;
  }
  if (quiet_for < steps_[usual_]) return usual_;
  if (retired) return this->retired();
  // A step between interval and quiet_interval is as far from quiet_interval as its time is from quiet_after.
  const double share = static_cast<double>(quiet_for.count()) / static_cast<double>(quiet_after_.count());
  const double longest = share * static_cast<double>(steps_[quietest_].count());
  Step step = usual_;
  while (step < std::min(longest_quiet, quietest_) && static_cast<double>(steps_[step + 1].count()) <= longest) ++step;
  return step;
}

PollIntervals::Reason PollIntervals::reason(Step step) const {
  if (step < usual_) return Reason::recent;
  if (step == usual_) return Reason::usual;
  return step <= quietest_ ? Reason::quiet : Reason::retired;
}

}  // namespace simsync
