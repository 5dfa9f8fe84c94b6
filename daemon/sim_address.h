// Which SIM somebody means by an id or an ICCID: in which project, and by which id the API knows it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "storage/sim.h"
#include "sync/api/sim_api.h"

namespace simsync {

// The projects' clients of the API, each made when it is first needed. One for all that a command asks, so that the
// project's budget is kept. Belongs to one thread; the clients may be used by any.
class ApiClients {
 public:
  explicit ApiClients(const ApiConfig& api) : api_(api) {}

  SimApi& of(const ProjectConfig& project);

 private:
  const ApiConfig& api_;
  std::map<std::string, std::unique_ptr<SimApi>> clients_;
};

struct SimAddress {
  ProjectConfig project;
  std::string sim_id;
  std::optional<SimReading> reading;  // where the API had to be asked for it: what it said
};

struct SimQuestion {
  std::string text;                     // as it was written
  std::vector<ProjectConfig> projects;  // in one of these; at least one
  bool ask_mirror = true;               // no database is needed without it
};

// What the API's search takes for what somebody wrote as an ICCID: with an F at the end where one was written, without
// blanks and dashes. Throws ConfigError, which says why it is none.
std::string searchable_iccid(const std::string& text);

// An id in a single project is taken as it is. Where there are several, the mirror says in which one it is. An ICCID is
// looked for in the mirror, and where none that is present has it, by the API's search. A mirror that does not answer
// counts as empty where there is only one project. Blocks.
// Throws ConfigError where --project or another SIM has to be named, std::runtime_error where no SIM or more than one
// has the ICCID, StorageError and ApiError.
SimAddress find_sim(const SimQuestion& question, const DatabaseConfig& database, ApiClients& clients,
                    const std::stop_token& stop);

}  // namespace simsync
