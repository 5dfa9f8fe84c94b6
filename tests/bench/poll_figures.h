// What polling profiles costs.
#pragma once

#include <vector>

#include "tests/bench/figures.h"

namespace simsync::bench {

void measure_polls(std::vector<Figure>& figures);

}  // namespace simsync::bench
