// Whole walks with a fake API and store: what becomes missing, and what a walk that is not whole leaves alone
// (product.md, promises 1, 2 and 6).
#include "sync/walk/walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class WalkerTest : public testing::Test {
 protected:
  FakeApi api_;
  FakeStores stores_;
  WalkConfig config_;

  WalkRecord walk() { return Walker{"acme", api_, stores_, config_, Patience::none}.full({}); }
  WalkRecord look() { return Walker{"acme", api_, stores_, config_, Patience::none}.fresh({}); }
};

TEST_F(WalkerTest, MirrorsEverything) {
  api_.list_.create(12'345);
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(record.sims, 12'345U);
  EXPECT_EQ(record.created, 12'345U);
  EXPECT_EQ(record.pages, 62U);
  EXPECT_EQ(record.requests, 62U);
  EXPECT_EQ(stores_.mirror.present.size(), 12'345U);
  EXPECT_THAT(api_.gets, IsEmpty());
  EXPECT_THAT(stores_.mirror.walks, SizeIs(1));
}

TEST_F(WalkerTest, AGoneSimBecomesMissing) {
  api_.list_.create(500);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin() + 250);
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(record.disappeared, 1U);
  EXPECT_THAT(stores_.mirror.missing, ElementsAre("sim_249"));
}

TEST_F(WalkerTest, ASimThatTheListLeftOutStays) {
  api_.list_.create(500);
  walk();
  api_.on_page = [](SimPage& page) { std::erase_if(page.sims, [](const Sim& sim) { return sim.id == "sim_249"; }); };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(api_.gets.at("sim_249"), 1);
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
}

TEST_F(WalkerTest, AnIncompleteWalkFindsNothingMissing) {
  api_.list_.create(500);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin() + 250);
  api_.on_page = [](SimPage& page) { page.skipped.push_back({"sim_x", "broken"}); };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_EQ(api_.gets.at("sim_249"), 1);  // asked for, but its 404 is not enough
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
}

TEST_F(WalkerTest, AnUnreadablePageCostsOnlyTheSimThatBreaksIt) {
  for (const bool known : {false, true}) {
    SCOPED_TRACE(known);
    stores_.mirror.present.clear();
    api_.list_ = {};
    api_.on_list = {};
    api_.list_.create(1000);
    for (Sim& sim : api_.list_.sims) sim.created_at -= std::chrono::seconds{std::stoi(sim.id.substr(4)) % 3};  // ties
    if (known) walk();
    api_.on_list = [](FakeApi& api, const ListQuery& query) {
      // The fake API knows no filters: the poison's status is the first of them.
      if (query.statuses.size() == 1 && query.statuses[0] != "active") return;
      const SimPage page = api.list_.page(query.after, query.limit);
      if (std::ranges::count(page.sims, "sim_500", &Sim::id) > 0) throw ApiError(ApiFailure::server_error, 500, "oops");
    };
    const WalkRecord record = walk();
    EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
    EXPECT_EQ(stores_.mirror.present.size(), 1000U);
  }
}

TEST_F(WalkerTest, OneUnansweredSimKeepsTheOthersFromBeingMissing) {
  api_.list_.create(500);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin() + 100, api_.list_.sims.begin() + 110);
  api_.on_get = [](const std::string& id) {
    if (id == "sim_395") throw ApiError(ApiFailure::unavailable, 503, "busy");
  };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_THAT(record.error, HasSubstr("1 SIMs"));
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
  api_.on_get = {};
  EXPECT_EQ(walk().disappeared, 10U);
}

TEST_F(WalkerTest, WhatIsNoErrorOfTheApiReachesTheCaller) {
  api_.list_.create(1000);
  api_.on_list = [](FakeApi& api, const ListQuery&) {
    if (api.lists == 3) throw std::bad_alloc{};
  };
  EXPECT_THROW(walk(), std::bad_alloc);
}

TEST_F(WalkerTest, MoreThanBelievableIsHeldBack) {
  api_.list_.create(1000);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin(), api_.list_.sims.begin() + 60);
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_EQ(record.held_back, 60U);
  EXPECT_THAT(record.error, HasSubstr("max_disappeared"));
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());

  config_.max_disappeared = {.is_percent = false, .value = 60};
  EXPECT_EQ(walk().disappeared, 60U);
}

TEST_F(WalkerTest, AListThatIsSuddenlyEmptyChangesNothing) {
  api_.list_.create(1000);
  walk();
  api_.on_page = [](SimPage& page) {
    page.sims.clear();
    page.more_after.reset();
  };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
  EXPECT_LT(api_.gets.size(), 120U);
}

TEST_F(WalkerTest, AFailedApiIsTheOutcome) {
  api_.list_.create(1000);
  api_.on_list = [](FakeApi& api, const ListQuery&) {
    if (api.lists == 3) throw ApiError(ApiFailure::unauthorized, 401, "the token is refused");
  };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::failed);
  EXPECT_EQ(record.error, "the token is refused");
  EXPECT_EQ(stores_.mirror.present.size(), 400U);
}

TEST_F(WalkerTest, AnErrorOfTheDatabaseEndsTheWalk) {
  api_.list_.create(20'000);
  stores_.mirror.before_write = [] { throw StorageError(StorageFailure::denied, "no rights"); };
  EXPECT_THROW(walk(), StorageError);
}

TEST_F(WalkerTest, ADatabaseThatComesBackLosesNothing) {
  api_.list_.create(20'000);
  int failures = 3;
  stores_.mirror.before_write = [&] {
    if (failures-- > 0) throw StorageError(StorageFailure::unreachable, "away");
  };
  Walker walker{"acme", api_, stores_, config_, Patience::until_stop};
  EXPECT_EQ(walker.full({}).outcome, WalkOutcome::complete);
  EXPECT_EQ(stores_.mirror.present.size(), 20'000U);
}

TEST_F(WalkerTest, StopEndsAWalk) {
  api_.list_.create(20'000);
  std::stop_source stop;
  api_.on_list = [&](FakeApi& api, const ListQuery&) {
    if (api.lists == 5) stop.request_stop();
  };
  Walker walker{"acme", api_, stores_, config_, Patience::until_stop};
  EXPECT_EQ(walker.full(stop.get_token()).outcome, WalkOutcome::failed);
  EXPECT_LT(api_.lists, 20);
}

TEST_F(WalkerTest, ALookAtNewSimsIsOneRequest) {
  api_.list_.create(1000);
  walk();
  api_.lists = 0;
  api_.list_.create(3);
  const WalkRecord record = look();
  EXPECT_EQ(record.kind, WalkKind::fresh);
  EXPECT_EQ(record.created, 3U);
  EXPECT_EQ(api_.lists, 1);
}

TEST_F(WalkerTest, ALookGoesOnUntilAKnownSim) {
  api_.list_.create(1000);
  walk();
  api_.lists = 0;
  api_.list_.create(450);
  EXPECT_EQ(look().created, 450U);
  EXPECT_EQ(api_.lists, 3);
}

}  // namespace
}  // namespace simsync
