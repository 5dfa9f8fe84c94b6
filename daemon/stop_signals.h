// SIGTERM and SIGINT as a stop_token. A stop that does not come to its end within 5 s is cut off: everything the
// program writes is a whole transaction, so nothing is lost by it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace simsync {

// Made once, in main, before any other thread starts: it blocks the signals for all threads and takes them in one of
// its own. Ignores SIGPIPE. SIGHUP is logged: this version reads its configuration at start only.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return stopping_.get_token(); }

 private:
  void wait(const std::stop_token& done);
  void cut_off_late(const std::stop_token& done);

  std::stop_source stopping_;
  std::jthread waiter_;
};

}  // namespace simsync
