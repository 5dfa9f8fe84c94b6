// Carries a walk out: workers ask the WalkPlan for pages and fetch them, the caller's thread writes what they bring,
// and at the end of a complete walk asks for each SIM that was not on the list. Fetching waits when the database is
// slower.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/patience.h"
#include "sync/skip_log.h"

namespace simsync {

// Called from the thread that walks, after each batch.
using WalkProgress = std::function<void(const WalkRecord&)>;

// Belongs to one thread; reusable, one walk after the other.
class Walker {
 public:
  // `api` and `stores` outlive the walker.
  Walker(std::string project, SimApi& api, StoreFactory& stores, const WalkConfig& config, Patience patience);
  ~Walker();

  // Walks the whole list and finds what is missing. Returns the walk's row as it was written; what went wrong with
  // the API is its outcome and error. Throws StorageError when the database fails for good.
  WalkRecord full(std::stop_token stop, const WalkProgress& progress = {});

  // Reads the newest page, and on until a SIM that the mirror knows. Finds nothing missing.
  WalkRecord fresh(std::stop_token stop);

 private:
  struct Fetch;

  WalkRecord begin(WalkKind kind, std::stop_token stop);
  void finish(WalkRecord& record, const std::vector<Disappearance>& gone, std::stop_token stop);
  void run_fetcher(Fetch& fetch);
  void fetch_pages(Fetch& fetch);
  void take_detour(Fetch& fetch);
  std::optional<std::string> known_beyond(TimePoint before, std::size_t distance);
  std::optional<std::string> listed_beyond(const std::string& position, Fetch& fetch);
  void write_pages(Fetch& fetch, WalkRecord& record, const WalkProgress& progress, const std::stop_token& stop);
  void write(const std::vector<SimReading>& readings, WalkRecord& record, const std::stop_token& stop);
  void conclude(const Fetch& fetch, WalkRecord& record);
  void read_what_was_skipped(const Fetch& fetch, WalkRecord& record, const std::stop_token& stop);
  std::vector<Disappearance> find_missing(const Fetch& fetch, WalkRecord& record, const std::stop_token& stop);

  std::string project_;
  SimApi& api_;
  StoreFactory& stores_;
  std::unique_ptr<InventoryStore> store_;
  WalkConfig config_;
  Patience patience_;
  StorageRetry retry_;
  SkipLog skip_log_;
};

}  // namespace simsync
