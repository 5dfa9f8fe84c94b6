#include "sync/history_keeper.h"

#include "config/log.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

// Of each table: some tens of milliseconds, and a lock on no more rows than these.
constexpr std::size_t kRowsAStep = 5000;

}  // namespace

HistoryKeeper::HistoryKeeper(std::string project, const HistoryConfig& config, StoreFactory& stores, const Times& times,
                             Pulse pulse)
    : project_(std::move(project)), stores_(stores), times_(times), pulse_(std::move(pulse)), keep_(config.keep) {}

void HistoryKeeper::run(const std::stop_token& stop) {
  for (Milliseconds time = times_.first; wait(time, stop); time = times_.again) keep_in_order(stop);
}

void HistoryKeeper::reconfigure(const HistoryConfig& config) {
  {
    const std::lock_guard lock{mutex_};
    if (keep_ == config.keep) return;
    keep_ = config.keep;
    reconfigured_ = true;
  }
  changed_.notify_all();
}

// False when stop was requested.
bool HistoryKeeper::wait(Milliseconds& time, const std::stop_token& stop) {
  pulse_.rest();
  std::unique_lock lock{mutex_};
  while (changed_.wait_for(lock, stop, time, [this] { return reconfigured_; })) {
    reconfigured_ = false;
    time = times_.first;
  }
  pulse_.beat();
  return !stop.stop_requested();
}

void HistoryKeeper::keep_in_order(const std::stop_token& stop) {
  try {
    const std::unique_ptr<InventoryStore> store = stores_.open();
    if (const std::uint64_t wrong = store->count_anew(project_); wrong > 0) {
      log::warning("the counts of the inventory were wrong and are counted anew",
                   {{"project", project_}, {"rows", wrong}, {"why", "somebody changed rows by hand"}});
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
  const std::optional<Milliseconds> keep = [this] {
    const std::lock_guard lock{mutex_};
    return keep_;
  }();
  if (!keep) return 0;
  const TimePoint before = wall_clock() - *keep;
  std::uint64_t gone = 0;
  for (;;) {
    const std::uint64_t step = store.forget_history(project_, before, kRowsAStep);
    gone += step;
    pulse_.beat();
    if (step == 0 || !sleep_for(times_.pause, stop)) return gone;
  }
}

}  // namespace simsync
