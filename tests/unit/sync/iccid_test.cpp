#include "sync/iccid.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace simsync {
namespace {

// The digits read, or why there are none.
std::string read(std::string_view text) {
  const auto result = read_iccid(text);
  if (const auto* iccid = std::get_if<Iccid>(&result)) return std::string{iccid->digits()};
  return std::get<IccidFault>(result).why;
}

Iccid iccid(std::string_view digits) {
  return Iccid::of_digits(digits).value();
}

std::string text_of(const std::optional<Iccid>& iccid) {
  return iccid ? std::string{iccid->digits()} : "none";
}

TEST(Iccid, TheApiTakesNineteenDigitsWithOrWithoutAnFOrTwenty) {
  EXPECT_TRUE(api_accepts_iccid("8988307000000753711"));
  EXPECT_TRUE(api_accepts_iccid("8988307000000753711F"));
  EXPECT_TRUE(api_accepts_iccid("8988307000000753711f"));
  EXPECT_TRUE(api_accepts_iccid("89883070000007537119"));
  for (const std::string_view bad :
       {"", "F", "898830700000075371", "898830700000075371FF", "89883070000007537119F", "898830700000075371190",
        "8988307000000753711G", " 8988307000000753711", "8988307000000753711\n", "8988-307000000753711",
        "89883070000F0753711", "898830700000075371١"}) {
    EXPECT_FALSE(api_accepts_iccid(bad)) << bad;
  }
}

TEST(Iccid, IsReadHoweverItIsWritten) {
  for (const std::string_view text :
       {"8988307000000753711", "8988307000000753711F", "8988307000000753711f", " 8988 3070 0000 0753 711 ",
        "8988-3070-0000-0753-711", "8988.3070.0000.0753.711", "'8988307000000753711", "\"8988307000000753711\"",
        "=\"8988307000000753711\"", "ICCID:8988307000000753711", "iccid 8988307000000753711F",
        "ICCID = 8988307000000753711", "8988\u00a03070\u20090000\u202f0753\u2013711", "\ufeff8988307000000753711",
        "8988307000000753711\t"}) {
    EXPECT_EQ(read(text), "8988307000000753711") << text;
  }
  EXPECT_EQ(read("89883070000007537119"), "89883070000007537119");
  EXPECT_EQ(read("898830700000075371"), "898830700000075371");
  EXPECT_EQ(read("898830700000075371FF"), "898830700000075371");
}

TEST(Iccid, WhatIsNoneIsSaidWithItsReason) {
  EXPECT_EQ(read(""), "is empty");
  EXPECT_EQ(read(" - "), "is empty");
  EXPECT_EQ(read("89883070000007537"), "has 17 digits; an ICCID has 19 or 20, or 18 without its check digit");
  EXPECT_EQ(read("898830700000075371190"), "has 21 digits; an ICCID has 19 or 20, or 18 without its check digit");
  EXPECT_EQ(read("89883O70000007537119"), "has other characters than digits");
  EXPECT_EQ(read("89883070000007537119F"), "has other characters than digits");
  EXPECT_EQ(read("8988307000000753711FF"), "has other characters than digits");
  EXPECT_EQ(read("F8988307000000753711"), "has other characters than digits");
  EXPECT_EQ(read("ICCID"), "has other characters than digits");
  EXPECT_EQ(read("8.98831E+18").substr(0, 40), "is a number that a spreadsheet rounded, ");
  EXPECT_EQ(read("8,98831E+18").substr(0, 40), "is a number that a spreadsheet rounded, ");
  EXPECT_EQ(read(std::string(100000, '8')), "has 100000 characters");
}

TEST(Iccid, AnythingCanBeRead) {
  std::mt19937 random{1};
  for (int i = 0; i < 100000; ++i) {
    std::string text(random() % 24, '8');
    for (int changes = static_cast<int>(random() % 4); changes > 0 && !text.empty(); --changes) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const auto result = read_iccid(text);
    if (const auto* read = std::get_if<Iccid>(&result)) {
      EXPECT_LE(read->digits().size(), text.size());
    } else {
      EXPECT_FALSE(std::get<IccidFault>(result).why.empty());
    }
  }
}

TEST(Iccid, KnowsItsCheckDigit) {
  EXPECT_TRUE(iccid("8901260862291477114").check_digit_fits());
  EXPECT_FALSE(iccid("8901260862291477115").check_digit_fits());
  EXPECT_EQ(text_of(iccid("890126086229147711").with_check_digit()), "8901260862291477114");
  EXPECT_EQ(text_of(iccid("8901260862291477114").without_check_digit()), "890126086229147711");
  EXPECT_EQ(text_of(iccid("8901260862291477115").without_check_digit()), "none");
  EXPECT_EQ(text_of(iccid("890126086229147711").without_check_digit()), "none");
  EXPECT_EQ(text_of(iccid("89883070000007537119").with_check_digit()), "none");
}

TEST(Iccid, OneDigitMoreLeadsBackToTheSameCard) {
  std::mt19937 random{2};
  for (int i = 0; i < 10000; ++i) {
    std::string digits;
    for (std::size_t size = 18 + random() % 2; digits.size() < size;) digits += static_cast<char>('0' + random() % 10);
    const Iccid shorter = iccid(digits);
    const std::optional<Iccid> longer = shorter.with_check_digit();
    ASSERT_TRUE(longer && longer->check_digit_fits()) << digits;
    EXPECT_EQ(longer->without_check_digit(), shorter) << digits;
    // Luhn's rule finds every digit that is read wrong.
    std::string wrong{longer->digits()};
    char& digit = wrong[random() % wrong.size()];
    digit = static_cast<char>('0' + (digit - '0' + 1 + static_cast<int>(random() % 9)) % 10);
    EXPECT_FALSE(iccid(wrong).check_digit_fits()) << wrong;
  }
}

TEST(Iccid, KeysAreEqualWhereAllDigitsAre) {
  std::set<IccidKey> keys;
  for (const std::string_view digits :
       {"000000000000000000", "0000000000000000000", "00000000000000000000", "000000000000000001",
        "0000000000000000001", "00000000000000000010", "999999999999999999", "9999999999999999999",
        "99999999999999999999", "8988307000000753711", "89883070000007537110", "89883070000007537119"}) {
    EXPECT_TRUE(keys.insert(iccid(digits).key()).second) << digits;
    EXPECT_FALSE(keys.insert(iccid(digits).key()).second) << digits;
  }
}

TEST(Iccid, ZerosAtTheEndLookRounded) {
  EXPECT_TRUE(iccid("8988307000000750000").may_be_rounded());
  EXPECT_TRUE(iccid("89883070000007500000").may_be_rounded());
  EXPECT_FALSE(iccid("8988307000000753000").may_be_rounded());
  EXPECT_FALSE(iccid("89883070000000000001").may_be_rounded());
}

TEST(Iccid, WhatIsNoneIsComparedWithoutItsDecoration) {
  EXPECT_EQ(plain_iccid_text(" abc-12 3f "), "ABC123F");
  EXPECT_EQ(plain_iccid_text("=\"X 1\""), "X1");
  EXPECT_EQ(plain_iccid_text(""), "");
}

}  // namespace
}  // namespace simsync
