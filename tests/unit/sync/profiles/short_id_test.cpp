#include "sync/profiles/short_id.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace simsync {
namespace {

TEST(ShortId, GivesBackWhatItTakes) {
  for (const std::string id : {"", "a", "sim_", "sim_1", "sim_0SNlurA049MEWV1BAAmWZULA4lf6", "123456789012345678901",
                               "sim_-_-_-_-_-_-_-_-_-_-_-_-_-_-_", "ünïcödé", "\xFF\x80"}) {
    const auto packed = ShortId::of(id);
    ASSERT_TRUE(packed) << id;
    EXPECT_EQ(packed->text(), id);
    EXPECT_EQ(packed->number(), std::nullopt);
  }
}

TEST(ShortId, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(ShortId::of("1234567890123456789012"));             // 22 bytes, no prefix
  EXPECT_FALSE(ShortId::of("sim_0SNlurA049MEWV1BAAmWZULA4lf6x"));  // 29 characters
  EXPECT_FALSE(ShortId::of("sim_0SNlurA049MEWV1BAAmWZULA4l.6"));   // not in the alphabet
  EXPECT_FALSE(ShortId::of(std::string("sim_0SNlurA049MEWV1B\0\0", 22)));
}

TEST(ShortId, ElsewhereIsANumber) {
  EXPECT_EQ(ShortId::elsewhere(4'000'000'000U).number(), 4'000'000'000U);
  EXPECT_EQ(ShortId::elsewhere(1).text(), "");
  EXPECT_NE(ShortId::elsewhere(1), ShortId::elsewhere(2));
}

// Different ids stay different, ids of one length keep the order of their bytes.
TEST(ShortId, KeepsIdsApartAndInOrder) {
  static constexpr std::string_view kChars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";
  std::mt19937 random{5};
  std::map<std::string, ShortId> ids;
  for (int i = 0; i < 2000; ++i) {
    std::string id = "sim_";
    for (int c = 0; c < 28; ++c) id += kChars[c < 26 ? random() % 3 : random() % 64];
    ids.emplace(id, *ShortId::of(id));
  }
  for (auto at = ids.begin(), next = std::next(at); next != ids.end(); at = next++) {
    EXPECT_LT(at->second, next->second) << at->first << " " << next->first;
  }
}

TEST(ShortId, LengthsAreTold) {
  std::string id = "sim_";
  std::map<ShortId, std::string> seen;
  for (int i = 0; i <= 28; ++i, id += '-') {
    const auto packed = ShortId::of(id);
    ASSERT_TRUE(packed);
    EXPECT_TRUE(seen.emplace(*packed, id).second) << id;
    EXPECT_EQ(packed->text(), id);
  }
}

}  // namespace
}  // namespace simsync
