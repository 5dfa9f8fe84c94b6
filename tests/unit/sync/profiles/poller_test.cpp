// The poller's threads, against an API and a database in memory.
#include "sync/profiles/poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "tests/unit/sync/comes_true.h"
#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

class PollerTest : public testing::Test {
 protected:
  PollerTest() {
    settings_.project = "acme";
    settings_.workers = 4;
    settings_.profiles.interval = 1s;
    settings_.profiles.recent_interval = 1s;
  }

  void mirror(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      const Sim sim = fake_sim(id);
      stores_.mirror.present[id] = sim;
      api_.list_.sims.push_back(sim);
    }
  }

  void start() {
    poller_.emplace(settings_, api_, stores_, Patience::until_stop);
    poller_->unsure();
    running_ = std::jthread{[this](const std::stop_token& stop) { report_ = poller_->run(stop); }};
  }
  void stop() {
    running_.request_stop();
    running_.join();
  }

  int polls_of(const std::string& id) {
    const std::lock_guard lock{api_.mutex};
    return api_.polls[id];
  }
  std::vector<ProfileReading> written() {
    const std::lock_guard lock{stores_.mirror.mutex};
    return stores_.mirror.profiles;
  }

  FakeApi api_;
  FakeStores stores_;
  PollSettings settings_;
  std::optional<Poller> poller_;
  PollReport report_;
  std::jthread running_;
};

SimReading reading_of(Sim sim) {
  return {std::move(sim), wall_clock(), wall_clock()};
}

TEST_F(PollerTest, PollsNobodyBeforeItKnowsWhoIsThere) {
  mirror({"a"});
  poller_.emplace(settings_, api_, stores_, Patience::until_stop);
  running_ = std::jthread{[this](const std::stop_token& stop) { report_ = poller_->run(stop); }};
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(polls_of("a"), 0);
  poller_->unsure();
  EXPECT_TRUE(comes_true([&] { return polls_of("a") > 0; }));
}

TEST_F(PollerTest, WhoIsPolledFollowsTheWalks) {
  mirror({"stays", "leaves", "psim", "gone"});
  start();
  ASSERT_TRUE(comes_true([&] { return polls_of("stays") > 0 && polls_of("leaves") > 0 && polls_of("psim") > 0; }));
  Sim other = fake_sim("leaves");
  other.provider = "p9";
  Sim psim = fake_sim("psim");
  psim.type = "pSIM";
  poller_->written({reading_of(other), reading_of(psim), reading_of(fake_sim("comes"))});
  poller_->gone({{"gone", {}, {}}});
  EXPECT_TRUE(comes_true([&] { return polls_of("comes") > 0; }));
  // What was on its way may still arrive; two rounds later nothing is.
  const int before = polls_of("stays");
  EXPECT_TRUE(comes_true([&] { return polls_of("stays") >= before + 1; }));
  const auto count = [&] { return polls_of("leaves") + polls_of("psim") + polls_of("gone"); };
  const int left = count();
  EXPECT_TRUE(comes_true([&] { return polls_of("stays") >= before + 3; }));
  EXPECT_EQ(count(), left);
  stop();
  EXPECT_EQ(stores_.mirror.rosters_read, 1) << "by differences, not anew";
}

TEST_F(PollerTest, NewsThatComeWhileTheRosterIsReadCount) {
  mirror({"a", "b"});
  poller_.emplace(settings_, api_, stores_, Patience::until_stop);
  stores_.mirror.while_roster_is_read = [this] {
    poller_->gone({{"a", {}, {}}});
    poller_->written({reading_of(fake_sim("c"))});
  };
  poller_->unsure();
  running_ = std::jthread{[this](const std::stop_token& stop) { report_ = poller_->run(stop); }};
  EXPECT_TRUE(comes_true([&] { return polls_of("b") > 1 && polls_of("c") > 1; }));
  EXPECT_EQ(polls_of("a"), 0);
}

