// What is held against the truth when the faults of a campaign are over.
#pragma once

#include "tests/faults/campaign/figures.h"
#include "tests/faults/campaign/stage.h"

namespace simsync::test {

// Waits until the daemons alone have brought everything in order, ends them, and says what is not as it should be;
// fills in the figures. The faults are over.
Differences verdict(Stage& stage, Figures& figures);

// The daemons' and the servers' logs, for whoever looks for the reason.
void keep_logs(const Stage& stage, const std::string& folder);

}  // namespace simsync::test
