// What the history holds and what a write found out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/sim.h"

namespace simsync {

// A SIM that the API said is gone (GET answered 404).
struct Disappearance {
  std::string sim_id;
  TimePoint asked_at{};
  TimePoint observed_at{};
};

// One row of history: of a SIM's field, or of a profile (field "profile").
struct Change {
  std::string sim_id;
  std::string kind;  // appeared, changed, disappeared, reappeared; transition for a profile
  std::string field;
  std::optional<std::string> old_value;
  std::optional<std::string> new_value;
};

// What a batch came to.
struct ApplyResult {
  std::uint64_t created = 0;          // rows that are new
  std::uint64_t changed = 0;          // rows that differed or returned
  std::uint64_t recorded = 0;         // rows of history written
  std::uint64_t late = 0;             // readings that differed but were older than what is stored: ignored
  std::vector<std::string> rejected;  // ids whose values the database cannot hold; nothing of them was written

  ApplyResult& operator+=(const ApplyResult& other);
};

}  // namespace simsync
