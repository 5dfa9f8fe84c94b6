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
#include "daemon/stop_signals.h"
#include "storage/storage_error.h"
#include "sync/api/api_error.h"

namespace {

using namespace simsync;

ExitCode dispatch(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  switch (line.command) {
    case CommandName::run:
      return run_command(config, stop);
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
    Config config = load_config(line.config_file);
    // A command that ends by itself says what came of it; the service has only its log.
    if (line.command != CommandName::run && config.log.level == LogLevel::info) config.log.level = LogLevel::warning;
    log::configure(config.log);
    const StopSignals signals{cut_off};
    return dispatch(line, config, signals.token());
  } catch (const ConfigError& error) {
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
  // A service that runs for years: the tables that grow by being copied go back to the system for good, rather than
  // making glibc keep ever larger ones.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  const auto parsed = parse_command_line(argc, argv);
  const ExitCode* said = std::get_if<ExitCode>(&parsed);
  return static_cast<int>(said != nullptr ? *said : guarded(std::get<CommandLine>(parsed)));
}
