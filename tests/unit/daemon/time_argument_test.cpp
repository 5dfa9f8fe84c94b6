#include "daemon/time_argument.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "sync/api/timestamp.h"

namespace simsync {
namespace {

class TimeArgument : public testing::Test {
 protected:
  TimeArgument() { set_zone("Europe/Berlin"); }
  ~TimeArgument() override {
    if (before_) {
      setenv("TZ", before_->c_str(), 1);
    } else {
      unsetenv("TZ");
    }
    tzset();
  }
  TimeArgument(const TimeArgument&) = delete;
  TimeArgument& operator=(const TimeArgument&) = delete;

  static void set_zone(const char* zone) { setenv("TZ", zone, 1); }

  static void expect(const char* text, const char* utc, const char* now = "2026-03-29T12:00:00Z") {
    const std::optional<TimePoint> time = parse_time_argument(text, *parse_timestamp(now));
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(*time, *parse_timestamp(utc))
        << text << " is off by " << (*time - *parse_timestamp(utc)).count() / 1'000'000 << " s";
  }

 private:
  std::optional<std::string> before_ = std::getenv("TZ") == nullptr ? std::nullopt : std::optional{std::getenv("TZ")};
};

TEST_F(TimeArgument, WithoutAZoneItIsTheMachines) {
  expect("2026-03-01", "2026-02-28T23:00:00Z");
  expect("2026-07-01", "2026-06-30T22:00:00Z");
  expect("2026-03-01 14:00", "2026-03-01T13:00:00Z");
  expect("2026-03-01T14:00", "2026-03-01T13:00:00Z");
  expect("2026-03-01 14:00:01", "2026-03-01T13:00:01Z");
  expect("2026-03-01T14:00:01.25", "2026-03-01T13:00:01.25Z");
  set_zone("Asia/Kathmandu");
  expect("2026-03-01 14:00", "2026-03-01T08:15:00Z");
  set_zone("UTC");
  expect("2026-03-01", "2026-03-01T00:00:00Z");
}

TEST_F(TimeArgument, WithAZoneItIsThat) {
  expect("2026-03-01T14:00:00Z", "2026-03-01T14:00:00Z");
  expect("2026-03-01 14:00Z", "2026-03-01T14:00:00Z");
  expect("2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00Z");
  expect("2026-03-01 14:00-05:30", "2026-03-01T19:30:00Z");
  expect("2026-03-01T14:00:00.123456+02:00", "2026-03-01T12:00:00.123456Z");
}

TEST_F(TimeArgument, SoLongAgo) {
  expect("7d", "2026-03-22T12:00:00Z");
  expect("24h", "2026-03-28T12:00:00Z");
  expect("30m", "2026-03-29T11:30:00Z");
  expect("1h30m", "2026-03-29T10:30:00Z");
  expect("now", "2026-03-29T12:00:00Z");
}

TEST_F(TimeArgument, DaysBeginAtTheirMidnight) {
  // The clocks go forward at 01:00Z on the 29th and back at 01:00Z on 25 October.
  expect("today", "2026-03-28T23:00:00Z");
  expect("today", "2026-03-29T22:00:00Z", "2026-03-30T00:00:00Z");
  expect("yesterday", "2026-03-28T23:00:00Z", "2026-03-30T00:00:00Z");
  expect("today", "2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z");
  expect("today", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999999Z");
  expect("2026-10-25", "2026-10-24T22:00:00Z");
  expect("2026-10-26", "2026-10-25T23:00:00Z");
  expect("yesterday", "2026-10-24T22:00:00Z", "2026-10-26T12:00:00Z");
}

TEST_F(TimeArgument, TimesThatComeTwiceAreTheFirst) {
  expect("2026-10-25 01:59:59", "2026-10-24T23:59:59Z");
  expect("2026-10-25 02:00", "2026-10-25T00:00:00Z");
  expect("2026-10-25 02:59:59.5", "2026-10-25T00:59:59.5Z");
  expect("2026-10-25 03:00", "2026-10-25T02:00:00Z");
}

TEST_F(TimeArgument, TimesThatNeverComeAreTheMomentOfTheSkip) {
  expect("2026-03-29 01:59:59", "2026-03-29T00:59:59Z");
  for (const char* skipped : {"2026-03-29 02:00", "2026-03-29 02:30:00.5", "2026-03-29 02:59:59"}) {
    expect(skipped, "2026-03-29T01:00:00Z");
  }
  expect("2026-03-29 03:00", "2026-03-29T01:00:00Z");
  set_zone("Africa/Cairo");  // the skip is at midnight: the day begins at one o'clock
  expect("2024-04-26", "2024-04-25T22:00:00Z");
  set_zone("Pacific/Apia");  // a day that never was
  expect("2011-12-30", "2011-12-30T10:00:00Z");
  expect("2011-12-30 23:00", "2011-12-30T10:00:00Z");
  expect("2011-12-31", "2011-12-30T10:00:00Z");
}

TEST_F(TimeArgument, FarYears) {
  expect("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
  expect("2400-02-29 12:00", "2400-02-29T11:00:00Z");
  set_zone("UTC");
  expect("0001-01-01", "0001-01-01T00:00:00Z");
  expect("9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999Z");
}

TEST_F(TimeArgument, AsLongAgoAsHistoryIsKept) {
  const TimePoint now = *parse_timestamp("2026-03-29T12:00:00Z");
  EXPECT_EQ(parse_time_argument("400d", now), now - std::chrono::hours{24} * 400);
  EXPECT_EQ(parse_time_argument("26w", now), now - std::chrono::hours{24} * 7 * 26);
  EXPECT_EQ(parse_time_argument("3y", now), now - std::chrono::hours{24} * 366 * 3);
}

TEST_F(TimeArgument, AnythingElseIsRefused) {
  for (const char* text : {"",
                           " ",
                           "2026",
                           "2026-03",
                           "2026-3-1",
                           "26-03-01",
                           "2026-02-30",
                           "2026-02-29",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-04-31",
                           "2026-03-01 24:00",
                           "2026-03-01 14:60",
                           "2026-03-01 14:00:61",
                           "2026-03-01 14",
                           "2026-03-01 14:0",
                           "2026-03-01 14:00:",
                           "2026-03-01 14:00:00.",
                           "2026-03-01 14:00x",
                           "2026-03-01 14:00+2",
                           "2026-03-01 14:00 +02:00",
                           "2026-03-01 14:00+25:00",
                           "2026-03-01Z",
                           "2026-03-01x14:00",
                           "2026-03-01 14:00Zx",
                           " 2026-03-01",
                           "2026-03-01 ",
                           "10000-01-01",
                           "0000-01-01",
                           "9999-12-31T23:59:59-01:00",
                           "0001-01-01T00:00:00+01:00",
                           "-7d",
                           "7",
                           "7x",
                           "d",
                           "36601d",
                           "99999999999999999999d",
                           "7d ago",
                           "Today",
                           "tomorrow",
                           "1773000000",
                           "2026-03-01T14:00:00\xFF"}) {
    EXPECT_FALSE(parse_time_argument(text, *parse_timestamp("2026-03-29T12:00:00Z"))) << text;
  }
  set_zone("America/New_York");
  EXPECT_FALSE(parse_time_argument("9999-12-31 23:00", wall_clock())) << "10000 in UTC";
}

}  // namespace
}  // namespace simsync
