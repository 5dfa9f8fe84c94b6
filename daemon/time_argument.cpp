#include "daemon/time_argument.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

#include "config/scalars.h"
#include "sync/api/timestamp.h"

namespace simsync {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using LocalTime = std::chrono::local_time<std::chrono::microseconds>;

// How far the machine's clocks are ahead of UTC at that moment.
seconds offset_at(TimePoint time) {
  const std::time_t moment = std::chrono::floor<seconds>(time).time_since_epoch().count();
  std::tm parts{};
  return seconds{localtime_r(&moment, &parts) == nullptr ? 0 : parts.tm_gmtoff};
}

// The first second of (before, after] with the offset of `after`.
TimePoint when_set(TimePoint before, TimePoint after) {
  const seconds offset = offset_at(after);
  while (after - before > seconds{1}) {
    const TimePoint middle = before + std::chrono::floor<seconds>((after - before) / 2);
    (offset_at(middle) == offset ? after : before) = middle;
  }
  return after;
}

// mktime() would do, but for a time that comes twice or never it chooses by what it was last asked.
TimePoint in_utc(LocalTime local) {
  const TimePoint as_utc{local.time_since_epoch()};
  const TimePoint with_old = as_utc - offset_at(as_utc - days{1});
  if (as_utc - offset_at(with_old) == with_old) return with_old;
  const TimePoint with_new = as_utc - offset_at(as_utc + days{1});
  if (as_utc - offset_at(with_new) == with_new) return with_new;
  return std::chrono::floor<seconds>(when_set(with_new, with_old));
}

LocalTime midnight(TimePoint now) {
  return std::chrono::floor<days>(LocalTime{now.time_since_epoch() + offset_at(now)});
}

bool is_within_calendar(TimePoint time) {
  using namespace std::chrono;
  return time >= sys_days{year{1} / 1 / 1} && time < sys_days{year{9999} / 12 / 31} + days{1};
}

// A date with or without a time of day. What it is made of is checked by parse_timestamp, which wants all of it.
std::optional<TimePoint> parse_date(std::string_view text) {
  constexpr std::size_t kDate = 10, kMinutes = 16;  // lengths of 2026-03-01 and 2026-03-01T14:00
  std::string whole{text.substr(0, kMinutes)};
  std::string_view rest = text.substr(whole.size());
  if (whole.size() == kDate) {
    whole += "T00:00";
  } else if (whole.size() < kMinutes) {
    return std::nullopt;
  }
  const std::size_t second_end = rest.starts_with(':') ? rest.find_first_not_of("0123456789.", 1) : 0;
  whole += second_end == 0 ? std::string_view{":00"} : rest.substr(0, second_end);
  rest = second_end == std::string_view::npos ? std::string_view{} : rest.substr(second_end);
  if (!rest.empty()) return parse_timestamp(whole.append(rest));
  const std::optional<TimePoint> local = parse_timestamp(whole + "Z");
  if (!local) return std::nullopt;
  return in_utc(LocalTime{local->time_since_epoch()});
}

std::optional<TimePoint> parse_any(std::string_view text, TimePoint now) {
  if (text == "now") return now;
  if (text == "today") return in_utc(midnight(now));
  if (text == "yesterday") return in_utc(midnight(now) - days{1});
  if (text.find('-') != std::string_view::npos) return parse_date(text);
  for (const auto parse : {parse_duration, parse_keep}) {
    try {
      return now - parse(text);
    } catch (const BadValue&) {
      // The next one may know better.
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<TimePoint> parse_time_argument(std::string_view text, TimePoint now) {
  tzset();  // localtime_r need not
  const std::optional<TimePoint> time = parse_any(text, now);
  return time && is_within_calendar(*time) ? time : std::nullopt;
}

}  // namespace simsync
