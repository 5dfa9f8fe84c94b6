// An eSIM's profile as the mirror holds it (sims-reference.txt, "Retrieve an eSIM profile").
#pragma once

#include <string>

#include "storage/sim.h"

namespace simsync {

struct EsimProfile {
  std::string sim_id;
  std::string status;      // deleted, disabled, enabled, installed, unknown, or a value that is new to us
  TimePoint updated_at{};  // the API's: when the status was last updated

  bool operator==(const EsimProfile&) const = default;
};

struct ProfileReading {
  EsimProfile profile;
  TimePoint asked_at{};
  TimePoint observed_at{};
};

}  // namespace simsync
