// How readings become statements: a statement compares each SIM once, and one value that the database cannot hold
// must not cost the others. Pure; private to storage/.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/change.h"
#include "storage/profile.h"
#include "storage/storage_error.h"

namespace simsync {

inline const std::string& id_of(const SimReading& reading) {
  return reading.sim.id;
}
inline const std::string& id_of(const ProfileReading& reading) {
  return reading.profile.sim_id;
}

// Splits into rounds in which no SIM stands twice; the n-th reading of a SIM is in the n-th round.
template <typename Reading>
std::vector<std::vector<const Reading*>> rounds_of(const std::vector<Reading>& readings) {
  std::vector<std::vector<const Reading*>> rounds;
  std::unordered_map<std::string_view, std::size_t> times_seen;
  times_seen.reserve(readings.size());
  for (const Reading& reading : readings) {
    const std::size_t round = times_seen[id_of(reading)]++;
    if (round == rounds.size()) {
      rounds.emplace_back();
      if (round == 0) rounds.back().reserve(readings.size());
    }
    rounds[round].push_back(&reading);
  }
  return rounds;
}

// Writes `batch` with `write` (one transaction a call). Where the database refuses a value, halves the batch until the
// culprit is alone: it is rejected, all others are written.
template <typename Reading>
ApplyResult write_or_halve(const std::vector<const Reading*>& batch,
                           const std::function<ApplyResult(const std::vector<const Reading*>&)>& write) {
  if (batch.empty()) return {};
  try {
    return write(batch);
  } catch (const StorageError& error) {
    if (error.failure() != StorageFailure::data) throw;
  }
  if (batch.size() == 1) {
    ApplyResult rejected;
    rejected.rejected.push_back(id_of(*batch.front()));
    return rejected;
  }
  const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  ApplyResult result = write_or_halve<Reading>({batch.begin(), middle}, write);
  result += write_or_halve<Reading>({middle, batch.end()}, write);
  return result;
}

}  // namespace simsync
