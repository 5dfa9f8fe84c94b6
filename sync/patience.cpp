#include "sync/patience.h"

#include <algorithm>

namespace simsync {

bool StorageRetry::worth_repeating(const StorageError& error, unsigned failures) const {
  constexpr unsigned kConflicts = 8;  // 2 s each for the lock (statements.h), and the pauses in between
  if (patience_ == Patience::none) return error.failure() == StorageFailure::conflict && failures < kConflicts;
  return worth_ == Worth::conflicts ? error.failure() == StorageFailure::conflict : error.retryable();
}

bool StorageRetry::wait_after(const StorageError& error, unsigned failures, const std::stop_token& stop) {
  if (failures == 0)
    log::warning("database is away or busy, trying again", {{"project", project_}, {"error", error.what()}});
  const std::chrono::milliseconds wait{std::min(10'000U, 200U << std::min(failures, 6U))};
  return sleep_for(wait, stop);
}

void StorageRetry::note_success(unsigned failures) {
  if (failures > 0) log::info("database answers again", {{"project", project_}, {"failed_calls", failures}});
}

}  // namespace simsync
