#include "sync/profiles/short_id.h"

#include <cstring>

namespace simsync {
namespace {

constexpr std::string_view kPrefix = "sim_";
// In the order of their bytes, so that packed ids keep it.
constexpr std::string_view kAlphabet = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
static_assert(kAlphabet.size() == 64);

constexpr std::uint8_t kNone = 255;

constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}
constexpr std::array<std::uint8_t, 256> kDigits = make_digits();

}  // namespace

std::optional<ShortId> ShortId::of(std::string_view sim_id) {
  ShortId id;
  if (sim_id.size() <= kBytes) {
    if (!sim_id.empty()) std::memcpy(id.bytes_.data(), sim_id.data(), sim_id.size());
    id.kind_ = static_cast<std::uint8_t>(sim_id.size());
    return id;
  }
  if (!sim_id.starts_with(kPrefix) || sim_id.size() > kPrefix.size() + kPackedChars) return std::nullopt;
  sim_id.remove_prefix(kPrefix.size());
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t at = 0;
  for (const char c : sim_id) {
    const std::uint8_t digit = kDigits[static_cast<unsigned char>(c)];
    if (digit == kNone) return std::nullopt;
    bits = bits << 6U | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    id.bytes_[at++] = static_cast<std::uint8_t>(bits >> held);
  }
  if (held > 0) id.bytes_[at] = static_cast<std::uint8_t>(bits << (8 - held));
  id.kind_ = static_cast<std::uint8_t>(kPacked + sim_id.size());
  return id;
}

ShortId ShortId::elsewhere(std::uint32_t number) {
  ShortId id;
  std::memcpy(id.bytes_.data(), &number, sizeof number);
  id.kind_ = kElsewhere;
  return id;
}

std::optional<std::uint32_t> ShortId::number() const {
  if (kind_ != kElsewhere) return std::nullopt;
  std::uint32_t number = 0;
  std::memcpy(&number, bytes_.data(), sizeof number);
  return number;
}

std::string ShortId::text() const {
  if (kind_ == kElsewhere) return {};
  if (kind_ < kPacked) return {bytes_.begin(), bytes_.begin() + kind_};
  std::string text{kPrefix};
  const std::size_t count = kind_ - kPacked;
  text.reserve(text.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t bit = i * 6;
    unsigned pair = static_cast<unsigned>(bytes_[bit / 8]) << 8U;
    if (bit / 8 + 1 < kBytes) pair |= bytes_[bit / 8 + 1];
    text += kAlphabet[pair >> (10 - bit % 8) & 63U];
  }
  return text;
}

}  // namespace simsync
