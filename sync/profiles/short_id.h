// A SIM's id in 22 bytes: a million of them stay in memory. Ids as the API makes them (`sim_` and 28 letters and
// digits, sims-reference.txt, "The Sim resource") and all short ones fit; whoever keeps ShortIds keeps the others
// beside them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simsync {

class ShortId {
 public:
  ShortId() = default;  // of nothing

  // nullopt: it does not fit.
  static std::optional<ShortId> of(std::string_view sim_id);
  // Stands for an id that is kept elsewhere, under this number.
  static ShortId elsewhere(std::uint32_t number);

  [[nodiscard]] std::optional<std::uint32_t> number() const;  // nullopt: the id is here
  // All that tells one from another.
  [[nodiscard]] std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes + 1}; }
  // The id; empty where it is elsewhere.
  [[nodiscard]] std::string text() const;

  // In one order for good; near the order of the ids' bytes.
  auto operator<=>(const ShortId&) const = default;

 private:
  // Kinds: the length of an id of up to 21 bytes as it is; kPacked and the number of characters behind `sim_`;
  // kElsewhere.
  static constexpr std::size_t kBytes = 21;
  static constexpr std::size_t kPackedChars = kBytes * 8 / 6;
  static constexpr std::uint8_t kPacked = 64;
  static constexpr std::uint8_t kElsewhere = 255;

  std::array<std::uint8_t, kBytes> bytes_{};
  std::uint8_t kind_ = 0;  // directly behind, for bytes()
};

static_assert(sizeof(ShortId) == 22);

}  // namespace simsync
