// How long the longest transaction of the daemon takes, as the server sees it: sampled, for PostgreSQL does not say it
// afterwards.
#pragma once

#include <mutex>
#include <string>
#include <thread>

#include "tests/bench/figures.h"
#include "tests/support/test_database.h"

namespace simsync::bench {

// Samples from its making on, whatever database of the server the daemon uses, but for migrations.
class LongestTransaction {
 public:
  LongestTransaction();

  // The longest since it was last asked, in seconds, with the statement it was seen at.
  Figure take(const std::string& what);

 private:
  void sample();

  test::TestDatabase database_;  // of the thread
  std::mutex mutex_;
  double seconds_ = 0;     // guarded by mutex_
  std::string statement_;  // guarded by mutex_
  std::jthread thread_;    // last: it uses what is above
};

}  // namespace simsync::bench
