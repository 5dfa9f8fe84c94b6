// ICCIDs as they are typed, scanned and exported.
#include <algorithm>
#include <optional>
#include <string>
#include <variant>

#include "sync/iccid.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

// Luhn's rule in other words than the product's.
bool fits(std::string_view digits) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const unsigned value = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0') * (i % 2 == 0 ? 1 : 2);
    sum += value / 10 + value % 10;
  }
  return sum % 10 == 0;
}

void check(const Iccid& iccid, std::string_view text) {
  const std::string digits{iccid.digits()};
  promise(digits.size() >= Iccid::kFewest && digits.size() <= Iccid::kMost, "another number of digits");
  promise(digits.find_first_not_of("0123456789") == std::string::npos, "something else than digits");
  std::string all;
  std::ranges::copy_if(text, std::back_inserter(all), [](char c) { return c >= '0' && c <= '9'; });
  promise(all == digits, "a digit that does not stand there, or one left out");
  promise(iccid.check_digit_fits() == fits(digits), "the check digit");
  const auto again = read_iccid(digits);
  promise(std::holds_alternative<Iccid>(again) && std::get<Iccid>(again) == iccid, "its digits are another");
  std::string key = std::to_string(iccid.key().head);
  key.insert(0, 18 - std::min<std::size_t>(key.size(), 18), '0');
  promise(key + std::to_string(iccid.key().tail).substr(1) == digits, "the key does not have the digits");
  if (const std::optional<Iccid> longer = iccid.with_check_digit()) {
    promise(longer->check_digit_fits() && longer->digits().substr(0, digits.size()) == digits, "a digit more");
    promise(longer->without_check_digit() == iccid, "with a digit more and one less it is another");
  }
  if (const std::optional<Iccid> shorter = iccid.without_check_digit()) {
    promise(shorter->with_check_digit() == iccid, "with a digit less and one more it is another");
  }
}

}  // namespace

void iccid(std::string_view input) {
  const std::string plain = plain_iccid_text(input);
  promise(plain.size() <= input.size(), "plain text is longer");
  const auto read = read_iccid(input);
  if (const auto* fault = std::get_if<IccidFault>(&read)) {
    promise(!fault->why.empty(), "no reason");
    promise(!Iccid::of_digits(input), "digits alone were refused");
  } else {
    check(std::get<Iccid>(read), input);
  }
  if (!api_accepts_iccid(input)) return;
  promise(std::holds_alternative<Iccid>(read), "what the API takes was refused");
  promise(input.size() == 19 || input.size() == 20, "the API takes other lengths");
}

}  // namespace simsync::fuzz
