#include "sync/api/connection_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace simsync {
namespace {

using namespace std::chrono_literals;

ConnectionSettings settings() {
  ConnectionSettings settings;
  settings.address = *parse_address("http://127.0.0.1:9");
  settings.timeout = 5s;
  return settings;
}

TEST(ConnectionPool, FirstComeFirstServed) {
  ConnectionPool pool(settings(), 1);
  std::vector<std::size_t> served;  // guarded by the only lease
  std::vector<std::jthread> callers;
  {
    const auto held = pool.lease({});
    for (std::size_t i = 0; i < 8; ++i) {
      callers.emplace_back([&pool, &served, i] {
        const auto lease = pool.lease({});
        served.push_back(i);
      });
      while (pool.waiting() <= i) std::this_thread::sleep_for(1ms);
    }
  }
  callers.clear();
  EXPECT_EQ(served, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(ConnectionPool, WhoIsStoppedLeavesTheQueue) {
  ConnectionPool pool(settings(), 1);
  auto held = pool.lease({});
  std::jthread caller([&pool](const std::stop_token& stop) { EXPECT_FALSE(pool.lease(stop)); });
  while (pool.waiting() == 0) std::this_thread::sleep_for(1ms);
  caller.request_stop();
  caller.join();
  EXPECT_EQ(pool.waiting(), 0U);
  held.reset();
  EXPECT_TRUE(pool.lease({}));
}

}  // namespace
}  // namespace simsync
