#include "sync/stopping.h"

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

}  // namespace simsync
