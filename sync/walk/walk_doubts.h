// SIMs whose rows somebody beside the walks has written: what a walker remembers of them may not be what is stored any
// more, so it has the database compare them again.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace simsync {

// Safe from any thread.
class WalkDoubts {
 public:
  // After the commit.
  void add(const std::string& sim_id) {
    const std::lock_guard lock{mutex_};
    sims_.push_back(sim_id);
  }
  std::vector<std::string> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(sims_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> sims_;  // guarded by mutex_
};

}  // namespace simsync
