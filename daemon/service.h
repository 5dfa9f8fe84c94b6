// The projects side by side: each has its API client and its threads, all share the stop.
#pragma once

#include <stop_token>

#include "config/config.h"

namespace simsync {

// Blocks until stop. Throws ConfigError for an alert channel that cannot be, and StorageError when a project's database
// failed for good; the others are stopped then.
void run_projects(const Config& config, std::stop_token stop);

}  // namespace simsync
