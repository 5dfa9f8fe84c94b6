// Logs a SIM that cannot be read or stored once, not with each walk (product.md, promise 6). Bounded: past some
// thousand different SIMs only their number is kept in the walk's row.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "config/log.h"

namespace simsync {

// Safe from any thread.
class SkipLog {
 public:
  void note(std::string_view event, const std::string& project, const std::string& sim_id, const std::string& reason) {
    const std::lock_guard lock{mutex_};
    if (known_.size() >= kMost || !known_.insert(sim_id + '\n' + reason).second) return;
    log::warning(event, {{"project", project}, {"sim", sim_id}, {"reason", reason}});
  }

 private:
  static constexpr std::size_t kMost = 5000;
  std::mutex mutex_;
  std::unordered_set<std::string> known_;  // guarded by mutex_
};

}  // namespace simsync
