#include "sync/project_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/sync/comes_true.h"
#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

SyncSettings settings() {
  SyncSettings settings;
  settings.project = "acme";
  settings.walk.interval = 100ms;
  settings.walk.new_sims_interval = 20ms;
  settings.profiles.interval = 50ms;
  settings.profiles.recent_interval = 20ms;
  settings.poll_workers = 4;
  return settings;
}

TEST(ProjectSync, OncePollsEveryProfileOnce) {
  FakeApi api;
  api.list_.create(700);
  for (std::size_t i = 0; i < 100; ++i) api.list_.sims[i].type = "pSIM";
  for (std::size_t i = 100; i < 200; ++i) api.list_.sims[i].provider = "p9";
  FakeStores stores;
  const PassReport report = ProjectSync{settings(), api, stores}.once({});
  EXPECT_EQ(report.walk.outcome, WalkOutcome::complete);
  EXPECT_EQ(report.polls.watched, 500U);
  EXPECT_EQ(report.polls.polled, 500U);
  EXPECT_EQ(api.polls.size(), 500U);
  for (const auto& [id, times] : api.polls) EXPECT_EQ(times, 1) << id;
  EXPECT_EQ(stores.mirror.profiles.size(), 500U);
}

TEST(ProjectSync, SaysFromWhenToWhenItWatched) {
  FakeApi api;
  api.list_.create(10);
  FakeStores stores;
  ProjectSync{settings(), api, stores}.once({});
  ASSERT_EQ(stores.mirror.watches.size(), 1U);
  EXPECT_EQ(stores.mirror.watches[0].kind, WatchKind::sync);
  EXPECT_EQ(stores.mirror.watches[0].walk_interval, 100ms);
  EXPECT_EQ(stores.mirror.watches[0].poll_interval, 50ms);
  using Ended = std::vector<std::pair<std::int64_t, bool>>;
  EXPECT_EQ(stores.mirror.watches_ended, (Ended{{1, true}}));
  std::stop_source stop;
  std::jthread running{[&] { ProjectSync{settings(), api, stores}.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return stores.mirror.watches.size() == 2 && stores.mirror.watches[1].kind == WatchKind::run;
  }));
  stop.request_stop();
  running.join();
  EXPECT_EQ(stores.mirror.watches_ended, (Ended{{1, true}, {2, true}}));
}

TEST(ProjectSync, APassKeepsTheHistoryInOrder) {
  FakeApi api;
  api.list_.create(10);
  FakeStores stores;
  stores.mirror.old_history = 7;
  SyncSettings keeping = settings();
  ProjectSync{keeping, api, stores}.once({});
  EXPECT_EQ(stores.mirror.old_history, 7U);
  EXPECT_EQ(stores.mirror.counted_anew, 0U);
  keeping.history.keep = 24h;
  keeping.compare = Compare::everything;
  ProjectSync{keeping, api, stores}.once({});
  EXPECT_EQ(stores.mirror.old_history, 0U);
  EXPECT_EQ(stores.mirror.counted_anew, 1U);
}

TEST(ProjectSync, OncePollsNothingAfterAFailedWalk) {
  FakeApi api;
  api.list_.create(10);
  api.on_list = [](FakeApi&, const ListQuery&) { throw ApiError(ApiFailure::unauthorized, 401, "refused"); };
  FakeStores stores;
  const PassReport report = ProjectSync{settings(), api, stores}.once({});
  EXPECT_EQ(report.walk.outcome, WalkOutcome::failed);
  EXPECT_TRUE(api.polls.empty());
  ASSERT_EQ(stores.mirror.watches_ended.size(), 1U);
  EXPECT_FALSE(stores.mirror.watches_ended[0].second);
}

TEST(ProjectSync, OnceAsksAFailingProfileOnce) {
  FakeApi api;
  api.list_.create(50);
  api.on_profile = [](const std::string& id) -> EsimProfile {
    if (id == "sim_7") throw ApiError(ApiFailure::server_error, 500, "oops");
    return {id, "enabled", TimePoint{}};
  };
  FakeStores stores;
  const PassReport report = ProjectSync{settings(), api, stores}.once({});
  EXPECT_EQ(report.polls.polled, 49U);
  EXPECT_EQ(report.polls.failed, 1U);
  EXPECT_FALSE(report.polls.given_up);
  EXPECT_EQ(api.polls.at("sim_7"), 1);
}

TEST(ProjectSync, OnceGivesUpWhenTheApiIsGone) {
  FakeApi api;
  api.list_.create(500);
  api.on_profile = [](const std::string&) -> EsimProfile { throw ApiError(ApiFailure::unreachable, 0, "gone"); };
  FakeStores stores;
  const PassReport report = ProjectSync{settings(), api, stores}.once({});
  EXPECT_TRUE(report.polls.given_up);
  EXPECT_LT(api.polls.size(), 20U);
}

TEST(ProjectSync, WhatIsNoErrorOfTheApiEndsIt) {
  for (const bool in_walk : {true, false}) {
    SCOPED_TRACE(in_walk);
    FakeApi api;
    api.list_.create(10);
    if (in_walk) {
      api.on_list = [](FakeApi&, const ListQuery&) { throw std::bad_alloc{}; };
    } else {
      api.on_profile = [](const std::string&) -> EsimProfile { throw std::bad_alloc{}; };
    }
    FakeStores stores;
    EXPECT_THROW((ProjectSync{settings(), api, stores}.run({})), std::bad_alloc);
  }
}

