// Once a day: deletes the history that is older than history.keep, in small steps so that neither the daemon's writes
// nor anybody's reports wait, and counts the inventory anew. Refuses to end the sync over it: what fails is tried again
// the next day.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/pulse.h"

namespace simsync {

class HistoryKeeper {
 public:
  struct Times {
    Milliseconds first = std::chrono::minutes{5};  // after the start, which has enough to do
    Milliseconds again = std::chrono::hours{24};
    Milliseconds pause = std::chrono::milliseconds{50};  // between two steps
  };

  // `stores` outlives it.
  // `pulse` is that of the loop which calls run().
  HistoryKeeper(std::string project, const HistoryConfig& config, StoreFactory& stores, const Times& times,
                Pulse pulse = {});
  HistoryKeeper(std::string project, const HistoryConfig& config, StoreFactory& stores)
      : HistoryKeeper(std::move(project), config, stores, Times{}) {}

  // Blocks until stop. One thread.
  void run(const std::stop_token& stop);

  // Another history.keep, for the time after this: run() begins anew, with `times.first`. Safe from any thread.
  void reconfigure(const HistoryConfig& config);

  // Deletes what is too old now, if anything is to be deleted at all, and returns how many rows went. Blocks; ends
  // early on stop. Throws StorageError.
  std::uint64_t forget(InventoryStore& store, const std::stop_token& stop);

 private:
  bool wait(Milliseconds& time, const std::stop_token& stop);
  void keep_in_order(const std::stop_token& stop);

  std::string project_;
  StoreFactory& stores_;
  const Times times_;
  const Pulse pulse_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::optional<Milliseconds> keep_;
  bool reconfigured_ = false;
};

}  // namespace simsync
