// The service: the projects side by side, alerts, what systemd is told, and the configuration read anew on SIGHUP. All
// projects share the stop.
#pragma once

#include <string>

#include "config/config.h"
#include "daemon/signals.h"

namespace simsync {

// Blocks until stop. `config_file` is read again on SIGHUP. Throws ConfigError for an alert channel that cannot be, and
// StorageError when a project's database failed for good; the others are stopped then.
void run_service(const Config& config, const std::string& config_file, Signals& signals);

}  // namespace simsync
