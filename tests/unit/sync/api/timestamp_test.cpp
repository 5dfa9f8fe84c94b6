#include "sync/api/timestamp.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono;

TimePoint at(int y, unsigned m, unsigned d, int hh, int mm, int ss, int us = 0) {
  return sys_days{year{y} / m / d} + hours{hh} + minutes{mm} + seconds{ss} + microseconds{us};
}

struct Good {
  const char* text;
  TimePoint time;
};

class GoodTimestamps : public testing::TestWithParam<Good> {};

TEST_P(GoodTimestamps, AreRead) {
  EXPECT_EQ(parse_timestamp(GetParam().text), GetParam().time) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Table, GoodTimestamps,
                         testing::Values(Good{"2021-01-21T19:38:34Z", at(2021, 1, 21, 19, 38, 34)},
                                         Good{"2021-01-21T19:38:34.0Z", at(2021, 1, 21, 19, 38, 34)},
                                         Good{"2021-01-21t19:38:34z", at(2021, 1, 21, 19, 38, 34)},
                                         Good{"2021-01-21 19:38:34Z", at(2021, 1, 21, 19, 38, 34)},
                                         Good{"2021-01-21T19:38:34.5Z", at(2021, 1, 21, 19, 38, 34, 500000)},
                                         Good{"2021-01-21T19:38:34.123456Z", at(2021, 1, 21, 19, 38, 34, 123456)},
                                         Good{"2021-01-21T19:38:34.123456789Z", at(2021, 1, 21, 19, 38, 34, 123456)},
                                         Good{"2021-01-21T19:38:34.999999999Z", at(2021, 1, 21, 19, 38, 34, 999999)},
                                         Good{"2021-01-21T19:38:34+05:30", at(2021, 1, 21, 14, 8, 34)},
                                         Good{"2021-01-21T19:38:34-08:00", at(2021, 1, 22, 3, 38, 34)},
                                         Good{"2021-01-21T19:38:34.25-00:00", at(2021, 1, 21, 19, 38, 34, 250000)},
                                         Good{"2016-12-31T23:59:60Z", at(2016, 12, 31, 23, 59, 59, 999999)},
                                         Good{"2016-12-31T23:59:60.9Z", at(2016, 12, 31, 23, 59, 59, 999999)},
                                         Good{"2024-02-29T00:00:00Z", at(2024, 2, 29, 0, 0, 0)},
                                         Good{"2000-02-29T00:00:00Z", at(2000, 2, 29, 0, 0, 0)},
                                         Good{"0001-01-01T00:00:00Z", at(1, 1, 1, 0, 0, 0)},
                                         Good{"1969-12-31T23:59:59.5Z", at(1969, 12, 31, 23, 59, 59, 500000)},
                                         Good{"9999-12-31T23:59:59.999999Z", at(9999, 12, 31, 23, 59, 59, 999999)}));

class BadTimestamps : public testing::TestWithParam<const char*> {};

TEST_P(BadTimestamps, AreRefused) {
  EXPECT_EQ(parse_timestamp(GetParam()), std::nullopt) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadTimestamps,
    testing::Values("", "Z", "2021-01-21", "2021-01-21T19:38:34", "2021-01-21T19:38Z", "2021-01-21T19:38:34.Z",
                    "2021-01-21T19:38:34.1234567890Z", "2021-01-21T19:38:34,5Z", "2021-01-21T19:38:34Zx",
                    " 2021-01-21T19:38:34Z", "2021-1-21T19:38:34Z", "21-01-21T19:38:34Z", "2021-13-01T00:00:00Z",
                    "2021-00-01T00:00:00Z", "2021-01-00T00:00:00Z", "2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
                    "2021-04-31T00:00:00Z", "2021-01-21T24:00:00Z", "2021-01-21T23:60:00Z", "2021-01-21T23:59:61Z",
                    "2021-01-21T19:38:34+24:00", "2021-01-21T19:38:34+05:60", "2021-01-21T19:38:34+0530",
                    "2021-01-21T19:38:34+05", "2021-01-21T19:38:34 +05:30", "0000-01-01T00:00:00Z",
                    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z",
                    "2021-01-21X19:38:34Z", "+021-01-21T19:38:34Z", "2021-01-21T19:38:3\xC3Z", "1611257914"));

TEST(Timestamp, CutsEverywhereAreRefused) {
  const std::string whole = "2021-01-21T19:38:34.25+05:30";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_timestamp(whole.substr(0, size)), std::nullopt) << size;
  }
}

}  // namespace
}  // namespace simsync
