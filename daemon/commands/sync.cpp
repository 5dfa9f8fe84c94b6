#include <unistd.h>

#include <iostream>

#include "daemon/commands/commands.h"
#include "daemon/progress_line.h"
#include "storage/migrator.h"
#include "storage/postgres_inventory.h"
#include "sync/api/http_sim_api.h"
#include "sync/project_sync.h"

namespace simsync {
namespace {

Cell number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

void print_change(const std::string& project, const Change& change) {
  std::cout << project << ' ' << change.sim_id << ' ' << change.kind << ' ' << change.field;
  if (change.old_value || change.new_value) {
    std::cout << ": " << change.old_value.value_or("(none)") << " -> " << change.new_value.value_or("(none)");
  }
  std::cout << '\n';
}

std::vector<Cell> row_of(const std::string& project, const PassReport& report) {
  return {project,
          std::string{to_text(report.walk.outcome)},
          number(report.walk.sims),
          number(report.walk.created),
          number(report.walk.changed),
          number(report.walk.disappeared),
          number(report.polls.polled),
          number(report.polls.first_seen),
          number(report.polls.transitions),
          number(report.polls.failed)};
}

// One line on stderr for what did not go well, and the exit code for it.
ExitCode judge(const std::string& project, const PassReport& report) {
  if (report.walk.outcome != WalkOutcome::complete) {
    std::cerr << "simsyncd: " << project << ": walk " << to_text(report.walk.outcome) << ": " << report.walk.error
              << '\n';
    return report.walk.outcome == WalkOutcome::failed ? ExitCode::api : ExitCode::failed;
  }
  if (report.polls.failed == 0) return ExitCode::done;
  std::cerr << "simsyncd: " << project << ": " << report.polls.failed << " of " << report.polls.watched
            << " profiles were not answered, the last one: " << report.polls.last_error << '\n';
  return report.polls.polled == 0 ? ExitCode::api : ExitCode::failed;
}

}  // namespace

ExitCode sync_command(const CommandLine& line, const Config& config, std::stop_token stop) {
  const std::vector<ProjectConfig> projects = chosen_projects(line, config);
  if (line.dry_run) {
    require_current_schema(config.database.url);
  } else {
    prepare_schema(config.database);
  }
  Table table{{"project", "walk", "sims", "created", "changed", "disappeared", "polled", "first_seen", "transitions",
               "unanswered"},
              {}};
  ExitCode worst = ExitCode::done;
  for (const ProjectConfig& project : projects) {
    ProgressLine progress{project.id};
    const auto tell = [&](const Change& change) { print_change(project.id, change); };
    const std::unique_ptr<StoreFactory> stores = line.dry_run ? make_postgres_dry_run_factory(config.database.url, tell)
                                                              : make_postgres_store_factory(config.database.url);
    const std::unique_ptr<SimApi> api = make_http_sim_api(config.api, project);
    ProjectSync pass{{project.id, config.walk, config.profiles, config.api.connections}, *api, *stores};
    const PassReport report = pass.once(
        stop, [&](const WalkRecord& walk) { progress.walked(walk); },
        [&](const PollReport& polls) { progress.polled(polls); });
    progress.clear();
    table.rows.push_back(row_of(project.id, report));
    const ExitCode code = judge(project.id, report);
    if (worst == ExitCode::done) worst = code;
    if (stop.stop_requested()) break;
  }
  print(std::cout, table, line.output);
  return worst;
}

}  // namespace simsync
