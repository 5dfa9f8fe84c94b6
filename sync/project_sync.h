// One project's life: walk, poll, write, repeat. Walks run one after the other on one thread, polls and the requests to
// write metadata back beside them; all share the API's budget. An API or database that is away is waited for; the
// mirror then goes on where it was.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/history_keeper.h"
#include "sync/metadata/metadata_writer.h"
#include "sync/profiles/poller.h"
#include "sync/pulse.h"
#include "sync/walk/walker.h"

namespace simsync {

struct SyncSettings {
  std::string project;
  WalkConfig walk;
  ProfilesConfig profiles;
  std::size_t poll_workers = 16;   // requests for profiles at once; the API's client bounds all of the project's
  double requests_per_second = 0;  // of the API's client; 0: no limit
  Compare compare = Compare::changes;
  HistoryConfig history = {};
  // The longest that one call to the API can take, with what it waits for its turn.
  Milliseconds longest_call = std::chrono::minutes{5};
};

struct PassReport {
  WalkRecord walk;
  PollReport polls;
  MetadataReport metadata;
};

class ProjectSync {
 public:
  // `api`, `stores` and `pulses` outlive it; nobody has to watch its loops.
  ProjectSync(SyncSettings settings, SimApi& api, StoreFactory& stores, Pulses* pulses = nullptr);

  // Blocks until stop; ends within the time that the requests under way need to be aborted. Throws StorageError when
  // the database fails in a way that waiting does not mend.
  void run(std::stop_token stop);

  // Other settings, of the same project, for run(): the polls go by them at once, a walk that is under way comes to its
  // end by the old ones. `compare` stays. Safe from any thread.
  void reconfigure(const SyncSettings& settings);

  // One complete pass: a full walk (after an interrupted one, if there is one to be gone on with), then, unless a
  // service works on the project, what metadata are to be written back, then a poll of every profile, and with
  // Compare::everything a new count of the inventory; then history that is too old is deleted. Waits for nothing:
  // throws StorageError at the first failure of the database; failures of the API are in the report. No polls after a
  // failed walk.
  PassReport once(std::stop_token stop, const WalkProgressed& on_walk = {}, const PollProgress& on_poll = {});

 private:
  struct Parts;

  [[nodiscard]] Watch watch(WatchKind kind);
  void say_alive(std::int64_t run, const std::stop_token& done);
  void tidy(InventoryStore& store, const std::stop_token& stop);
  void walk_on_time(Parts& parts, std::stop_token stop);
  void work(Parts& parts, const std::stop_token& stop);
  [[nodiscard]] std::optional<WalkConfig> new_walk_config();
  [[nodiscard]] Pulse pulse(const std::string& loop, Milliseconds longest) const;

  SimApi& api_;
  StoreFactory& stores_;
  Pulses* pulses_;

  std::mutex mutex_;  // guards what follows, where run() and reconfigure() can meet: not what never changes
  SyncSettings settings_;
  bool reconfigured_ = false;
  Parts* parts_ = nullptr;  // while run() is under way
};

}  // namespace simsync
