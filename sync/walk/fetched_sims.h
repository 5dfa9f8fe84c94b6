// SIMs on their way from the pages of a walk to the mirror.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "storage/sim.h"
#include "sync/walk/sim_key.h"

namespace simsync {

// What pages brought that is new to the mirror.
struct FetchedSims {
  std::vector<std::uint64_t> pages;  // the plan's numbers of them
  std::vector<SimReading> readings;
  std::vector<SimKey> keys;  // of the readings

  void add(const SimKey& key, SimReading reading) {
    keys.push_back(key);
    readings.push_back(std::move(reading));
  }
};

}  // namespace simsync
