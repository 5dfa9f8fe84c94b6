// What several commands begin with.
#include "config/load_config.h"
#include "config/log.h"
#include "daemon/commands/commands.h"
#include "storage/conninfo.h"
#include "storage/migrator.h"

namespace simsync {

void prepare_schema(const DatabaseConfig& database) {
  if (complete_conninfo(database.url).may_be_plain) {
    log::warning("TLS to the database is not required", {{"advice", "add sslmode=verify-full to database.url"}});
  }
  if (!database.migrate) {
    require_current_schema(database.url);
    return;
  }
  for (const std::string& name : migrate(database.url)) log::info("migration applied", {{"migration", name}});
}

std::vector<ProjectConfig> chosen_projects(const CommandLine& line, const Config& config) {
  if (line.project.empty()) return config.projects;
  std::string known;
  for (const ProjectConfig& project : config.projects) {
    if (project.id == line.project) return {project};
    known += (known.empty() ? "" : ", ") + project.id;
  }
  throw ConfigError("--project " + line.project + " is not in " + line.config_file + "; it has " + known);
}

}  // namespace simsync
