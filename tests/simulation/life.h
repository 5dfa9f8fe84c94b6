// One life: a world that moves, one or two daemons, a database and a network between them, all of which go wrong as the
// seed has it; then peace, in which everything has to come right.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tests/simulation/invariants.h"

namespace simsync::simulation {

struct LifeReport {
  Faults faults;  // empty: all promises were kept
  std::chrono::seconds simulated{};
  std::uint64_t world_changes = 0;
  std::uint64_t history_rows = 0;
  std::uint64_t walks = 0;
  std::uint64_t alerts = 0;
  std::uint64_t asked = 0;  // SIMs, by somebody else
  std::uint64_t kills = 0, stops = 0, freezes = 0, outages = 0, clock_jumps = 0;
  std::uint64_t steps = 0;
  std::string description;  // what kind of life it was
};

// Those that are counted, each once.
inline constexpr std::array kFigures = {&LifeReport::world_changes, &LifeReport::history_rows, &LifeReport::walks,
                                        &LifeReport::alerts,        &LifeReport::asked,        &LifeReport::kills,
                                        &LifeReport::stops,         &LifeReport::freezes,      &LifeReport::outages,
                                        &LifeReport::clock_jumps,   &LifeReport::steps};

LifeReport live(std::uint64_t seed, std::chrono::seconds length);

}  // namespace simsync::simulation