TEST_F(PollerTest, OtherSettingsHoldAtOnceAndNothingGoesTwice) {
  mirror({"a", "b"});
  Sim other = fake_sim("other");
  other.provider = "p9";
  stores_.mirror.present["other"] = other;
  api_.list_.sims.push_back(other);
  settings_.profiles.interval = settings_.profiles.recent_interval = 1h;
  start();
  ASSERT_TRUE(comes_true([&] { return written().size() == 2; }));
  PollSettings changed = settings_;
  changed.profiles.interval = changed.profiles.recent_interval = 1s;
  changed.profiles.providers = {"p3", "p9"};
  changed.workers = 2;
  poller_->reconfigure(changed);
  EXPECT_TRUE(comes_true([&] { return polls_of("a") > 2 && polls_of("b") > 2 && polls_of("other") > 2; }));
  poller_->written({reading_of(fake_sim("comes"))});
  EXPECT_TRUE(comes_true([&] { return polls_of("comes") > 0; })) << "the walks' news reach the new schedule";
  changed.profiles.providers = {"p9"};
  poller_->reconfigure(changed);
  const int before = polls_of("other");
  ASSERT_TRUE(comes_true([&] { return polls_of("other") > before + 1; }));
  const int left = polls_of("a");
  ASSERT_TRUE(comes_true([&] { return polls_of("other") > before + 3; }));
  EXPECT_EQ(polls_of("a"), left);
  stop();
  std::map<std::string, int> first_sights;
  for (const ProfileReading& reading : written()) ++first_sights[reading.profile.sim_id];
  EXPECT_GE(first_sights.size(), 4U);
}

TEST_F(PollerTest, SettingsThatComeBeforeTheFirstWalkWaitForItToo) {
  mirror({"a"});
  poller_.emplace(settings_, api_, stores_, Patience::until_stop);
  running_ = std::jthread{[this](const std::stop_token& stop) { report_ = poller_->run(stop); }};
  poller_->reconfigure(settings_);
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(polls_of("a"), 0);
  poller_->unsure();
  EXPECT_TRUE(comes_true([&] { return polls_of("a") > 0; }));
}

TEST_F(PollerTest, WhatMovedIsWrittenSoonAndTheRestTogether) {
  mirror({"a", "b", "c"});
  std::atomic<bool> disabled = false;
  api_.on_profile = [&](const std::string& id) {
    return EsimProfile{id, disabled && id == "b" ? "disabled" : "enabled", TimePoint{}};
  };
  start();
  // The first sights; then nothing moves.
  ASSERT_TRUE(comes_true([&] { return written().size() == 3; }));
  ASSERT_TRUE(comes_true([&] { return polls_of("b") > 2; }));
  disabled = true;
  const auto is_disabled = [](const ProfileReading& reading) { return reading.profile.status == "disabled"; };
  ASSERT_TRUE(comes_true([&] { return std::ranges::any_of(written(), is_disabled); }));
  const std::vector<ProfileReading> all = written();
  const auto changed = std::ranges::find_if(all, is_disabled);
  // Just before it the last confirmation of what it was, unless that was written already.
  const auto confirmed = std::find_if(std::make_reverse_iterator(changed), all.rend(),
                                      [](const ProfileReading& reading) { return reading.profile.sim_id == "b"; });
  ASSERT_NE(confirmed, all.rend());
  EXPECT_EQ(confirmed->profile.status, "enabled");
  EXPECT_LE(confirmed->asked_at, changed->asked_at);
  stop();
  // Stopping writes what was confirmed since.
  std::map<std::string, TimePoint> told;
  for (const ProfileReading& reading : written()) told[reading.profile.sim_id] = reading.asked_at;
  EXPECT_EQ(told.size(), 3U);
  for (const auto& [id, at] : told) EXPECT_GT(at, wall_clock() - 20s) << id;
}

