// What a schedule of a million profiles costs: its memory, and to make it from the database at a start.
#pragma once

#include <vector>

#include "tests/bench/figures.h"

namespace simsync::bench {

// `profiles`: how many. The simulator does not know them: the daemon's list of SIMs is short, its mirror is not.
void measure_roster(unsigned profiles, std::vector<Figure>& figures);

}  // namespace simsync::bench
