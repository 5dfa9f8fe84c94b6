// From a hash to positions in the world, in 8 bytes a slot: finding a cursor must not depend on how many SIMs there
// are. Refuses to forget: an entry that no longer holds is told apart by the caller's predicate.
#pragma once

#include <cstdint>
#include <vector>

namespace simsync::simulator {

class PositionIndex {
 public:
  explicit PositionIndex(std::size_t expected = 0) { rebuild_for(expected); }

  void insert(std::uint64_t hash, std::uint32_t position) {
    if ((used_ + 1) * 10 > slots_.size() * 7) grow();
    place(fold(hash), position);
  }

  // Calls visit(position) for each entry of this hash until one answers true.
  template <typename Visit>
  void visit(std::uint64_t hash, Visit visit) const {
    const std::uint32_t folded = fold(hash);
    for (std::size_t i = folded & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i] == kEmpty) return;
      if (static_cast<std::uint32_t>(slots_[i] >> 32) == folded && visit(static_cast<std::uint32_t>(slots_[i]))) return;
    }
  }

 private:
  static constexpr std::uint64_t kEmpty = ~0ULL;  // no position is 2^32-1

  static std::uint32_t fold(std::uint64_t hash) { return static_cast<std::uint32_t>(hash ^ (hash >> 32)); }

  void rebuild_for(std::size_t expected) {
    std::size_t size = 16;
    while (size * 6 < expected * 10) size *= 2;
    slots_.assign(size, kEmpty);
    used_ = 0;
  }

  void place(std::uint32_t folded, std::uint32_t position) {
    std::size_t i = folded & (slots_.size() - 1);
    while (slots_[i] != kEmpty) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = static_cast<std::uint64_t>(folded) << 32 | position;
    ++used_;
  }

  void grow() {
    const std::vector<std::uint64_t> old = std::move(slots_);
    rebuild_for(old.size());
    for (const auto slot : old)
      if (slot != kEmpty) place(static_cast<std::uint32_t>(slot >> 32), static_cast<std::uint32_t>(slot));
  }

  std::vector<std::uint64_t> slots_;
  std::size_t used_ = 0;
};

}  // namespace simsync::simulator
