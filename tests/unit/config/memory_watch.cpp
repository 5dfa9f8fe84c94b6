#include "tests/unit/config/memory_watch.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> watching{false};
std::atomic<int> allocations_seen{0};
std::atomic<int> canaries_seen{0};

void look_at(void* memory) {
  if (!watching || memory == nullptr) return;
  const std::string_view bytes(static_cast<const char*>(memory), ::malloc_usable_size(memory));
  if (bytes.find(simsync::test::kCanary) != std::string_view::npos) ++canaries_seen;
}

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc): these are the allocator.
// Not inlined, lest the compiler see free() behind a new expression and complain.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (watching) ++allocations_seen;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  look_at(memory);
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  look_at(memory);
  std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace simsync::test {

MemoryWatch::MemoryWatch() {
  allocations_seen = 0;
  canaries_seen = 0;
  watching = true;
}

MemoryWatch::~MemoryWatch() {
  watching = false;
}

// NOLINTBEGIN(readability-convert-member-functions-to-static): the numbers mean something while a watch lives
int MemoryWatch::allocations() const {
  return allocations_seen;
}

int MemoryWatch::freed_with_canary() const {
  return canaries_seen;
}
// NOLINTEND(readability-convert-member-functions-to-static)

}  // namespace simsync::test
