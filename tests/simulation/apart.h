// A life in a process of its own, begun anew, so that nothing of another life is left in it: the same seed is the same
// life, alone or after a thousand others, logged or not, and one that crashes is a life that failed. (Where the heap
// begins is part of a life: libstdc++ shares what atomics wait on by their addresses.)
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tests/simulation/life.h"

namespace simsync::simulation {

enum class Show { nothing, log };

// `log`: what its daemons log goes to stderr. Throws std::system_error where no process can be made.
LifeReport live_apart(std::uint64_t seed, std::chrono::seconds length, Show log);

// For main(), first of all: where the program is to be such a process it lives, and the exit code is returned.
std::optional<int> live_if_told(std::span<char*> arguments);

}  // namespace simsync::simulation
