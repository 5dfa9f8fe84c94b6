// Fingerprints of SIMs: what stands for a SIM's id and content in memory. Two ids share one with a probability below
// 2^-85 for a million SIMs, a changed content keeps its old one with 2^-63; the seed is drawn anew for each inventory,
// so nobody can aim at it. Equal for a SIM read from the API and the same SIM read back from the database: metadata
// counts by meaning, not by the order or spelling in which JSON writes it. (A number that PostgreSQL writes in another
// way makes them differ; that costs a comparison by the database, never a change.)
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/sim.h"

namespace simsync {

struct IdKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const IdKey&) const = default;
};

struct SimKey {
  IdKey id;
  std::uint64_t content = 0;
  std::uint64_t text = 0;  // of the SIM's JSON as the API wrote it; 0: not known
  bool same_text = false;  // the text was recognised, and the SIM not parsed: `content` is not known
};

// A pure function of the seed; safe from any thread.
class SimHasher {
 public:
  explicit SimHasher(std::uint64_t seed) : seed_(seed) {}
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  [[nodiscard]] IdKey id(std::string_view sim_id) const;
  [[nodiscard]] SimKey of(const Sim& sim) const;
  // Never 0.
  [[nodiscard]] std::uint64_t text(std::string_view json) const;

 private:
  std::uint64_t seed_;
};

// For a new inventory.
std::uint64_t random_seed();

}  // namespace simsync
