#include "sync/walk/seen_set.h"

#include <xxhash.h>

#include <random>

namespace simsync {
namespace {

constexpr std::size_t kSmallest = 1024;

std::uint64_t process_key() {
  static const std::uint64_t key = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  return key;
}

}  // namespace

SeenSet::SeenSet() : table_(kSmallest) {}

SeenSet::Fingerprint SeenSet::fingerprint_of(std::string_view id) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(id.data(), id.size(), process_key());
  // Zero marks an empty place.
  return {hash.low64, hash.high64 | 1};
}

std::size_t SeenSet::place_of(const Fingerprint& fingerprint) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t place = fingerprint.low & mask;
  while (!table_[place].empty() && table_[place] != fingerprint) place = (place + 1) & mask;
  return place;
}

bool SeenSet::insert(std::string_view id) {
  if ((size_ + 1) * 4 > table_.size() * 3) grow();
  const Fingerprint fingerprint = fingerprint_of(id);
  Fingerprint& place = table_[place_of(fingerprint)];
  if (!place.empty()) return false;
  place = fingerprint;
  ++size_;
  return true;
}

bool SeenSet::contains(std::string_view id) const {
  return !table_[place_of(fingerprint_of(id))].empty();
}

void SeenSet::clear() {
  table_.assign(kSmallest, {});
  size_ = 0;
}

void SeenSet::grow() {
  std::vector<Fingerprint> old(table_.size() * 2);
  old.swap(table_);
  for (const Fingerprint& fingerprint : old) {
    if (!fingerprint.empty()) table_[place_of(fingerprint)] = fingerprint;
  }
}

}  // namespace simsync
