// One project's life: walk, poll, write, repeat. Walks run one after the other on one thread, polls beside them; both
// share the API's budget. An API or database that is away is waited for; the mirror then goes on where it was.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/profiles/poller.h"
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
};

struct PassReport {
  WalkRecord walk;
  PollReport polls;
};

class ProjectSync {
 public:
  // `api` and `stores` outlive it.
  ProjectSync(SyncSettings settings, SimApi& api, StoreFactory& stores);

  // Blocks until stop; ends within the time that the requests under way need to be aborted. Throws StorageError when
  // the database fails in a way that waiting does not mend.
  void run(std::stop_token stop);

  // One complete pass: a full walk (after an interrupted one, if there is one to be gone on with), then a poll of every
  // profile, and with Compare::everything a new count of the inventory; then history that is too old is deleted. Waits
  // for nothing: throws StorageError at the first failure of the database; failures of the API are in the report. No
  // polls after a failed walk.
  PassReport once(std::stop_token stop, const WalkProgressed& on_walk = {}, const PollProgress& on_poll = {});

 private:
  [[nodiscard]] Watch watch(WatchKind kind) const;
  void say_alive(std::int64_t run, const std::stop_token& done);
  void tidy(InventoryStore& store, const std::stop_token& stop);
  void walk_on_time(Poller& poller, std::stop_token stop);

  SyncSettings settings_;
  SimApi& api_;
  StoreFactory& stores_;
};

}  // namespace simsync
