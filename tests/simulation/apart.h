// A life in a process of its own, so that nothing of another life is left in it: the same seed is the same life, alone
// or after a thousand others, and one that crashes is a life that failed.
#pragma once

#include <cstdint>

#include "tests/simulation/life.h"

namespace simsync::simulation {

// Throws std::system_error where no process can be made.
LifeReport live_apart(std::uint64_t seed, std::chrono::seconds length);

}  // namespace simsync::simulation
