// SIGTERM and SIGINT as a stop_token. A stop that does not come to its end within 5 s is reported to main, which cuts
// it off: everything the program writes is a whole transaction, so nothing is lost by it. Never ends the program
// itself.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace simsync {

// Made once, in main, before any other thread starts: it blocks the signals for all threads and takes them in one of
// its own. Ignores SIGPIPE, does not ignore SIGCHLD. SIGHUP is logged: this version reads its configuration at start
// only.
class StopSignals {
 public:
  // `on_late` is called once, from the thread of the signals, when this object is still there `patience` after the stop
  // was asked for. It must throw nothing, and may end the program.
  explicit StopSignals(std::function<void()> on_late, std::chrono::milliseconds patience = kStopTime);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  StopSignals(StopSignals&&) = delete;
  StopSignals& operator=(StopSignals&&) = delete;

  [[nodiscard]] std::stop_token token() const { return stopping_.get_token(); }

 private:
  static constexpr std::chrono::milliseconds kStopTime{4500};

  void wait(const std::stop_token& done);

  const std::function<void()> on_late_;
  const std::chrono::milliseconds patience_;
  std::stop_source stopping_;
  std::jthread waiter_;  // last: ends before what it uses
};

}  // namespace simsync
