// Makes a project's SIMs out of nothing but (seed, project id, count): the same world on every machine and every day.
// Refuses to look at the clock; only SIMs born later do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/simulator/project.h"
#include "tests/simulator/random.h"

namespace simsync::simulator {

// The newest generated SIM's creation time; all others lie before it.
inline constexpr Seconds kGenesis = std::chrono::sys_days(std::chrono::year(2025) / 6 / 1);

std::unique_ptr<Project> generate_project(const std::string& id, const std::string& token, std::size_t count,
                                          std::uint64_t seed);

// A SIM with everything drawn but its user; its profile was updated somewhere between created_at and `latest`.
// `number` makes the ICCID unique within a project.
SimDraft random_sim(Random& random, Seconds created_at, Seconds latest, std::uint64_t number);

// JSON text of an object: some keys, umlauts, CJK, emoji, escapes.
std::string random_metadata(Random& random);

}  // namespace simsync::simulator
