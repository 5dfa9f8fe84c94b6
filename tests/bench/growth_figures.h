// What an unchanged walk costs a SIM, in small inventories and large ones.
#pragma once

#include <vector>

#include "tests/bench/bench_setup.h"
#include "tests/bench/figures.h"

namespace simsync::bench {

struct GrowthPoint {
  unsigned sims = 0;
  double wall_seconds = 0;  // of an unchanged walk, median
  double memory_mib = 0;    // peak of the daemon
};

// At the latency that the simulator has.
GrowthPoint growth_point(Mirror& mirror);

// `largest` beside a tenth and a hundredth of it, which are made here.
void measure_growth(const GrowthPoint& largest, std::vector<Figure>& figures);

}  // namespace simsync::bench
