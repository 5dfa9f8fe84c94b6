#include <chrono>
#include <iostream>

#include "daemon/commands/commands.h"
#include "storage/migrator.h"
#include "storage/postgres_inventory.h"
#include "storage/project_figures.h"

namespace simsync {
namespace {

Cell seconds_since(const std::optional<TimePoint>& time) {
  if (!time) return std::monostate{};
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - *time).count();
}

}  // namespace

ExitCode status_command(const CommandLine& line, const Config& config) {
  require_current_schema(config.database.url);
  const std::unique_ptr<InventoryStore> store = make_postgres_store_factory(config.database.url)->open();
  const std::unique_ptr<FiguresReader> figures = open_postgres_figures(config.database.url);
  Table table{{"project", "host", "complete_walk_age_s", "last_walk", "sims", "missing", "profiles", "profiles_due",
               "metadata_pending", "last_error"},
              {}};
  for (const ProjectConfig& project : chosen_projects(line, config)) {
    const ProjectStatus status = store->status(project.id, config.profiles.providers, config.profiles.interval);
    const ProjectFigures shown = figures->read({project.id}).at(0);
    table.rows.push_back(
        {project.id, shown.host.empty() ? Cell{} : Cell{shown.host}, seconds_since(status.last_complete_walk),
         status.last_walk ? Cell{std::string{to_text(status.last_walk->outcome)}} : Cell{}, count_cell(status.sims),
         count_cell(status.missing), count_cell(status.profiles), count_cell(status.profiles_due),
         count_cell(shown.metadata_pending), status.last_error.empty() ? Cell{} : Cell{status.last_error}});
  }
  print(std::cout, table, line.output);
  return ExitCode::done;
}

}  // namespace simsync
