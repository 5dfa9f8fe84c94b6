#include "sync/patience.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;

TEST(StorageRetryTest, PausesGrowToABound) {
  for (const std::uint32_t random : {0U, 1U, 12345U, 0xFFFFFFFFU}) {
    auto at_least = 100ms;
    for (unsigned failures = 0; failures < 40; ++failures) {
      const auto pause = StorageRetry::pause_after(failures, random);
      EXPECT_GE(pause, at_least);
      EXPECT_LE(pause, 2 * at_least);
      at_least = std::min(std::chrono::milliseconds{5000}, 2 * at_least);
    }
  }
}

TEST(StorageRetryTest, ThoseWhoFailTogetherDoNotComeBackTogether) {
  EXPECT_NE(StorageRetry::pause_after(9, 1), StorageRetry::pause_after(9, 2));
  EXPECT_EQ(StorageRetry::pause_after(9, 0), 5s);
  EXPECT_EQ(StorageRetry::pause_after(9, 5000), 10s);
}

}  // namespace
}  // namespace simsync
