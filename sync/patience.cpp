#include "sync/patience.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace simsync {

bool sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any nothing;
  nothing.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

bool StorageRetry::wait_after(const StorageError& error, unsigned failures, const std::stop_token& stop) {
  if (failures == 0) log::warning("database is away, waiting", {{"project", project_}, {"error", error.what()}});
  const std::chrono::milliseconds wait{std::min(10'000U, 200U << std::min(failures, 6U))};
  return sleep_for(wait, stop);
}

void StorageRetry::note_success(unsigned failures) {
  if (failures > 0) log::info("database is back", {{"project", project_}, {"failed_calls", failures}});
}

}  // namespace simsync
