// What walks cost: the first, unchanged ones, and one that finds a hundredth changed.
#pragma once

#include <vector>

#include "tests/bench/figures.h"
#include "tests/bench/growth_figures.h"

namespace simsync::bench {

// Returns what measure_growth() wants of an inventory of this size, which is at hand here.
GrowthPoint measure_walks(unsigned sims, std::vector<Figure>& figures);

}  // namespace simsync::bench
