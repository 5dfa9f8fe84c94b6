// How often a profile is asked, and why: a function of what is known of it. Refuses to know a clock or a schedule, so
// that `simsyncd explain` says of any profile what the service does with it.
//
// The intervals are steps:
//   recent_interval … interval   what moved lately, and ever more rarely, each step twice the one before: a profile
//                                that has been quiet for some time is asked again after about as long a time
//   interval … quiet_interval    what has been quiet for quiet_after: `interval` as long as the budget allows, and
//                                only as much longer as it has to be
//   retired_interval             retired SIMs and deleted profiles
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"

namespace simsync {

class PollIntervals {
 public:
  using Step = std::uint8_t;

  enum class Reason { recent, usual, quiet, retired };

  explicit PollIntervals(const ProfilesConfig& config);

  // The step of a profile that moved, was created or whose SIM was activated `quiet_for` ago (below 0 is 0).
  // `retired`: its SIM is, or it was itself deleted. `longest_quiet`: the step that the budget allows what is long
  // quiet, from usual() to quietest().
  [[nodiscard]] Step step(Milliseconds quiet_for, bool retired, Step longest_quiet) const;

  [[nodiscard]] Milliseconds every(Step step) const { return steps_[step]; }
  [[nodiscard]] Reason reason(Step step) const;

  [[nodiscard]] Step usual() const { return usual_; }        // `interval`
  [[nodiscard]] Step quietest() const { return quietest_; }  // `quiet_interval`; the steps between belong to it
  [[nodiscard]] Step retired() const { return static_cast<Step>(steps_.size() - 1); }
  [[nodiscard]] Step size() const { return static_cast<Step>(steps_.size()); }

 private:
  std::vector<Milliseconds> steps_;
  Step usual_ = 0;
  Step quietest_ = 0;
  Milliseconds quiet_after_;
};

}  // namespace simsync
