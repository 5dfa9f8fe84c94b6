// Which SIMs a walk has read: a flat table of 128-bit fingerprints of their ids, so that a million SIMs cost some
// 30 MiB and a lookup one cache line. Cannot list its members and cannot forget one. Two ids share a fingerprint
// with a probability below 2^-88 for a million SIMs; the key is drawn anew in each process, so nobody can aim at it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace simsync {

class SeenSet {
 public:
  SeenSet();
  // Whether the id was not in the set before.
  bool insert(std::string_view id);
  [[nodiscard]] bool contains(std::string_view id) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  void clear();

 private:
  struct Fingerprint {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Fingerprint&) const = default;
    [[nodiscard]] bool empty() const { return low == 0 && high == 0; }
  };

  static Fingerprint fingerprint_of(std::string_view id);
  [[nodiscard]] std::size_t place_of(const Fingerprint& fingerprint) const;
  void grow();

  std::vector<Fingerprint> table_;  // a power of two long, at most three quarters full; empty entries are zero
  std::uint64_t size_ = 0;
};

}  // namespace simsync
