#include "config/log.h"
#include "daemon/alerts/alert_service.h"
#include "daemon/commands/commands.h"
#include "daemon/service.h"
#include "daemon/version.h"

namespace simsync {

ExitCode run_command(const Config& config, std::stop_token stop) {
  prepare_schema(config.database);
  warn_of_unlikely_rules(config);
  log::info("started", {{"version", kVersion}, {"projects", config.projects.size()}});
  run_projects(config, std::move(stop));
  log::info("stopped");
  return ExitCode::done;
}

}  // namespace simsync
