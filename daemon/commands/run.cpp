#include "config/log.h"
#include "daemon/alerts/alert_service.h"
#include "daemon/commands/commands.h"
#include "daemon/service.h"
#include "daemon/version.h"

namespace simsync {

ExitCode run_command(const CommandLine& line, const Config& config, Signals& signals) {
  prepare_schema(config.database);
  warn_of_unlikely_rules(config);
  log::info("started", {{"version", kVersion}, {"projects", config.projects.size()}});
  run_service(config, line.config_file, signals);
  log::info("stopped");
  return ExitCode::done;
}

}  // namespace simsync
