#include "sync/patience.h"

#include <algorithm>

namespace simsync {

std::chrono::milliseconds StorageRetry::pause_after(unsigned failures, std::uint32_t random) {
  const unsigned longest = std::min(10'000U, 200U << std::min(failures, 6U));
  // A random part between half and all of it: a server that comes back is not met by everybody at once.
  return std::chrono::milliseconds{longest / 2 + random % (longest / 2 + 1)};
}

bool StorageRetry::worth_repeating(const StorageError& error, unsigned failures) const {
  constexpr unsigned kConflicts = 8;  // 2 s each for the lock (statements.h), and the pauses in between
  if (patience_ == Patience::none) return error.failure() == StorageFailure::conflict && failures < kConflicts;
  return worth_ == Worth::conflicts ? error.failure() == StorageFailure::conflict : error.retryable();
}

bool StorageRetry::wait_after(const StorageError& error, unsigned failures, const std::stop_token& stop) {
  if (failures == 0)
    log::warning("database is away or busy, trying again", {{"project", project_}, {"error", error.what()}});
  pulse_.beat();
  return sleep_for(pause_after(failures, random_()), stop);
}

void StorageRetry::note_success(unsigned failures) {
  pulse_.beat();
  if (failures > 0) log::recovered("database answers again", {{"project", project_}, {"failed_calls", failures}});
}

}  // namespace simsync
