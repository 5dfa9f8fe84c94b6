#include "sync/profiles/poll_intervals.h"

#include <algorithm>
#include <cmath>

namespace simsync {

namespace {

// Between interval and quiet_interval: fine enough that little of the budget stays unused, and few.
constexpr double kQuietRatio = 1.25;
constexpr double kMostQuietSteps = 16;

}  // namespace

PollIntervals::PollIntervals(const ProfilesConfig& config) : quiet_after_(config.quiet_after) {
  for (Milliseconds step = std::min(config.recent_interval, config.interval); step < config.interval; step *= 2) {
    steps_.push_back(step);
  }
  usual_ = static_cast<Step>(steps_.size());
  steps_.push_back(config.interval);
  if (config.quiet_interval > config.interval) {
    const auto usual = static_cast<double>(config.interval.count());
    const auto quiet = static_cast<double>(config.quiet_interval.count());
    const double ratio = std::max(kQuietRatio, std::pow(quiet / usual, 1 / kMostQuietSteps));
    for (double step = usual * ratio; step * std::sqrt(ratio) < quiet; step *= ratio) {
      // Whole seconds, where that is nothing, are easier to read.
      steps_.emplace_back(step < 60'000 ? std::llround(step) : std::llround(step / 1000) * 1000);
    }
    steps_.push_back(config.quiet_interval);
  }
  quietest_ = static_cast<Step>(steps_.size() - 1);
  steps_.push_back(config.retired_interval);
}

PollIntervals::Step PollIntervals::step(Milliseconds quiet_for, bool retired, Step longest_quiet) const {
  for (Step step = 0; step < usual_; ++step) {
    if (steps_[step] > quiet_for) return step;
  }
  if (quiet_for < steps_[usual_]) return usual_;
  if (retired) return this->retired();
  return quiet_for < quiet_after_ ? usual_ : std::min(longest_quiet, quietest_);
}

PollIntervals::Reason PollIntervals::reason(Step step) const {
  if (step < usual_) return Reason::recent;
  if (step == usual_) return Reason::usual;
  return step <= quietest_ ? Reason::quiet : Reason::retired;
}

}  // namespace simsync
