// The QR code as modules and on a terminal; that it scans is tests/integration/sim_credentials_test.cpp's.
#include "daemon/qr_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace simsync {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kCode[] = "LPA:1$smdp.gigs.com$2M-3L0MX-F8HE2";

TEST(QrCodeTest, HasABorderAndThreeFinders) {
  const auto code = QrCode::of(kCode);
  ASSERT_TRUE(code);
  const int width = code->width();
  EXPECT_EQ((width - 8 - 17) % 4, 0) << "a version's size, and four modules on each side";
  for (int i = 0; i < width; ++i) {
    for (int border = 0; border < QrCode::kQuietZone; ++border) {
      EXPECT_FALSE(code->dark(i, border) || code->dark(border, i) || code->dark(i, width - 1 - border) ||
                   code->dark(width - 1 - border, i));
    }
  }
  // 7 dark, 5 light, 3 dark in each other.
  for (const auto& [left, top] : std::array<std::pair<int, int>, 3>{{{4, 4}, {width - 11, 4}, {4, width - 11}}}) {
    for (int y = 0; y < 7; ++y) {
      for (int x = 0; x < 7; ++x) {
        const int ring = std::min({x, y, 6 - x, 6 - y});
        EXPECT_EQ(code->dark(left + x, top + y), ring != 1) << x << ' ' << y;
      }
    }
  }
  EXPECT_FALSE(code->dark(-1, 5) || code->dark(5, width + 7));
}

TEST(QrCodeTest, IsDrawnInHalfBlocks) {
  const auto code = QrCode::of(kCode);
  const std::string plain = drawn(*code, false);
  EXPECT_THAT(plain, Not(HasSubstr("\033")));
  const std::array<std::array<const char*, 2>, 2> blocks{{{" ", "▄"}, {"▀", "█"}}};
  std::string expected;
  for (int y = 0; y < code->width(); y += 2) {
    for (int x = 0; x < code->width(); ++x) expected += blocks[code->dark(x, y) ? 1 : 0][code->dark(x, y + 1) ? 1 : 0];
    expected += '\n';
  }
  EXPECT_EQ(plain, expected);
  const std::string coloured = drawn(*code, true);
  const std::string begin = "\033[38;5;16;48;5;231m";
  EXPECT_EQ(coloured.find(begin), 0U);
  std::size_t lines = 0;
  for (std::size_t at = coloured.find(begin); at != std::string::npos; at = coloured.find(begin, at + 1)) ++lines;
  EXPECT_EQ(lines, static_cast<std::size_t>((code->width() + 1) / 2));
  EXPECT_EQ(coloured.substr(coloured.size() - 4), "\033[m\n") << "nothing after it is coloured";
}

TEST(QrCodeTest, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(QrCode::of(""));
  EXPECT_TRUE(QrCode::of(std::string(2331, 'x')));
  EXPECT_FALSE(QrCode::of(std::string(2332, 'x')));
  EXPECT_TRUE(QrCode::of(std::string_view{"a\0b", 3}));
}

}  // namespace
}  // namespace simsync
