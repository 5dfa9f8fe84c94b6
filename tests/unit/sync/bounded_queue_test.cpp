#include "sync/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace simsync {
namespace {

TEST(BoundedQueue, NeverHoldsMoreThanItsLimit) {
  BoundedQueue<int> queue{3};
  std::atomic<int> pushed = 0;
  std::stop_source stop;
  std::jthread producer{[&] {
    for (int i = 0; i < 1000; ++i) {
      queue.push(i, stop.get_token());
      ++pushed;
    }
    queue.close();
  }};
  int expected = 0;
  while (const auto value = queue.pop(stop.get_token())) {
    EXPECT_EQ(*value, expected++);
    EXPECT_LE(pushed, expected + 3);
  }
  EXPECT_EQ(expected, 1000);
}

TEST(BoundedQueue, StopWakesBothSides) {
  BoundedQueue<int> full{1};
  BoundedQueue<int> empty{1};
  std::stop_source stop;
  ASSERT_TRUE(full.push(1, stop.get_token()));
  std::jthread pusher{[&] { EXPECT_FALSE(full.push(2, stop.get_token())); }};
  std::jthread popper{[&] { EXPECT_FALSE(empty.pop(stop.get_token())); }};
  stop.request_stop();
}

TEST(BoundedQueue, GivesOutWhatWasThereBeforeItClosed) {
  BoundedQueue<int> queue{2};
  const std::stop_token never;
  queue.push(1, never);
  queue.close();
  EXPECT_EQ(queue.pop(never), 1);
  EXPECT_EQ(queue.pop(never), std::nullopt);
}

}  // namespace
}  // namespace simsync
