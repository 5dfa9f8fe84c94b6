// The API of one daemon's project in a simulated life: it answers from the World, late, out of order, wrongly or not at
// all. What it is to do wrong is set from outside, at any time.
#pragma once

#include <memory>

#include "sync/api/sim_api.h"
#include "tests/simulation/world.h"

namespace simsync::simulation {

// How it goes wrong: of a thousand calls, so many.
struct ApiFaults {
  unsigned refused = 0;   // throttled, unavailable, server errors, malformed answers
  unsigned lost = 0;      // no answer: the call was carried out or not
  unsigned token = 0;     // 401
  unsigned left_out = 0;  // pages that leave some of their SIMs out
  bool away = false;      // no call succeeds
  std::chrono::milliseconds slowest{50};
};

// One process's way out: once it is severed nothing leaves it and nothing comes back, as after SIGKILL.
struct Line {
  bool severed = false;
};

std::unique_ptr<SimApi> make_simulated_api(World& world, const ApiFaults& faults, const Line& line);

}  // namespace simsync::simulation
