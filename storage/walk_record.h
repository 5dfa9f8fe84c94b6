// A row of the table walk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  std::string error;           // empty when complete
  bool token_refused = false;  // the API refused the token for one of its requests
};

// Where one segment of a full walk is. Opaque to storage/, which keeps it in arrays.
struct SegmentProgress {
  std::string cut;          // the SIM behind which it begins; empty: the head of the list
  TimePoint cut_created{};  // of that SIM
  std::string after;        // the cursor to go on with
  TimePoint reached{};      // creation time down to which it has read
  std::int32_t ended_at = 0;
};

// What is needed to go on with a full walk after a crash. It belongs to what is committed with it.
struct WalkProgress {
  std::string owner;            // the process that walks
  std::chrono::seconds idle{};  // since it was stored; only of what was read back
  std::uint64_t seed = 0;       // of the fingerprints in `unseen`
  std::vector<SegmentProgress> segments;
  std::string unseen;  // fingerprints of ids, 16 bytes each
  WalkRecord record;   // id, kind, started_at and what was counted so far
};

// Leave for one mass disappearance.
struct Approval {
  std::int64_t walk_id = 0;     // that held it back
  std::uint64_t held_back = 0;  // how many SIMs
};

// What came of asking for leave.
enum class ApproveOutcome {
  approved,
  no_such_walk,
  nothing_held_back,
  outdated,  // a complete walk has come since
};

const char* to_text(WalkKind kind);
const char* to_text(WalkOutcome outcome);

}  // namespace simsync
