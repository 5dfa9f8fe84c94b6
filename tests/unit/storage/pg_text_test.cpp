#include "storage/pg_text.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;

TEST(TextArray, QuotesEveryElement) {
  TextArray array;
  EXPECT_EQ(array.take(), "{}");
  array.append("plain");
  array.append("");
  array.append("NULL");
  array.append(R"(say "hi" \ {a,b})");
  EXPECT_EQ(array.take(), R"({"plain","","NULL","say \"hi\" \\ {a,b}"})");
  EXPECT_EQ(array.take(), "{}");
}

TEST(TextArray, ReplacesWhatPostgresqlCannotHold) {
  TextArray array;
  array.append(std::string_view{"a\0b", 3});
  EXPECT_EQ(array.take(), "{\"a\xEF\xBF\xBD\x62\"}");
}

TEST(ToPg, WritesUtcWithMicroseconds) {
  const TimePoint day = std::chrono::sys_days{std::chrono::year{2026} / 2 / 3};
  EXPECT_EQ(to_pg(day), "2026-02-03 00:00:00+00");
  EXPECT_EQ(to_pg(day + 23h + 59min + 58s + 7us), "2026-02-03 23:59:58.000007+00");
  EXPECT_EQ(to_pg(TimePoint{-1us}), "1969-12-31 23:59:59.999999+00");
}

}  // namespace
}  // namespace simsync
