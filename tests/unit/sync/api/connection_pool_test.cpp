#include "sync/api/connection_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Who is served in which order, when callers of these lanes have come one after the other to a pool of one connection,
// which `holder` has.
std::vector<std::size_t> order_of_service(Lane holder, const std::vector<Lane>& lanes) {
  ConnectionPool pool(settings(), 1);
  std::vector<std::size_t> served;  // guarded by the only lease
  std::vector<std::jthread> callers;
  {
    const auto held = pool.lease(holder, {});
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      callers.emplace_back([&pool, &served, &lanes, i] {
        const auto lease = pool.lease(lanes[i], {});
        served.push_back(i);
      });
      while (pool.waiting() <= i) std::this_thread::sleep_for(1ms);
    }
  }
  callers.clear();
  return served;
}

TEST(ConnectionPool, FirstComeFirstServed) {
  const std::vector<std::size_t> as_they_came = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(order_of_service(Lane::others, std::vector<Lane>(8, Lane::others)), as_they_came);
  EXPECT_EQ(order_of_service(Lane::others, std::vector<Lane>(8, Lane::polls)), as_they_came);
}

TEST(ConnectionPool, TheLanesTakeTurns) {
  const Lane poll = Lane::polls;
  const Lane other = Lane::others;
  EXPECT_EQ(order_of_service(other, {poll, poll, poll, other, other, poll}),
            (std::vector<std::size_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(order_of_service(poll, {poll, poll, poll, other, other, poll}),
            (std::vector<std::size_t>{3, 0, 4, 1, 2, 5}));
  EXPECT_EQ(order_of_service(other, {other, other, other, poll}), (std::vector<std::size_t>{3, 0, 1, 2}));
}

// Callers of `restless` come back as soon as they are served; how many of them are served, at most, between the release
// of a connection and the one caller of `single` that waits for it.
int most_served_before(Lane restless, Lane single) {
  constexpr int kEnough = 100'000;  // then they end, so that a fault does
  ConnectionPool pool(settings(), 1);
  int served = 0;  // guarded by the only lease, as is
  int most = 0;
  std::stop_source stopping;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&pool, &served, restless, stop = stopping.get_token()] {
      for (;;) {
        const auto lease = pool.lease(restless, stop);
        if (!lease || served == kEnough) return;
        ++served;
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    auto held = pool.lease(round % 2 == 0 ? restless : single, {});
    std::jthread caller([&pool, &served, &most, single, before = served] {
      const auto lease = pool.lease(single, {});
      most = std::max(most, served - before);
    });
    while (pool.waiting() < 7 && served < kEnough) std::this_thread::sleep_for(1ms);
    held.reset();
  }
  stopping.request_stop();
  return most;
}

TEST(ConnectionPool, NeitherLaneCanStarveTheOther) {
  EXPECT_LE(most_served_before(Lane::polls, Lane::others), 1);
  EXPECT_LE(most_served_before(Lane::others, Lane::polls), 1);
}

TEST(ConnectionPool, AConnectionThatNobodyWaitedForIsATurnToo) {
  ConnectionPool pool(settings(), 2);
  const auto kept = pool.lease(Lane::others, {});
  for (const char* const connection : {"new", "used before"}) {
    std::vector<Lane> served;  // guarded by the only lease that is not kept
    std::vector<std::jthread> callers;
    {
      const auto held = pool.lease(Lane::polls, {});
      for (const Lane lane : {Lane::polls, Lane::others, Lane::others}) {
        callers.emplace_back([&pool, &served, lane] {
          const auto lease = pool.lease(lane, {});
          served.push_back(lane);
        });
        while (pool.waiting() < callers.size()) std::this_thread::sleep_for(1ms);
      }
    }
    callers.clear();
    EXPECT_EQ(served, (std::vector<Lane>{Lane::others, Lane::polls, Lane::others})) << connection;
  }
}

TEST(ConnectionPool, WhoIsStoppedLeavesTheQueue) {
  ConnectionPool pool(settings(), 1);
  auto held = pool.lease(Lane::others, {});
  std::jthread caller([&pool](const std::stop_token& stop) { EXPECT_FALSE(pool.lease(Lane::polls, stop)); });
  while (pool.waiting() == 0) std::this_thread::sleep_for(1ms);
  caller.request_stop();
  caller.join();
  EXPECT_EQ(pool.waiting(), 0U);
  held.reset();
  EXPECT_TRUE(pool.lease(Lane::others, {}));
}

}  // namespace
}  // namespace simsync
