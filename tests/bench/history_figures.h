// What the reports about the past take, over three years of history: each view's typical question, and what the indexes
// that serve them cost the write path.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/figures.h"

namespace simsync::bench {

// `rows`: of history, half of SIMs and half of profiles; at least as many as SIMs.
// Returns the plans of the questions that took longer than their aim, to be printed below the table.
std::vector<std::string> measure_history(unsigned sims, unsigned rows, std::vector<Figure>& figures);

}  // namespace simsync::bench
