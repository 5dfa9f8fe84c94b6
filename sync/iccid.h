// An ICCID, the number on a SIM card, as people and scanners write it. It has 19 digits, the last one a check digit by
// Luhn's rule, or 20; chips pad 19 digits with an F. Cards may be printed without their check digit, or with one that
// the inventory leaves out, so numbers of 18 digits are read as well. Pure functions, safe from any thread; it refuses
// to guess: no digit is ever corrected.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace simsync {

// Whether the API takes it in a search: 19 digits, with or without an F in either case, or 20 (facts.md).
bool api_accepts_iccid(std::string_view text);

// An ICCID's digits in the space of two integers, for large sets. Two are equal where the digits are, all of them.
struct IccidKey {
  std::uint64_t head = 0;  // the first 18 digits
  std::uint32_t tail = 0;  // what follows them, after a 1
  auto operator<=>(const IccidKey&) const = default;
};

class Iccid {
 public:
  static constexpr std::size_t kFewest = 18;
  static constexpr std::size_t kMost = 20;

  // 18 to 20 digits, and nothing else.
  static std::optional<Iccid> of_digits(std::string_view digits);

  [[nodiscard]] std::string_view digits() const { return {digits_.data(), size_}; }
  [[nodiscard]] IccidKey key() const;

  // Whether the last digit is the check digit of those before it. Some providers number with 20 digits and none, so
  // that it is not proves nothing.
  [[nodiscard]] bool check_digit_fits() const;

  // What else the same card may be called: with a check digit more (nullopt for 20 digits), and without the one that it
  // has (nullopt for 18 digits, and where the last digit is no check digit).
  [[nodiscard]] std::optional<Iccid> with_check_digit() const;
  [[nodiscard]] std::optional<Iccid> without_check_digit() const;

  // Many zeros at the end: a spreadsheet keeps the first 15 digits of a number only.
  [[nodiscard]] bool may_be_rounded() const;

  bool operator==(const Iccid& other) const { return digits() == other.digits(); }

 private:
  Iccid() = default;

  std::array<char, kMost> digits_{};
  std::uint8_t size_ = 0;
};

// Why a text is no ICCID, as what follows "it".
struct IccidFault {
  std::string why;
};

// The ICCID in what was typed, scanned or exported. What is left out: blanks and dashes anywhere, a pair of quotes or
// ="…" around it, a leading apostrophe or "ICCID", and an F or two at the end.
std::variant<Iccid, IccidFault> read_iccid(std::string_view text);

// `text` without what read_iccid() leaves out, and in upper case: what to compare where it is no ICCID.
std::string plain_iccid_text(std::string_view text);

}  // namespace simsync
