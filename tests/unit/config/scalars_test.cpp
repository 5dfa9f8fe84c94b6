#include "config/scalars.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace simsync::test {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): literals have no other way in

std::string complaint(const std::function<void()>& parse) {
  try {
    parse();
    return "";
  } catch (const BadValue& bad) {
    const std::string what = bad.what();
    return what.substr(0, what.find(';'));
  }
}

TEST(Duration, Good) {
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("200ms"), 200ms);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("366d"), 366 * 24h);
  EXPECT_EQ(parse_duration("0031s"), 31s);
}

TEST(Duration, Bad) {
  const auto bad = [](const char* text) { return complaint([=] { static_cast<void>(parse_duration(text)); }); };
  EXPECT_EQ(bad("30"), "has no unit");
  EXPECT_EQ(bad("0"), "has no unit");
  EXPECT_EQ(bad("-1s"), "is negative");
  for (const char* text :
       {"", "s", "1.5h", "1 h", " 1h", "1h ", "1H", "1min", "30m1h", "1h1h", "1h30", "+1s", "1s-1s", "1e3s", "1µs"}) {
    EXPECT_EQ(bad(text), "is not a duration") << text;
  }
  for (const char* text : {"367d", "366d1ms", "9223372036854775807ms", "9223372036854775808ms",
                           "99999999999999999999999d", "106751991168d"}) {
    EXPECT_EQ(bad(text), "is too long") << text;
  }
}

TEST(Count, RangeIsInclusive) {
  EXPECT_EQ(parse_count("1", 1, 256), 1U);
  EXPECT_EQ(parse_count("256", 1, 256), 256U);
  EXPECT_EQ(complaint([] { static_cast<void>(parse_count("0", 1, 256)); }), "is out of range");
  EXPECT_EQ(complaint([] { static_cast<void>(parse_count("257", 1, 256)); }), "is out of range");
  EXPECT_EQ(complaint([] { static_cast<void>(parse_count("18446744073709551617", 1, 256)); }), "is out of range");
  for (const char* text : {"", "-1", "+1", "1.0", "1e2", "0x1", " 1", "1 ", "1_0", "true"}) {
    EXPECT_EQ(complaint([=] { static_cast<void>(parse_count(text, 0, 256)); }), "is not a whole number") << text;
  }
}

TEST(Decimal, FiniteAndPlain) {
  EXPECT_EQ(parse_decimal("0", 0, 10), 0.0);
  EXPECT_EQ(parse_decimal("2.5", 0, 10), 2.5);
  EXPECT_EQ(parse_decimal("10", 0, 10), 10.0);
  for (const char* text : {"", "inf", "-inf", "nan", "1e3", "0x1", "1,5", "+1", "1 ", "1.5.5"}) {
    EXPECT_EQ(complaint([=] { static_cast<void>(parse_decimal(text, 0, 1e6)); }), "is not a number") << text;
  }
  for (const std::string& text : {std::string("-0.1"), std::string("10.1"), std::string(400, '9')}) {
    EXPECT_EQ(complaint([=] { static_cast<void>(parse_decimal(text, 0, 10)); }), "is out of range") << text;
  }
}

TEST(Keep, YearsWeeksOrDays) {
  EXPECT_EQ(parse_keep("1d"), 24h);
  EXPECT_EQ(parse_keep("26w"), 26 * 7 * 24h);
  EXPECT_EQ(parse_keep("3y"), 3 * 366 * 24h) << "no year is cut short";
  EXPECT_EQ(parse_keep("100y"), 36600 * 24h);
  for (const char* text : {"", "y", "3", "3 y", "-3y", "3Y", "1y6w", "24h", "0.5y", "3years"}) {
    EXPECT_EQ(complaint([=] { static_cast<void>(parse_keep(text)); }), "is no time to keep history for") << text;
  }
  for (const char* text : {"0d", "101y", "36601d", "99999999999999999999d"}) {
    EXPECT_EQ(complaint([=] { static_cast<void>(parse_keep(text)); }), "is out of range") << text;
  }
}

TEST(DisappearanceLimitText, ShareOrCount) {
  EXPECT_TRUE(parse_disappearance_limit("0.5%").is_percent);
  EXPECT_EQ(parse_disappearance_limit("0.5%").value, 0.5);
  EXPECT_EQ(parse_disappearance_limit("100%").value, 100.0);
  EXPECT_FALSE(parse_disappearance_limit("500").is_percent);
  EXPECT_EQ(parse_disappearance_limit("500").value, 500.0);
  EXPECT_EQ(parse_disappearance_limit("0").value, 0.0);
  for (const char* text : {"", "%", "100.1%", "-1%", "5 %", "5%%", "1.5", "-1", "nan%", "1000000001"}) {
    EXPECT_EQ(complaint([=] { static_cast<void>(parse_disappearance_limit(text)); }), "is no share and no count")
        << text;
  }
}

TEST(Nearest, OnlyWhatIsNear) {
  const std::vector<std::string> known = {"interval", "new_sims_interval", "max_disappeared", "on", "for"};
  EXPECT_EQ(nearest("intervals", known), "interval");
  EXPECT_EQ(nearest("itnerval", known), "interval");
  EXPECT_EQ(nearest("NEW-SIMS-INTERVAL", known), "new_sims_interval");
  EXPECT_EQ(nearest("fro", known), "for");
  EXPECT_EQ(nearest("of", known), "on");
  EXPECT_EQ(nearest("maximum", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(1000, 'x'), known), "");
}

}  // namespace
}  // namespace simsync::test
