// `simsyncd sim get` and `simsyncd sim profile`.
#include <iostream>

#include "daemon/commands/sim_commands.h"
#include "daemon/sim_output.h"

namespace simsync {
namespace {

SimReading reading_of(Sim sim, const Exchange& exchange) {
  return {std::move(sim), exchange.asked_at, exchange.observed_at};
}

// The API has no profile for it: says which of the two reasons it has (sims-reference.txt, "Retrieve an eSIM profile").
// Throws ApiError where the SIM does not exist.
void tell_why_there_is_none(SimTask& task, const SimAddress& address, const ApiError& refusal) {
  SimAnswer answer = task.clients.of(address.project).get(address.sim_id, task.stop);
  tell(answer.sim.type == "eSIM" ? std::string{refusal.what()}
                                 : address.sim_id + " is a " + answer.sim.type + ": only eSIMs have a profile");
  task.recorder.add(address.project.id, {reading_of(std::move(answer.sim), answer.exchange)});
}

}  // namespace

ExitCode sim_get(SimTask& task) {
  const SimAddress address = task.address();
  SimAnswer answer = task.clients.of(address.project).get(address.sim_id, task.stop);
  print_sim(std::cout, address.project.id, answer.sim, task.output);
  task.recorder.add(address.project.id, {reading_of(std::move(answer.sim), answer.exchange)});
  return ExitCode::done;
}

ExitCode sim_profile(SimTask& task) {
  const SimAddress address = task.address();
  const std::string& project = address.project.id;
  try {
    const WholeProfileAnswer whole = task.clients.of(address.project).whole_profile(address.sim_id, task.stop);
    const auto& [profile, exchange] = whole.answer;
    print_profile(std::cout, project, whole.sim ? &*whole.sim : nullptr, profile, task.output);
    if (!whole.sim) {
      if (task.asked.no_record) return ExitCode::done;
      tell("not recorded: the SIM in the answer cannot be read");
      return ExitCode::failed;
    }
    task.recorder.add(project, {reading_of(*whole.sim, exchange)});
    task.recorder.add_profile(project, *whole.sim, {profile, exchange.asked_at, exchange.observed_at});
    return ExitCode::done;
  } catch (const ApiError& error) {
    if (error.failure() != ApiFailure::not_found) throw;
    tell_why_there_is_none(task, address, error);
    return ExitCode::api;
  }
}

}  // namespace simsync
