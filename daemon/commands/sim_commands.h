// The operations of `simsyncd sim`, one function and one file each. Internal to commands/sim.cpp.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/command_line.h"
#include "daemon/exit_code.h"
#include "daemon/sim_address.h"
#include "daemon/sim_recorder.h"

namespace simsync {

// What they work with.
struct SimTask {
  const SimLine& asked;
  OutputFormat output;
  const Config& config;
  std::vector<ProjectConfig> projects;  // that --project names, or all
  ApiClients& clients;
  SimRecorder& recorder;
  std::stop_token stop;
  ExitCode code = ExitCode::done;
  std::string told = {};  // the last error that was told
  bool output_lost = false;

  // The first thing that goes wrong decides.
  void worsen(ExitCode with) {
    if (code == ExitCode::done) code = with;
  }
  // Says what one of several questions to the API came to, and goes on.
  void failed(const ApiError& error);
  // Says what of an answer could not be read.
  void left_out(const std::string& project, const std::vector<SkippedItem>& items);
  // Sends what was printed on its way. False, having said so once, where the output cannot be written any more; whoever
  // reads from a pipe no longer, as `head` does, is told nothing.
  bool output_is_good();
  // The SIM that the command names.
  [[nodiscard]] SimAddress address() const {
    return find_sim({asked.sim, projects, !asked.no_record}, config.database, clients, stop);
  }
};

// They print what was asked for, give the recorder what is to be recorded, and return the exit code. An ApiError of the
// only question, also that of a stop, is for the caller to tell.
ExitCode sim_list(SimTask& task);
ExitCode sim_get(SimTask& task);
ExitCode sim_profile(SimTask& task);
ExitCode sim_search(SimTask& task);
ExitCode sim_credentials(SimTask& task);

// One line on stderr.
void tell(const std::string& what);
// The SIMs of a page, which it loses.
std::vector<SimReading> readings_of(SimPage& page);

}  // namespace simsync
