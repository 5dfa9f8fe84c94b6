#include "sync/iccid.h"

#include <algorithm>

namespace simsync {
namespace {

constexpr std::size_t kHead = 18;             // digits of IccidKey::head
constexpr std::size_t kLongestLookedAt = 80;  // bytes: no ICCID, however decorated, is longer
constexpr std::size_t kRoundedZeros = 4;      // 19 digits that kept 15

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// By Luhn's rule: from the right, every other digit counts twice, with the digits of that summed.
unsigned luhn_sum(std::string_view digits, bool last_counts_twice) {
  unsigned sum = 0;
  bool twice = last_counts_twice;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
    const auto value = static_cast<unsigned>(*digit - '0');
    sum += twice ? (value > 4 ? 2 * value - 9 : 2 * value) : value;
  }
  return sum;
}

// How many bytes at the beginning are one blank or dash, of those that scanners, spreadsheets and web pages put between
// the groups of a number; 0: none.
std::size_t separator_at(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  switch (byte(0)) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '-':
    case '.':
      return 1;
    case 0xC2:  // no-break space, soft hyphen
      return byte(1) == 0xA0 || byte(1) == 0xAD ? 2 : 0;
    case 0xE2:  // U+2000 to U+2015 and U+202F: blanks, marks without a width, dashes; U+2212: minus
      if (byte(1) == 0x80 && ((byte(2) >= 0x80 && byte(2) <= 0x95) || byte(2) == 0xAF)) return 3;
      return byte(1) == 0x88 && byte(2) == 0x92 ? 3 : 0;
    case 0xEF:  // U+FEFF, a byte order mark that strayed
      return byte(1) == 0xBB && byte(2) == 0xBF ? 3 : 0;
    default:
      return 0;
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && separator_at(text) > 0) text.remove_prefix(separator_at(text));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view without_quotes(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('\'')) text = trimmed(text.substr(1));
  if (text.starts_with("=\"")) text.remove_prefix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = trimmed(text.substr(1, text.size() - 2));
  return text;
}

std::string_view without_label(std::string_view text) {
  constexpr std::string_view kLabel = "ICCID";
  if (text.size() <= kLabel.size() ||
      !std::equal(kLabel.begin(), kLabel.end(), text.begin(), [](char one, char other) { return one == upper(other); }))
    return text;
  text = trimmed(text.substr(kLabel.size()));
  if (text.starts_with(':') || text.starts_with('=')) text.remove_prefix(1);
  return text;
}

// 8.98831E+18 or 8,98831E+18
bool is_rounded_number(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  return e != std::string_view::npos && e > 0 && e + 1 < text.size() &&
         std::ranges::all_of(text.substr(0, e), [](char c) { return is_digit(c) || c == '.' || c == ','; }) &&
         std::ranges::all_of(text.substr(e + 1), [](char c) { return is_digit(c) || c == '+'; });
}

IccidFault fault_of(std::string_view text, std::string_view plain) {
  if (plain.empty()) return {"is empty"};
  if (is_rounded_number(text)) {
    return {
        "is a number that a spreadsheet rounded, its digits are lost: format the column as text and export it again"};
  }
  if (!std::ranges::all_of(plain, is_digit)) return {"has other characters than digits"};
  return {"has " + std::to_string(plain.size()) + " digits; an ICCID has 19 or 20, or 18 without its check digit"};
}

}  // namespace

bool api_accepts_iccid(std::string_view text) {
  if (text.size() == 20 && upper(text.back()) == 'F') text.remove_suffix(1);
  return (text.size() == 19 || text.size() == 20) && std::ranges::all_of(text, is_digit);
}

std::optional<Iccid> Iccid::of_digits(std::string_view digits) {
  if (digits.size() < kFewest || digits.size() > kMost || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  Iccid iccid;
  std::ranges::copy(digits, iccid.digits_.begin());
  iccid.size_ = static_cast<std::uint8_t>(digits.size());
  return iccid;
}

IccidKey Iccid::key() const {
  IccidKey key{0, 1};
  for (std::size_t i = 0; i < kHead; ++i) key.head = key.head * 10 + static_cast<std::uint64_t>(digits_[i] - '0');
  for (std::size_t i = kHead; i < size_; ++i) key.tail = key.tail * 10 + static_cast<std::uint32_t>(digits_[i] - '0');
  return key;
}

bool Iccid::check_digit_fits() const {
  return luhn_sum(digits(), false) % 10 == 0;
}

std::optional<Iccid> Iccid::with_check_digit() const {
  if (size_ == kMost) return std::nullopt;
  Iccid longer = *this;
  longer.digits_[longer.size_++] = static_cast<char>('0' + (10 - luhn_sum(digits(), true) % 10) % 10);
  return longer;
}

std::optional<Iccid> Iccid::without_check_digit() const {
  if (size_ == kFewest || !check_digit_fits()) return std::nullopt;
  Iccid shorter = *this;
  shorter.digits_[--shorter.size_] = '\0';
  return shorter;
}

bool Iccid::may_be_rounded() const {
  return digits().substr(size_ - kRoundedZeros).find_first_not_of('0') == std::string_view::npos;
}

std::variant<Iccid, IccidFault> read_iccid(std::string_view text) {
  // As nearly all of them come.
  if (const std::optional<Iccid> iccid = Iccid::of_digits(text)) return *iccid;
  if (text.size() > kLongestLookedAt) return IccidFault{"has " + std::to_string(text.size()) + " characters"};
  const std::string plain = plain_iccid_text(text);
  std::string_view digits = plain;
  // Chips hold 20 places, and F where there is no digit.
  while (digits.size() > Iccid::kFewest && plain.size() <= Iccid::kMost && digits.back() == 'F')
    digits.remove_suffix(1);
  if (const std::optional<Iccid> iccid = Iccid::of_digits(digits)) return *iccid;
  return fault_of(without_label(without_quotes(text)), plain);
}

std::string plain_iccid_text(std::string_view text) {
  text = without_label(without_quotes(text));
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const std::size_t separator = separator_at(text);
    if (separator == 0) plain += upper(text.front());
    text.remove_prefix(std::max<std::size_t>(separator, 1));
  }
  return plain;
}

}  // namespace simsync
