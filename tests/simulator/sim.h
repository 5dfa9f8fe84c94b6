// One simulated SIM: its resource as JSON text, ready to be copied into an answer, and beside it only what a filter
// or a change must know. What can be read off the text is not held twice: a million of these live in one process.
// Refuses to lock: a Sim belongs to its Project, whose mutex guards it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/simulator/names.h"
#include "tests/simulator/timestamps.h"

namespace simsync::simulator {

inline constexpr std::size_t kIdLength = 32;  // "sim_" and 28 characters

// The values of the reference come first, so that they have these numbers; others may follow them.
inline constexpr std::uint8_t kInactive = 0, kActive = 1, kRetired = 2;
inline constexpr std::uint8_t kEsim = 0, kPsim = 1;
inline constexpr std::uint8_t kProfileUnknown = 4;

struct Vocabulary {
  Names providers{"p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15"};
  Names statuses{"inactive", "active", "retired"};
  Names types{"eSIM", "pSIM"};
  Names profile_statuses{"deleted", "disabled", "enabled", "installed", "unknown"};

  // Only these report a profile status, all others say "unknown" (facts.md, eSIM profile).
  bool reports_profiles(std::uint8_t provider) const { return provider == 2 || provider == 13 || provider == 14; }
};

// What only a test's orders give a SIM; most have none.
struct Peculiar {
  std::string extra;            // members that follow the known ones: `,"key":value`
  std::string raw;              // sent in place of the resource
  std::string updated_at_text;  // a profile time in a spelling of its own
  int error_status = 0;         // a page that contains this SIM answers this
};

struct Sim {
  std::string json;
  std::array<char, kIdLength> id{};
  Seconds created_at{};
  Seconds profile_updated_at{};
  std::unique_ptr<Peculiar> peculiar;
  std::uint32_t serial = 0;  // rises with insertion, is never reused
  std::uint32_t metadata_length = 0;
  std::uint16_t iccid_length = 0;
  std::uint8_t provider = 0;
  std::uint8_t status = 0;
  std::uint8_t type = 0;
  std::uint8_t profile_status = kProfileUnknown;
  bool alive = true;
  bool fraction = false;  // createdAt is spelled "…:34.0Z"

  std::string_view id_text() const { return {id.data(), id.size()}; }
  std::string_view metadata() const;
  std::string_view iccid() const;
  // The text to send for this SIM in a list or alone.
  const std::string& shown() const { return peculiar && !peculiar->raw.empty() ? peculiar->raw : json; }
  Peculiar& make_peculiar();

  // Writes json anew from the members, with this metadata (JSON text) and ICCID.
  void render(const Vocabulary& words, std::string_view metadata, std::string_view iccid);
  void append_updated_at(std::string& out) const;
};

}  // namespace simsync::simulator
