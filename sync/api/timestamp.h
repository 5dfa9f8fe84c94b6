// The API's times (RFC 3339, sims-reference.txt, `createdAt` and `updatedAt`) as points in time. It accepts what the
// standard allows and nothing more: no local time, no missing zone, no ISO 8601 week dates.
#pragma once

#include <optional>
#include <string_view>

#include "storage/sim.h"

namespace simsync {

// Reads `2021-01-21T19:38:34Z`, `…:34.0Z` (facts.md, "Lists": both forms come), up to nine fractional digits of which
// six are kept (cut, not rounded, so that order is kept) and offsets such as `+05:30`. A leap second (:60) becomes the
// last microsecond of its minute. Years 0001–9999 after the offset is applied. nullopt for anything else.
std::optional<TimePoint> parse_timestamp(std::string_view text);

}  // namespace simsync
