#include <iostream>

#include "config/printable.h"
#include "daemon/alerts/alert_service.h"
#include "daemon/commands/commands.h"
#include "daemon/progress_line.h"
#include "storage/migrator.h"
#include "storage/postgres_inventory.h"
#include "sync/api/http_sim_api.h"
#include "sync/project_sync.h"

namespace simsync {
namespace {

Cell text_or_null(const std::optional<std::string>& text) {
  return text ? Cell{*text} : Cell{};
}

std::vector<Cell> row_of(const std::string& project, const PassReport& report) {
  return {project,
          std::string{to_text(report.walk.outcome)},
          count_cell(report.walk.sims),
          count_cell(report.walk.created),
          count_cell(report.walk.changed),
          count_cell(report.walk.disappeared),
          count_cell(report.polls.polled),
          count_cell(report.polls.first_seen),
          count_cell(report.polls.transitions),
          count_cell(report.polls.failed),
          count_cell(report.metadata.applied),
          count_cell(report.metadata.failed + report.metadata.conflicts)};
}

// Lines on stderr for what did not go well, and the exit code for it.
ExitCode judge(const std::string& project, const PassReport& report, const std::stop_token& stop) {
  const auto say = [&project](const std::string& what) {
    std::cerr << "simsyncd: " << project << ": " << printable(what) << '\n';
  };
  if (stop.stop_requested()) {
    say("stopped before its end; what was read until then is stored");
    return ExitCode::failed;
  }
  if (report.walk.outcome != WalkOutcome::complete) {
    say("walk " + std::string{to_text(report.walk.outcome)} + ": " + report.walk.error);
    return report.walk.outcome == WalkOutcome::failed ? ExitCode::api : ExitCode::failed;
  }
  ExitCode code = ExitCode::done;
  if (report.metadata.left > 0) {
    const std::string& error = report.metadata.last_error;
    say("metadata of " + std::string{report.metadata.given_up ? "at least " : ""} +
        std::to_string(report.metadata.left) + " SIMs were not written, their requests stay pending" +
        (error.empty() ? "" : ", the last one: " + error));
    code = report.metadata.given_up ? ExitCode::api : ExitCode::failed;
  }
  // Some SIMs may be deleted between the walk and their poll; not all of them.
  if (report.polls.failed == 0 && (report.polls.polled > 0 || report.polls.watched == 0)) return code;
  say(std::to_string(report.polls.watched - report.polls.polled) + " of " + std::to_string(report.polls.watched) +
      " profiles were not answered, the last one: " + report.polls.last_error);
  if (code != ExitCode::done) return code;
  return report.polls.given_up || report.polls.polled == 0 ? ExitCode::api : ExitCode::failed;
}

}  // namespace

ExitCode sync_command(const CommandLine& line, const Config& config, std::stop_token stop) {
  const std::vector<ProjectConfig> projects = chosen_projects(line, config);
  if (line.dry_run) {
    require_current_schema(config.database.url);
  } else {
    prepare_schema(config.database);
  }
  Table passes{{"project", "walk", "sims", "created", "changed", "disappeared", "polled", "first_seen", "transitions",
                "unanswered", "metadata_applied", "metadata_failed"},
               {}};
  // What a dry run says would change: data like any other, so it is printed as such.
  Table changes{{"project", "sim_id", "kind", "field", "old_value", "new_value"}, {}};
  AlertService alerts{config};
  ExitCode worst = ExitCode::done;
  for (const ProjectConfig& project : projects) {
    ProgressLine progress{project.id};
    const auto tell = [&](const Change& change) {
      changes.rows.push_back({project.id, change.sim_id, change.kind, change.field, text_or_null(change.old_value),
                              text_or_null(change.new_value)});
    };
    const std::unique_ptr<StoreFactory> stores =
        line.dry_run ? make_postgres_dry_run_factory(config.database.url, tell)
                     : make_postgres_store_factory(config.database.url, &alerts.judge());
    const std::unique_ptr<SimApi> api = make_http_sim_api(config.api, project);
    const Compare compare = line.verify ? Compare::everything : Compare::changes;
    ProjectSync pass{{project.id, config.walk, config.profiles, config.api.connections, config.api.requests_per_second,
                      compare, config.history},
                     *api,
                     *stores};
    const PassReport report = pass.once(
        stop, [&](const WalkRecord& walk) { progress.walked(walk); },
        [&](const PollReport& polls) { progress.polled(polls); });
    progress.clear();
    passes.rows.push_back(row_of(project.id, report));
    const ExitCode code = judge(project.id, report, stop);
    if (worst == ExitCode::done) worst = code;
    if (stop.stop_requested()) break;
  }
  if (!line.dry_run && !stop.stop_requested()) alerts.deliver_now(stop);
  if (line.dry_run) print(std::cout, changes, line.output);
  if (!line.dry_run || line.output == OutputFormat::table) print(std::cout, passes, line.output);
  return worst;
}

}  // namespace simsync
