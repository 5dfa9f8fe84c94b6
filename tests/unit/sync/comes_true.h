// Waits for what other threads bring about.
#pragma once

#include <chrono>
#include <thread>

namespace simsync {

// Waits for `condition`, which must come true; the limit of half a minute only keeps a broken program from hanging.
template <typename Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

}  // namespace simsync
