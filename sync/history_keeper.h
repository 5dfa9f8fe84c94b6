// Once a day: deletes the history that is older than history.keep, in small steps so that neither the daemon's writes
// nor anybody's reports wait, and counts the inventory anew. Refuses to end the sync over it: what fails is tried again
// the next day.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "config/config.h"
#include "storage/inventory_store.h"

namespace simsync {

class HistoryKeeper {
 public:
  struct Times {
    Milliseconds first = std::chrono::minutes{5};  // after the start, which has enough to do
    Milliseconds again = std::chrono::hours{24};
    Milliseconds pause = std::chrono::milliseconds{50};  // between two steps
  };

  // `stores` outlives it.
  HistoryKeeper(std::string project, const HistoryConfig& config, StoreFactory& stores, const Times& times);
  HistoryKeeper(std::string project, const HistoryConfig& config, StoreFactory& stores)
      : HistoryKeeper(std::move(project), config, stores, Times{}) {}

  // Blocks until stop. One thread.
  void run(const std::stop_token& stop);

  // Deletes what is too old now, if anything is to be deleted at all, and returns how many rows went. Blocks; ends
  // early on stop. Throws StorageError.
  std::uint64_t forget(InventoryStore& store, const std::stop_token& stop);

 private:
  void keep_in_order(const std::stop_token& stop);

  std::string project_;
  std::optional<Milliseconds> keep_;
  StoreFactory& stores_;
  Times times_;
};

}  // namespace simsync
