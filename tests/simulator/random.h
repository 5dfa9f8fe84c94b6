// The simulator's only source of chance. The standard distributions differ between libraries, and a world must be
// the same wherever it is generated, so the numbers are made here. Refuses to be anything like secure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace simsync::simulator {

// splitmix64: one word of state, every seed is good, equal seeds give equal numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // 0 … bound-1. The bias of the modulo is far below anything a test could see.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }

 private:
  std::uint64_t state_;
};

// FNV-1a: stable across libraries, unlike std::hash.
inline std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

// Appends `count` base62 characters.
inline void append_base62(std::string& out, Random& random, std::size_t count) {
  static constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 10 == 0) word = random.next();  // 62^10 < 2^64: ten digits from one word
    out += kDigits[word % 62];
    word /= 62;
  }
}

}  // namespace simsync::simulator
