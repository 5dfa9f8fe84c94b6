#include "storage/pg_binary.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::string_literals;

const std::string kOneDimension = "\0\0\0\1\0\0\0\0"s;

TEST(BinaryArrayTest, EmptyHasNoDimension) {
  EXPECT_EQ(BinaryArray{ElementType::text}.take(), "\0\0\0\0\0\0\0\0\0\0\0\x19"s);
}

TEST(BinaryArrayTest, TextIsLengthAndBytes) {
  BinaryArray array{ElementType::text};
  array.append("ab");
  array.append("");
  EXPECT_EQ(array.take(), kOneDimension + "\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\2ab\0\0\0\0"s);
}

TEST(BinaryArrayTest, ReplacesWhatPostgresqlCannotHold) {
  BinaryArray array{ElementType::text};
  array.append("a\0b"s);
  EXPECT_EQ(array.take(), kOneDimension + "\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\5a\xEF\xBF\xBD\x62"s);
}

TEST(BinaryArrayTest, JsonHasItsVersion) {
  BinaryArray array{ElementType::jsonb};
  array.append("{}");
  EXPECT_EQ(array.take(), kOneDimension + "\0\0\x0e\xda\0\0\0\1\0\0\0\1\0\0\0\3\1{}"s);
}

TEST(BinaryArrayTest, TimesCountFrom2000) {
  BinaryArray array{ElementType::timestamptz};
  array.append(TimePoint{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}} + std::chrono::microseconds{258});
  array.append(TimePoint{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}} - std::chrono::microseconds{1});
  EXPECT_EQ(array.take(), kOneDimension + "\0\0\4\xa0\0\0\0\2\0\0\0\1\0\0\0\x8\0\0\0\0\0\0\1\2"s +
                              "\0\0\0\x8\xff\xff\xff\xff\xff\xff\xff\xff"s);
}

}  // namespace
}  // namespace simsync