TEST(ProjectSync, RunsWalksLooksAndPollsUntilStop) {
  FakeApi api;
  api.list_.create(300);
  FakeStores stores;
  std::stop_source stop;
  std::jthread running{[&] { ProjectSync{settings(), api, stores}.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    const auto count = [&](WalkKind kind) { return std::ranges::count(stores.mirror.walks, kind, &WalkRecord::kind); };
    return count(WalkKind::full) >= 2 && count(WalkKind::fresh) >= 2 && stores.mirror.profiles.size() >= 300;
  }));
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{api.mutex};
    return api.polls.size() == 300 && std::ranges::all_of(api.polls, [](const auto& poll) { return poll.second > 1; });
  }));
  stop.request_stop();
  running.join();
}

TEST(ProjectSync, OtherSettingsHoldWithoutARestart) {
  FakeApi api;
  api.list_.create(20);
  FakeStores stores;
  SyncSettings slow = settings();
  slow.walk.interval = slow.walk.new_sims_interval = slow.profiles.interval = slow.profiles.recent_interval = 1h;
  ProjectSync sync{slow, api, stores};
  std::stop_source stop;
  std::jthread running{[&] { sync.run(stop.get_token()); }};
  const auto walks = [&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return std::ranges::count(stores.mirror.walks, WalkKind::full, &WalkRecord::kind);
  };
  ASSERT_TRUE(comes_true([&] {
    const std::lock_guard lock{api.mutex};
    return api.polls.size() == 20;
  }));
  // The polls begin while the first walk is still being written down.
  ASSERT_TRUE(comes_true([&] { return walks() >= 1; }));
  EXPECT_EQ(walks(), 1);
  sync.reconfigure(settings());
  EXPECT_TRUE(comes_true([&] { return walks() > 3; }));
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{api.mutex};
    return std::ranges::all_of(api.polls, [](const auto& poll) { return poll.second > 2; });
  }));
  sync.reconfigure(slow);
  // What is under way may still end.
  std::this_thread::sleep_for(1500ms);
  const auto before = walks();
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(walks(), before);
  stop.request_stop();
  running.join();
  // Each of the three spans says how often it watched.
  ASSERT_EQ(stores.mirror.watches.size(), 3U);
  EXPECT_EQ(stores.mirror.watches[0].walk_interval, 1h);
  EXPECT_EQ(stores.mirror.watches[1].walk_interval, 100ms);
  EXPECT_EQ(stores.mirror.watches_ended.size(), 3U);
}

TEST(ProjectSync, SettingsThatComeBeforeItRunsCount) {
  FakeApi api;
  api.list_.create(5);
  FakeStores stores;
  SyncSettings slow = settings();
  slow.walk.interval = 1h;
  ProjectSync sync{slow, api, stores};
  sync.reconfigure(settings());
  std::stop_source stop;
  std::jthread running{[&] { sync.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return std::ranges::count(stores.mirror.walks, WalkKind::full, &WalkRecord::kind) > 2;
  }));
  stop.request_stop();
}

// By turns the API and the database are what a loop waits for.
TEST(ProjectSync, ALoopThatHangsIsSilentAndWaitingForTheDatabaseIsNot) {
  FakeApi api;
  api.list_.create(5);
  FakeStores stores;
  Pulses pulses;
  SyncSettings watched = settings();
  watched.longest_call = 0ms;
  std::atomic<bool> away = true;
  std::atomic<bool> hang = false;
  std::atomic<int> calls = 0;
  stores.mirror.before_write = [&] {
    ++calls;
    if (away) throw StorageError(StorageFailure::unreachable, "away");
    while (hang) std::this_thread::sleep_for(1ms);
  };
  ProjectSync sync{watched, api, stores, &pulses};
  std::stop_source stop;
  std::jthread running{[&] { sync.run(stop.get_token()); }};
  // As if it were 6 minutes later: silent is only who has not come round for that long.
  ASSERT_TRUE(comes_true([&] { return calls > 3; }));
  const auto silent_for = [&](std::chrono::milliseconds time) {
    return pulses.too_long(Pulses::Clock::now() + 6min - time);
  };
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(silent_for(1900ms)) << silent_for(1900ms)->loop;
    std::this_thread::sleep_for(50ms);
  }
  away = false;
  hang = true;
  EXPECT_TRUE(comes_true([&] { return silent_for(1900ms).has_value(); }));
  hang = false;
  EXPECT_TRUE(comes_true([&] { return !silent_for(1900ms); }));
  stop.request_stop();
}

TEST(ProjectSync, ANewSimsProfileIsPolledWithoutARestart) {
  FakeApi api;
  api.list_.create(10);
  FakeStores stores;
  std::stop_source stop;
  std::jthread running{[&] { ProjectSync{settings(), api, stores}.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{api.mutex};
    return api.polls.size() == 10;
  }));
  {
    const std::lock_guard lock{api.mutex};
    api.list_.create(1);
  }
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{api.mutex};
    return api.polls.contains("sim_10");
  }));
  stop.request_stop();
}

TEST(ProjectSync, ADatabaseThatFailsForGoodEndsIt) {
  FakeApi api;
  api.list_.create(10);
  FakeStores stores;
  stores.mirror.before_write = [] { throw StorageError(StorageFailure::denied, "no rights"); };
  EXPECT_THROW((ProjectSync{settings(), api, stores}.run({})), StorageError);
}

TEST(ProjectSync, ADatabaseThatIsAwayIsWaitedFor) {
  FakeApi api;
  api.list_.create(10);
  FakeStores stores;
  std::atomic<int> failures = 2;
  stores.mirror.before_write = [&] {
    if (failures-- > 0) throw StorageError(StorageFailure::unreachable, "away");
  };
  std::stop_source stop;
  std::jthread running{[&] { ProjectSync{settings(), api, stores}.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores.mirror.mutex};
    return stores.mirror.profiles.size() >= 10;
  }));
  stop.request_stop();
}

}  // namespace
}  // namespace simsync
