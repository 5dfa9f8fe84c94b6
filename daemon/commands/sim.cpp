#include <poll.h>
#include <unistd.h>

#include <iostream>
#include <utility>

#include "config/printable.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/sim_commands.h"

namespace simsync {
namespace {

ExitCode carry_out(SimTask& task) {
  switch (task.asked.name) {
    case SimName::list:
      return sim_list(task);
    case SimName::get:
      return sim_get(task);
    case SimName::profile:
      return sim_profile(task);
    case SimName::search:
      return sim_search(task);
    case SimName::credentials:
      break;
  }
  return sim_credentials(task);
}

}  // namespace

void SimTask::failed(const ApiError& error) {
  const bool stopped = error.failure() == ApiFailure::stopped;
  const std::string what = stopped ? "stopped before its end; what is printed is not all" : error.what();
  // Questions that are asked at the same time often fail alike.
  if (what != std::exchange(told, what)) tell(what);
  worsen(stopped ? ExitCode::failed : ExitCode::api);
}

void SimTask::left_out(const std::string& project, const std::vector<SkippedItem>& items) {
  for (const SkippedItem& item : items) {
    tell(project + ": SIM " + (item.id.empty() ? "without an id" : item.id) + " left out: " + item.reason);
    worsen(ExitCode::failed);
  }
}

std::vector<SimReading> readings_of(SimPage& page) {
  std::vector<SimReading> readings;
  for (Sim& sim : page.sims) {
    readings.push_back({std::move(sim), page.exchange.asked_at, page.exchange.observed_at});
  }
  return readings;
}

void tell(const std::string& what) {
  std::cerr << "simsyncd: " << printable(what) << '\n';
}

bool SimTask::output_is_good() {
  if (std::cout.flush().good()) return true;
  pollfd reader{STDOUT_FILENO, POLLOUT, 0};
  const bool no_reader = poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0;
  if (!std::exchange(output_lost, true) && !no_reader) {
    tell("the output could not be written; what was written is not all");
  }
  return false;
}

ExitCode sim_command(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  ApiClients clients{config.api};
  SimRecorder recorder{config, !line.sim_line.no_record, stop};
  SimTask task{line.sim_line, line.output, config, chosen_projects(line, config), clients, recorder, stop};
  ExitCode code = ExitCode::failed;
  try {
    code = carry_out(task);
    if (!task.output_is_good()) code = ExitCode::failed;
  } catch (const ApiError& error) {
    std::cout.flush();
    task.failed(error);
    code = task.code;
  }
  return recorder.finish(code);
}

}  // namespace simsync
