#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "config/config.h"

namespace simsync::test {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::uint64_t percent(double value, std::uint64_t present) {
  return DisappearanceLimit{true, value}.of(present);
}

TEST(DisappearanceLimit, ShareIsRoundedUp) {
  EXPECT_EQ(percent(5, 0), 0U);
  EXPECT_EQ(percent(5, 1), 1U);
  EXPECT_EQ(percent(5, 20), 1U);
  EXPECT_EQ(percent(5, 21), 2U);
  EXPECT_EQ(percent(0.5, 1'000'000), 5'000U);
  EXPECT_EQ(percent(0, 1'000'000), 0U);
  EXPECT_EQ(percent(100, 3), 3U);
  EXPECT_EQ(percent(100, kMost), kMost);
  EXPECT_EQ(percent(0.0001, 10), 1U);
}

// A share that is a whole number is that number, whatever binary fractions make of it.
TEST(DisappearanceLimit, WholeSharesAreExact) {
  for (std::uint64_t tenths = 1; tenths <= 1000; ++tenths) {
    for (const std::uint64_t present : {1'000U, 7'000U, 123'000U, 1'000'000U, 999'999'000U}) {
      EXPECT_EQ(percent(static_cast<double>(tenths) / 10, present), tenths * (present / 1000))
          << tenths << " " << present;
    }
  }
}

TEST(DisappearanceLimit, CountIsItself) {
  EXPECT_EQ((DisappearanceLimit{false, 500}.of(10)), 500U);
  EXPECT_EQ((DisappearanceLimit{false, 500}.of(1'000'000)), 500U);
  EXPECT_EQ((DisappearanceLimit{false, 0}.of(10)), 0U);
}

TEST(DisappearanceLimit, SenselessValuesBelieveNothingOrSaturate) {
  EXPECT_EQ(percent(std::nan(""), 10), 0U);
  EXPECT_EQ(percent(-1, 10), 0U);
  EXPECT_EQ((DisappearanceLimit{false, 1e30}.of(10)), kMost);
}

}  // namespace
}  // namespace simsync::test
