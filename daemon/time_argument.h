// A time as people write it on a command line. Refuses words that depend on a language, and two-digit years.
#pragma once

#include <optional>
#include <string_view>

#include "storage/sim.h"

namespace simsync {

// How to write one, for error messages.
inline constexpr const char* kTimeAdvice =
    "write 2026-03-01, '2026-03-01 14:00', 2026-03-01T14:00:00Z, 7d, today or now";

// Reads
//   2026-03-01, 2026-03-01 14:00, 2026-03-01T14:00:00.5     in the machine's zone (TZ); a day is its first moment
//   the latter two with Z or an offset such as +02:00       in that zone
//   7d, 24h, 1h30m                                          so long before `now`: a d is 24 hours; at most 366d
//   400d, 26w, 3y                                           as history.keep has it: a year is 366 days; at most 100y
//   now, today, yesterday                                   the days those of the machine's zone
// Where the clock is set back, a time that comes twice is its first; one that the clock skips is the moment of the
// skip. Years 0001–9999 in UTC. nullopt for anything else.
std::optional<TimePoint> parse_time_argument(std::string_view text, TimePoint now);

}  // namespace simsync
