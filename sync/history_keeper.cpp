#include "sync/history_keeper.h"

#include "config/log.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

// Of each table: some tens of milliseconds, and a lock on no more rows than these.
constexpr std::size_t kRowsAStep = 5000;

}  // namespace

HistoryKeeper::HistoryKeeper(std::string project, const HistoryConfig& config, StoreFactory& stores, const Times& times)
    : project_(std::move(project)), keep_(config.keep), stores_(stores), times_(times) {}

void HistoryKeeper::run(const std::stop_token& stop) {
  for (Milliseconds wait = times_.first; sleep_for(wait, stop); wait = times_.again) keep_in_order(stop);
}

void HistoryKeeper::keep_in_order(const std::stop_token& stop) {
  try {
    const std::unique_ptr<InventoryStore> store = stores_.open();
    if (const std::uint64_t wrong = store->count_anew(project_); wrong > 0) {
      log::warning("the counts of the inventory were wrong and are counted anew: somebody changed rows by hand",
                   {{"project", project_}, {"rows", wrong}});
    }
    if (const std::uint64_t gone = forget(*store, stop); gone > 0) {
      log::info("old history deleted", {{"project", project_}, {"rows", gone}});
    }
  } catch (const StorageError& error) {
    if (stop.stop_requested()) return;
    log::warning("the history could not be kept in order, the next try is tomorrow",
                 {{"project", project_}, {"error", error.what()}});
  }
}

std::uint64_t HistoryKeeper::forget(InventoryStore& store, const std::stop_token& stop) {
  if (!keep_) return 0;
  const TimePoint before = wall_clock() - *keep_;
  std::uint64_t gone = 0;
  for (;;) {
    const std::uint64_t step = store.forget_history(project_, before, kRowsAStep);
    gone += step;
    if (step == 0 || !sleep_for(times_.pause, stop)) return gone;
  }
}

}  // namespace simsync
