// The header Retry-After and the three forms of an HTTP date (RFC 9110, 5.6.7), two of which are old.
#include <algorithm>
#include <array>
#include <charconv>

#include "sync/api/retry_policy.h"

namespace simsync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes the text up to one of `ends` off the front, and the end with it.
std::string_view take_word(std::string_view& text, std::string_view ends) {
  const std::size_t end = std::min(text.find_first_of(ends), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return word;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

struct DateParts {
  std::string_view day, month, year, time;
};

// A year of two digits lies at most 50 years ahead (RFC 9110, 5.6.7).
int full_year(int year, std::size_t digits, TimePoint now) {
  if (digits != 2) return year;
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  const int guess = this_year - this_year % 100 + year;
  return guess > this_year + 50 ? guess - 100 : guess;
}

std::optional<TimePoint> to_time(DateParts parts, TimePoint now) {
  const auto month = std::find(kMonths.begin(), kMonths.end(), parts.month);
  const auto day = number(parts.day);
  const auto year = number(parts.year);
  const auto hour = number(take_word(parts.time, ":"));
  const auto minute = number(take_word(parts.time, ":"));
  const auto second = number(parts.time);
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{full_year(*year, parts.year.size(), now)},
                                         std::chrono::month{static_cast<unsigned>(month - kMonths.begin() + 1)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year > 9999) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + seconds{*second};
}

std::optional<TimePoint> parse_http_date(std::string_view text, TimePoint now) {
  const bool asctime = text.find(',') == std::string_view::npos;
  take_word(text, asctime ? " " : ",");  // the weekday says nothing new
  DateParts parts;
  if (asctime) {  // Sun Nov  6 08:49:37 1994
    parts.month = take_word(text, " ");
    parts.day = take_word(text, " ");
    parts.time = take_word(text, " ");
    parts.year = text;
  } else {  // Sun, 06 Nov 1994 08:49:37 GMT, and Sunday, 06-Nov-94 08:49:37 GMT
    parts.day = take_word(text, " -");
    parts.month = take_word(text, " -");
    parts.year = take_word(text, " ");
    parts.time = take_word(text, " ");
    if (text != "GMT") return std::nullopt;
  }
  return to_time(parts, now);
}

}  // namespace

std::optional<milliseconds> parse_retry_after(std::string_view value, TimePoint now) {
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    constexpr int kMost = std::chrono::duration_cast<seconds>(kLongestRetryAfter).count();
    return seconds{std::min(number(value).value_or(kMost), kMost)};
  }
  const auto date = parse_http_date(value, now);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::ceil<milliseconds>(*date - now);
  return std::clamp(wait, milliseconds{0}, kLongestRetryAfter);
}

}  // namespace simsync
