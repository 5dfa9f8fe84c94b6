// Whether the mirror can be relied on: product.md, "Metrics and health". Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon/http/figures_watch.h"

namespace simsync {

// The longest time in which the database may not have answered, and its figures still count as the present ones.
inline constexpr std::chrono::seconds kPresent{15};

// Why not, one line each; none: ready. Ready means that the database answers and that every project is inside twice
// `walk_interval` of its last complete walk, whichever daemon works on it: so a daemon that stands by is ready as long
// as the others do their work.
std::vector<std::string> unready_because(const Figures& figures, const std::vector<std::string>& projects,
                                         std::chrono::milliseconds walk_interval, TimePoint now);

// "17 s", "12 min", "3 h", "5 d": of no more than two digits, unless it is days.
std::string rough_time(std::chrono::milliseconds time);

}  // namespace simsync
