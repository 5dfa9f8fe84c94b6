// After a complete walk: which stored SIMs were not on the list, and what does the API say of each? Only its 404 makes
// a SIM missing (product.md, promise 2).
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/pulse.h"
#include "sync/walk/known_sims.h"

namespace simsync {

struct MissingSims {
  std::vector<Disappearance> gone;      // the API answered 404
  std::vector<SimReading> still_there;  // it answered with the SIM: moved on the list, or left out of it
  std::uint64_t unanswered = 0;         // no answer was to be had for them
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
};

struct UnseenSims {
  std::vector<std::string> ids;
  std::uint64_t total = 0;
};

// Present SIMs that the walk did not read: how many, and the ids of at most `most`. Reads the store, part by part.
UnseenSims unseen_sims(InventoryStore& store, const std::string& project, const KnownSims& known, std::size_t most);

// Asks for each id, several at a time. Blocks; `pulse` beats with each. Never throws: an error leaves the SIM
// unanswered.
MissingSims ask_for_missing(SimApi& api, const std::vector<std::string>& ids, std::stop_token stop,
                            const Pulse& pulse = {});

}  // namespace simsync
