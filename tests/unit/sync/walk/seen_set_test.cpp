#include "sync/walk/seen_set.h"

#include <gtest/gtest.h>

#include <string>

namespace simsync {
namespace {

TEST(SeenSet, KnowsExactlyWhatWasInserted) {
  SeenSet seen;
  for (int i = 0; i < 50'000; ++i) {
    EXPECT_TRUE(seen.insert("sim_" + std::to_string(i)));
  }
  EXPECT_EQ(seen.size(), 50'000U);
  for (int i = 0; i < 50'000; ++i) {
    EXPECT_FALSE(seen.insert("sim_" + std::to_string(i)));
    EXPECT_FALSE(seen.contains("other_" + std::to_string(i)));
  }
  EXPECT_EQ(seen.size(), 50'000U);
  seen.clear();
  EXPECT_FALSE(seen.contains("sim_1"));
  EXPECT_EQ(seen.size(), 0U);
}

}  // namespace
}  // namespace simsync
