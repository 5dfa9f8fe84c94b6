// Waiting and ending by stop_token, for all threads of sync/.
#pragma once

#include <chrono>
#include <stop_token>

namespace simsync {

// Sleeps; false when stop was requested first, or meanwhile.
bool sleep_for(std::chrono::milliseconds time, const std::stop_token& stop);

// Requests stop when a scope is left, also by an exception, so that the threads it started end before they are joined.
class StopOnExit {
 public:
  explicit StopOnExit(std::stop_source& stopping) : stopping_(stopping) {}
  ~StopOnExit() { stopping_.request_stop(); }
  StopOnExit(const StopOnExit&) = delete;
  StopOnExit& operator=(const StopOnExit&) = delete;

 private:
  std::stop_source& stopping_;
};

}  // namespace simsync
