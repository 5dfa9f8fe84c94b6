// When the service asks for a SIM's profile next, and why then, in plain words, from what the database holds alone: the
// intervals that the service goes by (poll_intervals.h), and what it said last of itself. Refuses to know a clock, and
// does not see the schedule of a running service, which spreads its polls and tries again after a failed one.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "storage/sim_story.h"

namespace simsync {

struct PollOutlook {
  bool polled = false;                      // whether it is asked at all
  std::string reason;                       // why it is not, or why at this interval
  std::optional<TimePoint> last_polled_at;  // nullopt: never
  std::optional<Milliseconds> interval;     // nullopt, like all below: it is not asked
  std::optional<TimePoint> next_earliest;   // nullopt where it was never asked
  std::optional<TimePoint> next_due;        // asked between next_earliest and this; now where it was never asked
  std::optional<Milliseconds> overdue;      // nullopt: it is not
  std::string next;                         // the same in words, with what is in the way
};

PollOutlook poll_outlook(const SimStory& story, const ProfilesConfig& config, TimePoint now);

// In its largest unit and the one below: "12d3h", "4m", "30s"; less than a second: "20ms".
std::string span_text(Milliseconds span);

}  // namespace simsync
