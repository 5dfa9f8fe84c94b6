// Sees what the test program's operator new and delete do: how often memory is asked for, and whether memory is given
// back with something in it that should have been wiped.
#pragma once

#include <string_view>

namespace simsync::test {

// What the watch looks for.
inline constexpr std::string_view kCanary = "leak_canary_leak_canary_leak_canary";

// Watches for as long as it lives; one at a time.
class MemoryWatch {
 public:
  MemoryWatch();
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;
  MemoryWatch(MemoryWatch&&) = delete;
  MemoryWatch& operator=(MemoryWatch&&) = delete;

  // Since the beginning, by all threads.
  [[nodiscard]] int allocations() const;
  [[nodiscard]] int freed_with_canary() const;
};

}  // namespace simsync::test
