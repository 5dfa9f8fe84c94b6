// What alerts cost the sync, and how soon the receiver hears of a change.
#pragma once

#include <vector>

#include "tests/bench/figures.h"

namespace simsync::bench {

void measure_alerts(std::vector<Figure>& figures);

}  // namespace simsync::bench
