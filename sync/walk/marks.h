// What single SIMs mean to the segments that meet them. Nearly every SIM means nothing, which one look at a small
// bitmap says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sync/walk/sim_key.h"

namespace simsync {

struct Mark {
  enum class Kind { landmark, segment } kind = Kind::landmark;
  std::size_t number = 0;  // of the landmark or segment
  bool cut = false;        // the segment begins behind the SIM, and not with it
};

class Marks {
 public:
  // nullptr: the SIM means nothing.
  [[nodiscard]] const Mark* find(const IdKey& id) const {
    if ((maybe_[word_of(id)] & bit_of(id)) == 0) return nullptr;
    const auto found = marks_.find(id.low);
    return found == marks_.end() ? nullptr : &found->second;
  }

  // Replaces what the SIM meant before.
  void set(const IdKey& id, const Mark& mark) {
    maybe_[word_of(id)] |= bit_of(id);
    marks_[id.low] = mark;
  }

 private:
  static constexpr std::size_t kWords = 8192;  // 64 KiB: one SIM in forty is looked up in vain
  static std::size_t word_of(const IdKey& id) { return (id.high >> 6U) % kWords; }
  static std::uint64_t bit_of(const IdKey& id) { return std::uint64_t{1} << (id.high & 63U); }

  std::vector<std::uint64_t> maybe_ = std::vector<std::uint64_t>(kWords);
  std::unordered_map<std::uint64_t, Mark> marks_;  // by the id's low fingerprint
};

}  // namespace simsync