// The database is away for longer than it takes to be asked again: the readings of a SIM stay in their order.
TEST_F(PollerTest, ReadingsOfASimStayInOrderWhenTheDatabaseIsSlow) {
  std::vector<std::string> ids;
  for (int i = 0; i < 6000; ++i) ids.push_back("sim_" + std::to_string(i));
  mirror(ids);
  settings_.workers = 16;
  std::atomic<int> serial = 0;
  api_.on_profile = [&](const std::string& id) {
    return EsimProfile{id, "enabled", TimePoint{std::chrono::microseconds{++serial}}};
  };
  std::atomic<bool> away = true;
  stores_.mirror.before_write = [&] {
    if (away) throw StorageError(StorageFailure::unreachable, "away");
  };
  start();
  ASSERT_TRUE(comes_true([&] { return serial > 4000; }));
  std::this_thread::sleep_for(1500ms);  // those that wait for room would be due again
  away = false;
  ASSERT_TRUE(comes_true([&] { return written().size() > 12'000; }));
  stop();
  std::map<std::string, TimePoint> last;
  for (const ProfileReading& reading : written()) {
    TimePoint& before = last[reading.profile.sim_id];
    EXPECT_GE(reading.profile.updated_at, before) << reading.profile.sim_id;
    before = reading.profile.updated_at;
  }
}

// The database drops what is older than what it has: while it is away, what moved waits, is asked again and confirmed.
TEST_F(PollerTest, NoConfirmationOvertakesWhatMovedBefore) {
  mirror({"a", "b"});
  std::atomic<int> moves_of_a = 0;
  std::atomic<int> moves_of_b = 0;
  api_.on_profile = [&](const std::string& id) {
    const int moves = id == "a" ? moves_of_a : moves_of_b;
    return EsimProfile{id, moves % 2 == 0 ? "enabled" : "disabled", TimePoint{std::chrono::seconds{moves}}};
  };
  std::atomic<bool> away = false;
  stores_.mirror.before_write = [&] {
    if (away) throw StorageError(StorageFailure::unreachable, "away");
  };
  start();
  ASSERT_TRUE(comes_true([&] { return written().size() >= 2; }));
  away = true;
  const auto ask_twice_more = [&](const char* id) {
    const int before = polls_of(id);
    ASSERT_TRUE(comes_true([&] { return polls_of(id) >= before + 3; }));
  };
  moves_of_b = 1;  // its write now waits for the database, and all others behind it
  ask_twice_more("b");
  for (int move = 1; move <= 3; ++move) {
    moves_of_a = move;
    ask_twice_more("a");
  }
  away = false;
  const auto all_moves_are_written = [&] {
    std::set<TimePoint> moves;
    for (const ProfileReading& reading : written()) {
      if (reading.profile.sim_id == "a") moves.insert(reading.profile.updated_at);
    }
    return moves.size() == 4;
  };
  EXPECT_TRUE(comes_true(all_moves_are_written));
  stop();
  TimePoint last{};
  for (const ProfileReading& reading : written()) {
    if (reading.profile.sim_id != "a") continue;
    // Of a confirmation the time is that of the poll, rounded down to a tenth of a second.
    EXPECT_GE(reading.asked_at + 100ms, last);
    EXPECT_GE(reading.profile.updated_at, TimePoint{});
    last = std::max(last, reading.asked_at);
  }
}

ApiError not_found() {
  return {ApiFailure::not_found, 404, "no profile"};
}

TEST_F(PollerTest, A404OfWhatIsNoEsimAnyMoreIsSettledByTheSim) {
  mirror({"a", "psim"});
  api_.list_.sims.back().type = "pSIM";
  api_.on_profile = [](const std::string& id) -> EsimProfile {
    if (id == "psim") throw not_found();
    return {id, "enabled", TimePoint{}};
  };
  start();
  const auto settled = poller_->settled_until(std::chrono::steady_clock::now() + 1min, {});
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0].sim.id, "psim");
  EXPECT_EQ(settled[0].sim.type, "pSIM");
  ASSERT_TRUE(comes_true([&] { return polls_of("a") >= 3; }));
  stop();
  EXPECT_EQ(polls_of("psim"), 1);
  EXPECT_EQ(report_.failed, 0U);
}

// Healthy ones go on being asked, and nothing says that the API fails.
TEST_F(PollerTest, ManyOfThemStopNobodyElse) {
  std::vector<std::string> ids;
  for (int i = 0; i < 60; ++i) ids.push_back("sim_" + std::to_string(i));
  mirror(ids);
  api_.on_profile = [](const std::string& id) -> EsimProfile {
    if (std::stoi(id.substr(4)) < 50) throw not_found();
    return {id, "enabled", TimePoint{}};
  };
  start();
  ASSERT_TRUE(comes_true([&] { return polls_of("sim_55") >= 6; }));
  stop();
  EXPECT_EQ(stores_.mirror.poll_state.failing_since, std::nullopt);
}

TEST_F(PollerTest, A404OfASimThatIsGoneIsLeftToTheWalk) {
  mirror({"a", "gone"});
  api_.list_.sims.pop_back();
  api_.on_profile = [](const std::string& id) -> EsimProfile {
    if (id == "gone") throw not_found();
    return {id, "enabled", TimePoint{}};
  };
  start();
  ASSERT_TRUE(comes_true([&] { return polls_of("a") >= 3; }));
  stop();
  EXPECT_TRUE(stores_.mirror.present.contains("gone")) << "only a complete walk finds a SIM missing";
  EXPECT_EQ(report_.failed, 0U);
}

TEST_F(PollerTest, A404OfAnEsimThatIsThereIsAFailureOfItAlone) {
  mirror({"a", "odd"});
  api_.on_profile = [](const std::string& id) -> EsimProfile {
    if (id == "odd") throw not_found();
    return {id, "enabled", TimePoint{}};
  };
  start();
  ASSERT_TRUE(comes_true([&] { return polls_of("a") >= 3; }));
  stop();
  EXPECT_GT(report_.failed, 0U);
  EXPECT_THAT(report_.last_error, testing::HasSubstr("SIM odd"));
}

// One probe at a time while nobody answers, and all go on as soon as somebody does.
// Whether it is still an eSIM cannot be known then, so it is asked again.
TEST_F(PollerTest, A404WhoseSimCannotBeReadIsAFailure) {
  mirror({"a"});
  std::atomic<bool> unreadable = true;
  api_.on_profile = [&](const std::string& id) -> EsimProfile {
    if (unreadable) throw ApiError(ApiFailure::not_found, 404, "no profile");
    return {id, "enabled", TimePoint{}};
  };
  api_.on_get = [](const std::string&) { throw ApiError(ApiFailure::malformed, 200, "no SIM"); };
  start();
  ASSERT_TRUE(comes_true([&] { return polls_of("a") >= 2; }));
  unreadable = false;
  EXPECT_TRUE(comes_true([&] { return written().size() == 1; }));
  stop();
  EXPECT_GE(report_.failed, 2U);
  EXPECT_EQ(report_.last_error, "no SIM");
}

TEST_F(PollerTest, WhatTheDatabaseCannotHoldIsNoPoll) {
  mirror({"a", "b"});
  stores_.mirror.unfit = {"a"};
  poller_.emplace(settings_, api_, stores_, Patience::none);
  report_ = poller_->once({});
  EXPECT_EQ(report_.polled, 1U);
  EXPECT_EQ(report_.failed, 1U);
}

TEST_F(PollerTest, AnApiThatFailsIsProbedAndThenAskedByAll) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back("sim_" + std::to_string(i));
  mirror(ids);
  std::atomic<bool> down = true;
  std::atomic<int> asked = 0;
  api_.on_profile = [&](const std::string& id) -> EsimProfile {
    ++asked;
    if (down) throw ApiError(ApiFailure::unreachable, 0, "nobody there");
    return {id, "enabled", TimePoint{}};
  };
  start();
  ASSERT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores_.mirror.mutex};
    return stores_.mirror.poll_state.failing_since.has_value();
  }));
  EXPECT_LE(asked, 8 + 4 + 1);
  EXPECT_EQ(stores_.mirror.poll_state.last_error, "nobody there");
  EXPECT_EQ(stores_.mirror.poll_state.failure, "API not answering");
  down = false;
  EXPECT_TRUE(comes_true([&] { return written().size() >= 50; }));
  stop();
}

