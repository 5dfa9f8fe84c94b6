// The commands, one function and one file each. They return the exit code, and throw ConfigError, ApiError and
// StorageError, which main turns into a line and a code.
#pragma once

#include <stop_token>

#include "config/config.h"
#include "daemon/command_line.h"
#include "daemon/exit_code.h"
#include "daemon/signals.h"

namespace simsync {

ExitCode run_command(const CommandLine& line, const Config& config, Signals& signals);
ExitCode sync_command(const CommandLine& line, const Config& config, std::stop_token stop);
ExitCode check_command(const CommandLine& line, const Config& config, std::stop_token stop);
ExitCode migrate_command(const Config& config);
ExitCode status_command(const CommandLine& line, const Config& config);
ExitCode explain_command(const CommandLine& line, const Config& config);
ExitCode report_command(const CommandLine& line, const Config& config, const std::stop_token& stop);
ExitCode approve_command(const CommandLine& line, const Config& config);
ExitCode alerts_command(const CommandLine& line, const Config& config, const std::stop_token& stop);
ExitCode sim_metadata_command(const CommandLine& line, const Config& config, const std::stop_token& stop);
ExitCode metadata_import_command(const CommandLine& line, const Config& config, const std::stop_token& stop);
ExitCode sim_command(const CommandLine& line, const Config& config, const std::stop_token& stop);
ExitCode stocktake_command(const CommandLine& line, const Config& config, const std::stop_token& stop);

// Brings the schema to this version, or, with `database.migrate: false`, insists that it is. Throws StorageError.
void prepare_schema(const DatabaseConfig& database);

// The projects that --project names, or all. Throws ConfigError for an unknown one.
std::vector<ProjectConfig> chosen_projects(const CommandLine& line, const Config& config);

}  // namespace simsync
