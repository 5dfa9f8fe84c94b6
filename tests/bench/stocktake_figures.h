// What comparing scanned cards with the inventory costs, beside a join of the same in the database.
#pragma once

#include <vector>

#include "tests/bench/figures.h"

namespace simsync::bench {

// `sims`: how many, and as many lines.
void measure_stocktake(unsigned sims, std::vector<Figure>& figures);

}  // namespace simsync::bench
