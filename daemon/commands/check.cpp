#include <iostream>

#include "daemon/alerts/unlikely_rules.h"
#include "daemon/commands/commands.h"
#include "storage/database_check.h"
#include "sync/api/http_sim_api.h"

namespace simsync {
namespace {

// One line of the check: `ok` or `failed`, and what was found.
void add_line(Table& table, const std::string& what, bool good, const std::string& detail) {
  table.rows.push_back({what, std::string{good ? "ok" : "failed"}, detail});
}

ExitCode check_one_database(Table& table, const DatabaseConfig& database) {
  try {
    const DatabaseReport report = check_database(database.url);
    std::string detail = report.label + ", PostgreSQL " + report.server_version + ", " +
                         (report.encryption.empty() ? "not encrypted" : report.encryption) + ", schema version " +
                         std::to_string(report.schema.version) + " of " + std::to_string(report.schema.known);
    if (report.schema.version < report.schema.known) {
      detail += database.migrate ? " (run and sync will migrate it)" : ": run 'simsyncd migrate'";
    } else if (report.schema.version > report.schema.known) {
      detail += ": the database is newer than this simsyncd, install the newer one";
    }
    if (!report.missing_rights.empty()) detail += "; the role may not " + report.missing_rights;
    const bool schema_good = report.schema.version == report.schema.known ||
                             (database.migrate && report.schema.version < report.schema.known);
    const bool good = schema_good && report.missing_rights.empty();
    add_line(table, "database", good, detail);
    if (report.may_be_plain) {
      table.rows.push_back({std::string{"database"}, std::string{"warning"},
                            std::string{"it is on another machine and TLS is not required: add sslmode=verify-full to "
                                        "database.url"}});
    }
    return good ? ExitCode::done : ExitCode::database;
  } catch (const StorageError& error) {
    add_line(table, "database", false, error.what());
    return ExitCode::database;
  }
}

ExitCode check_one_api(Table& table, const ApiConfig& api, const ProjectConfig& project, const std::stop_token& stop) {
  try {
    ListQuery query;
    query.limit = 1;
    make_http_sim_api(api, project)->list(query, stop);
    add_line(table, "api " + project.id, true, api.base_url + " answers and the token is accepted");
    return ExitCode::done;
  } catch (const ApiError& error) {
    add_line(table, "api " + project.id, false, error.what());
    return ExitCode::api;
  }
}

}  // namespace

ExitCode check_command(const CommandLine& line, const Config& config, std::stop_token stop) {
  Table table{{"check", "result", "detail"}, {}};
  add_line(table, "configuration", true,
           line.config_file + ", " + std::to_string(config.projects.size()) + " project(s)");
  for (const UnlikelyRule& unlikely : unlikely_rules(config)) {
    table.rows.push_back({std::string{"alert rule " + unlikely.rule}, std::string{"warning"}, unlikely.why});
  }
  ExitCode worst = check_one_database(table, config.database);
  for (const ProjectConfig& project : config.projects) {
    const ExitCode code = check_one_api(table, config.api, project, stop);
    if (worst == ExitCode::done) worst = code;
  }
  print(std::cout, table, line.output);
  if (worst != ExitCode::done) std::cerr << "simsyncd: check failed; the lines above say what to do\n";
  return worst;
}

}  // namespace simsync