TEST_F(PollerTest, SaysThatTheTokenIsRefusedUntilItIsNot) {
  mirror({"a", "b", "c"});
  std::atomic<bool> refused = true;
  api_.on_profile = [&](const std::string& id) -> EsimProfile {
    if (refused) throw ApiError(ApiFailure::unauthorized, 401, "check the token");
    return {id, "enabled", TimePoint{}};
  };
  const auto failure_is = [&](const std::string& failure) {
    return comes_true([&] {
      const std::lock_guard lock{stores_.mirror.mutex};
      return stores_.mirror.poll_state.failure == failure;
    });
  };
  start();
  EXPECT_TRUE(failure_is("token refused"));
  refused = false;
  EXPECT_TRUE(failure_is(""));
  stop();
}

TEST_F(PollerTest, SaysHowItIsDoing) {
  mirror({"a", "b"});
  start();
  ASSERT_TRUE(comes_true([&] {
    const std::lock_guard lock{stores_.mirror.mutex};
    return stores_.mirror.poll_state.profiles == 2;
  }));
  stop();
  EXPECT_DOUBLE_EQ(stores_.mirror.poll_state.needed_per_second, 2);
  EXPECT_EQ(stores_.mirror.poll_state.failing_since, std::nullopt);
}

}  // namespace
}  // namespace simsync
