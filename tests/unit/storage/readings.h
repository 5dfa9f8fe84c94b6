// Readings for the storage tests: a plain SIM, read at a given second.
#pragma once

#include "storage/profile.h"
#include "storage/sim.h"

namespace simsync {

// Seconds into 2026; the answer takes a second.
inline TimePoint at(int second) {
  return std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::seconds{second};
}

inline Sim plain_sim(const std::string& id) {
  Sim sim;
  sim.id = id;
  sim.iccid = "8988307000000753711";
  sim.provider = "p3";
  sim.type = "eSIM";
  sim.status = "active";
  sim.created_at = std::chrono::sys_days{std::chrono::year{2021} / 1 / 21};
  return sim;
}

inline SimReading read_at(int second, Sim sim) {
  return {std::move(sim), at(second), at(second + 1)};
}

inline ProfileReading profile_at(int second, const std::string& id, const std::string& status, int updated) {
  return {{id, status, at(updated)}, at(second), at(second + 1)};
}

}  // namespace simsync
