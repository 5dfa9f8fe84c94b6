// Times in other people's words. The first byte says what of it, the second when it is read.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "daemon/time_argument.h"
#include "sync/api/retry_policy.h"
#include "sync/api/timestamp.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

using namespace std::chrono;

bool is_within_calendar(TimePoint time) {
  return time >= sys_days{year{1} / 1 / 1} && time < sys_days{year{9999} / 12 / 31} + days{1};
}

struct Parts {
  year_month_day date;
  hh_mm_ss<microseconds> time;
  weekday day;

  explicit Parts(TimePoint point)
      : date(floor<days>(point)), time(point - floor<days>(point)), day(floor<days>(point)) {}
};

std::string rfc3339(TimePoint point) {
  const Parts parts{point};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(parts.date.year()),
                static_cast<unsigned>(parts.date.month()), static_cast<unsigned>(parts.date.day()),
                static_cast<int>(parts.time.hours().count()), static_cast<int>(parts.time.minutes().count()),
                static_cast<int>(parts.time.seconds().count()), static_cast<int>(parts.time.subseconds().count()));
  return text.data();
}

std::string http_date(TimePoint point) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Parts parts{point};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays.at(parts.day.c_encoding()),
                static_cast<unsigned>(parts.date.day()), kMonths.at(static_cast<unsigned>(parts.date.month()) - 1),
                static_cast<int>(parts.date.year()), static_cast<int>(parts.time.hours().count()),
                static_cast<int>(parts.time.minutes().count()), static_cast<int>(parts.time.seconds().count()));
  return text.data();
}

milliseconds bounded(microseconds wait) {
  return std::clamp(duration_cast<milliseconds>(wait), milliseconds{0}, kLongestRetryAfter);
}

void timestamp(std::string_view text, TimePoint /*now*/) {
  const std::optional<TimePoint> time = parse_timestamp(text);
  if (!time) return;
  promise(is_within_calendar(*time), "a timestamp outside of the calendar");
  promise(parse_timestamp(rfc3339(*time)) == time, "another time once it is written and read");
}

void retry_after(std::string_view text, TimePoint now) {
  const std::optional<milliseconds> wait = parse_retry_after(text, now);
  if (wait) promise(*wait >= milliseconds{0} && *wait <= kLongestRetryAfter, "a wait out of bounds");
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits && text.size() < 10) promise(wait == bounded(seconds{std::atoll(std::string(text).c_str())}), "seconds");
  const std::optional<TimePoint> time = parse_timestamp(text);
  if (!time || !is_within_calendar(*time + seconds{1})) return;
  const TimePoint whole = floor<seconds>(*time);
  promise(parse_retry_after(http_date(whole), now) == bounded(whole - now), "another date than was written");
}

void argument(std::string_view text, TimePoint now) {
  const std::optional<TimePoint> time = parse_time_argument(text, now);
  if (!time) return;
  promise(is_within_calendar(*time), "a time outside of the calendar");
  const std::optional<TimePoint> exact = parse_timestamp(text);
  if (exact) promise(time == exact, "another time than the timestamp's");
  promise(parse_time_argument(rfc3339(*time), now) == time, "another time once it is written and read");
}

}  // namespace

void times(std::string_view input) {
  static constexpr std::array kZones = {"UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"};
  static constexpr std::array kKinds = {timestamp, retry_after, argument};
  const unsigned kind = take_choice(input);
  const unsigned when = take_choice(input);
  setenv("TZ", kZones[kind / kKinds.size() % kZones.size()], 1);
  // Half a year apart, and near midnight of some zones.
  const TimePoint now = sys_days{year{2024} / 1 / 31} + days{182} * when + hours{when} + milliseconds{999};
  kKinds[kind % kKinds.size()](input, now);
}

}  // namespace simsync::fuzz
