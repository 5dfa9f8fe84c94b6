#include "sync/history_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/sync/comes_true.h"
#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

constexpr HistoryKeeper::Times kOften{1ms, 1ms, 0ms};

TEST(HistoryKeeper, ForgetsInStepsUntilNothingIsLeft) {
  FakeStores stores;
  stores.mirror.old_history = 12'345;
  HistoryKeeper keeper{"acme", {.keep = 48h}, stores, kOften};
  const TimePoint before = wall_clock() - 48h;
  EXPECT_EQ(keeper.forget(*stores.open(), {}), 12'345U);
  EXPECT_EQ(stores.mirror.old_history, 0U);
  EXPECT_GE(stores.mirror.forgotten_before, before);
  EXPECT_LE(stores.mirror.forgotten_before, wall_clock() - 48h);
}

TEST(HistoryKeeper, ForgetsNothingUnlessItIsTold) {
  FakeStores stores;
  stores.mirror.old_history = 10;
  EXPECT_EQ((HistoryKeeper{"acme", {}, stores, kOften}.forget(*stores.open(), {})), 0U);
  EXPECT_EQ(stores.mirror.old_history, 10U);
}

TEST(HistoryKeeper, AnotherBoundIsKeptWithoutWaitingForTomorrow) {
  FakeStores stores;
  stores.mirror.old_history = 10;
  HistoryKeeper keeper{"acme", {}, stores, {1ms, 24h, 0ms}};
  std::stop_source stop;
  std::jthread running{[&] { keeper.run(stop.get_token()); }};
  const auto left = [&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return stores.mirror.old_history;
  };
  ASSERT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return stores.mirror.counted_anew == 1;
  }));
  EXPECT_EQ(left(), 10U);
  keeper.reconfigure({.keep = 24h});
  EXPECT_TRUE(comes_true([&] { return left() == 0; }));
  stop.request_stop();
}

TEST(HistoryKeeper, AStopEndsItBetweenTwoSteps) {
  FakeStores stores;
  stores.mirror.old_history = 1'000'000;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_LE((HistoryKeeper{"acme", {.keep = 24h}, stores, kOften}.forget(*stores.open(), stop.get_token())), 5000U);
}

TEST(HistoryKeeper, SaysThatCountsWereWrong) {
  FakeStores stores;
  stores.mirror.wrong_counts = 3;
  testing::internal::CaptureStderr();
  std::stop_source stop;
  std::jthread running{[&] { HistoryKeeper{"acme", {}, stores, kOften}.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return stores.mirror.counted_anew >= 3;
  }));
  stop.request_stop();
  running.join();
  const std::string log = testing::internal::GetCapturedStderr();
  const std::string line = "the counts of the inventory were wrong and are counted anew project=acme rows=3";
  EXPECT_NE(log.find(line), std::string::npos) << log;
  EXPECT_EQ(log.find(line), log.rfind(line)) << "once";
}

TEST(HistoryKeeper, GoesOnAfterAFailureAndCountsAnew) {
  FakeStores stores;
  stores.mirror.old_history = 10;
  std::atomic<int> failures = 2;
  stores.mirror.before_forgetting = [&] {
    if (failures-- > 0) throw StorageError(StorageFailure::denied, "no right to delete");
  };
  std::stop_source stop;
  std::jthread running{[&] { HistoryKeeper{"acme", {.keep = 24h}, stores, kOften}.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return stores.mirror.old_history == 0 && stores.mirror.counted_anew >= 3;
  }));
  stop.request_stop();
}

}  // namespace
}  // namespace simsync
