#include "config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <system_error>

namespace simsync {

namespace {

// Nothing this daemon waits for, or compares an age with, makes sense beyond a year; and sums of it cannot overflow.
constexpr Milliseconds kLongestDuration = std::chrono::hours{24 * 366};

constexpr const char* kDurationAdvice = "; write whole numbers with ms, s, m, h or d, such as 30s, 15m or 1h30m";

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

// From the largest on. "m" comes before "ms" in no text: the letters are read to their end first.
constexpr std::array<Unit, 5> kUnits = {{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <typename Predicate>
std::string_view take_while(std::string_view& text, Predicate predicate) {
  const auto end = std::find_if_not(text.begin(), text.end(), predicate);
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

// Letters count as the same in either case, and '-' as '_'.
std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return out;
}

// Letters to insert, remove, replace or swap with their neighbour to make `b` of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

// 30 instead of 30.000000.
std::string shown(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  return {buffer.data(), end.ptr};
}

}  // namespace

bool is_variable_name(std::string_view name) {
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
  return !name.empty() && !is_digit(name[0]) && std::all_of(name.begin(), name.end(), allowed);
}

std::string expand_environment(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      out += '$';
      text.remove_prefix(2);
    } else if (text.starts_with("${")) {
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos) throw BadValue("has a ${ without }; write ${NAME}, or $${ for the characters");
      const std::string name(text.substr(2, end - 2));
      if (!is_variable_name(name)) {
        throw BadValue("has no variable's name between ${ and }; write ${NAME}, or $${ for the characters");
      }
      const char* value = std::getenv(name.c_str());
      if (value == nullptr) {
        throw BadValue("uses the environment variable " + name.substr(0, 100) +
                       ", which is not set; set it, or write the value itself");
      }
      out += value;
      text.remove_prefix(end + 1);
    } else if (!text.empty()) {
      out += '$';
      text.remove_prefix(1);
    }
  }
  return out;
}

Milliseconds parse_duration(std::string_view text) {
  if (text.starts_with('-')) throw BadValue(std::string("is negative") + kDurationAdvice);
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_digit)) {
    throw BadValue(std::string("has no unit") + kDurationAdvice);
  }
  std::int64_t total = 0;
  const auto* allowed = kUnits.begin();  // each unit at most once, the larger first
  do {
    const std::string_view digits = take_while(text, is_digit);
    const std::string_view letters = take_while(text, is_letter);
    const auto* unit = std::find_if(allowed, kUnits.end(), [&](const Unit& u) { return u.name == letters; });
    if (digits.empty() || unit == kUnits.end()) throw BadValue(std::string("is not a duration") + kDurationAdvice);
    allowed = unit + 1;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const std::int64_t rest = kLongestDuration.count() - total;
    if (error != std::errc{} || number > rest / unit->milliseconds) {
      throw BadValue("is too long; write at most 366d");
    }
    total += number * unit->milliseconds;
  } while (!text.empty());
  return Milliseconds{total};
}

Milliseconds parse_keep(std::string_view text) {
  static constexpr char kAdvice[] = "; write a whole number and a unit, 3y, 26w or 400d, from 1d to 100y";
  const std::string_view digits = take_while(text, is_digit);
  const std::int64_t days = text == "y" ? 366 : text == "w" ? 7 : text == "d" ? 1 : 0;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (days == 0 || digits.empty()) throw BadValue(std::string("is no time to keep history for") + kAdvice);
  if (error != std::errc{} || number < 1 || number > 36'600 / days) {
    throw BadValue(std::string("is out of range") + kAdvice);
  }
  return std::chrono::hours{24} * days * number;
}

std::uint64_t parse_count(std::string_view text, std::uint64_t smallest, std::uint64_t largest) {
  const std::string advice =
      "; write a whole number from " + std::to_string(smallest) + " to " + std::to_string(largest);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
    throw BadValue("is not a whole number" + advice);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < smallest || number > largest) throw BadValue("is out of range" + advice);
  return number;
}

double parse_decimal(std::string_view text, double smallest, double largest) {
  const std::string advice = "; write a number from " + shown(smallest) + " to " + shown(largest);
  double number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
  const bool out_of_range = error == std::errc::result_out_of_range;
  // from_chars also reads "inf" and "nan".
  if ((error != std::errc{} && !out_of_range) || end != last || (!out_of_range && !std::isfinite(number))) {
    throw BadValue("is not a number" + advice);
  }
  if (out_of_range || number < smallest || number > largest) throw BadValue("is out of range" + advice);
  return number;
}

DisappearanceLimit parse_disappearance_limit(std::string_view text) {
  try {
    if (text.ends_with('%')) return {true, parse_decimal(text.substr(0, text.size() - 1), 0, 100)};
    return {false, static_cast<double>(parse_count(text, 0, kMostSims))};
  } catch (const BadValue&) {
    throw BadValue("is no share and no count; write a share from 0% to 100%, such as 0.5%, or a whole number of SIMs");
  }
}

bool parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  throw BadValue("is neither true nor false; write one of them");
}

std::string parse_name(std::string_view text, bool dots) {
  constexpr std::size_t kLongestName = 100;
  const auto allowed = [&](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_' || (dots && c == '.');
  };
  if (text.empty() || text.size() > kLongestName || !std::all_of(text.begin(), text.end(), allowed)) {
    throw BadValue(std::string("is not usable as a name; write 1 to 100 of letters, digits, '-'") +
                   (dots ? ", '_' and '.'" : " and '_'"));
  }
  return std::string(text);
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongestCompared = 64;  // no known word is half as long
  if (word.size() > kLongestCompared) return {};
  std::string best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(folded(word), folded(candidate));
    const std::size_t tolerated = std::max<std::size_t>(1, std::min(word.size(), candidate.size()) / 3);
    if (distance <= tolerated && distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? "; known here: " + joined(known) : "; did you mean " + near + "?";
}

}  // namespace simsync
