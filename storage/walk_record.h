// A row of the table walk.
#pragma once

#include <cstdint>
#include <string>

#include "storage/sim.h"

namespace simsync {

enum class WalkKind { full, fresh };  // in the table: 'full' and 'new'

enum class WalkOutcome { complete, incomplete, failed };

struct WalkRecord {
  std::int64_t id = 0;  // 0: not in the database (dry run)
  WalkKind kind = WalkKind::full;
  TimePoint started_at{};
  TimePoint finished_at{};
  WalkOutcome outcome = WalkOutcome::failed;
  std::uint64_t pages = 0;
  std::uint64_t sims = 0;  // distinct
  std::uint64_t created = 0;
  std::uint64_t changed = 0;
  std::uint64_t disappeared = 0;
  std::uint64_t requests = 0;  // retries included
  std::uint64_t retries = 0;
  std::uint64_t skipped = 0;
  std::uint64_t held_back = 0;
  std::string error;  // empty when complete
};

const char* to_text(WalkKind kind);
const char* to_text(WalkOutcome outcome);

}  // namespace simsync
