// The program as a table of contents: parse, load, run the command, say what went wrong, exit code.
#include <malloc.h>

#include <cstdlib>
#include <iostream>
#include <variant>

#include "config/load_config.h"
#include "config/log.h"
#include "config/printable.h"
#include "daemon/command_line.h"
#include "daemon/commands/commands.h"
#include "daemon/private_memory.h"
#include "daemon/signals.h"
#include "daemon/standard_streams.h"
#include "daemon/text_lines.h"
#include "storage/storage_error.h"
#include "sync/api/api_error.h"

namespace {

using namespace simsync;

ExitCode dispatch(const CommandLine& line, const Config& config, Signals& signals) {
  const std::stop_token stop = signals.stop_token();
  switch (line.command) {
    case CommandName::run:
      return run_command(line, config, signals);
    case CommandName::sync:
      return sync_command(line, config, stop);
    case CommandName::check:
      return check_command(line, config, stop);
    case CommandName::migrate:
      return migrate_command(config);
    case CommandName::explain:
      return explain_command(line, config);
    case CommandName::report:
      return report_command(line, config, stop);
    case CommandName::approve:
      return approve_command(line, config);
    case CommandName::alerts:
      return alerts_command(line, config, stop);
    case CommandName::metadata_import:
      return metadata_import_command(line, config, stop);
    case CommandName::sim_metadata:
      return sim_metadata_command(line, config, stop);
    case CommandName::sim:
      return sim_command(line, config, stop);
    case CommandName::stocktake:
      return stocktake_command(line, config, stop);
    case CommandName::status:
      break;
  }
  return status_command(line, config);
}

// No destructors: whatever hangs could hang them as well.
void cut_off() {
  log::error("stop took too long and was cut off");
  std::_Exit(static_cast<int>(ExitCode::failed));
}

ExitCode guarded(const CommandLine& line) {
  const auto say = [](const std::exception& error) { std::cerr << "simsyncd: " << printable(error.what()) << '\n'; };
  try {
    // Before anything secret is read, for every command: each of them reads tokens.
    keep_memory_private();
    Config config = load_config(line.config_file);
    // A command that ends by itself says what came of it; the service has only its log.
    if (line.command != CommandName::run && config.log.level == LogLevel::info) config.log.level = LogLevel::warning;
    log::configure(config.log);
    Signals signals{cut_off};
    return dispatch(line, config, signals);
  } catch (const ConfigError& error) {
    say(error);
    return ExitCode::usage;
  } catch (const TextFileError& error) {
    say(error);
    return ExitCode::usage;
  } catch (const ApiError& error) {
    say(error);
    return ExitCode::api;
  } catch (const StorageError& error) {
    say(error);
    return ExitCode::database;
  } catch (const std::exception& error) {
    say(error);
    return ExitCode::failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_closed_streams();
  // A service that runs for years: the tables that grow by being copied go back to the system for good, rather than
  // making glibc keep ever larger ones.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  const auto parsed = parse_command_line(argc, argv);
  const ExitCode* said = std::get_if<ExitCode>(&parsed);
  const ExitCode code = said != nullptr ? *said : guarded(std::get<CommandLine>(parsed));
  log::tell_repeats_now();
  return static_cast<int>(code);
}
