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

// Each test runs with one segment at a time and with several.
class WalkerTest : public testing::TestWithParam<unsigned> {
 protected:
  WalkerTest() { config_.parallel = GetParam(); }

  FakeApi api_;
  FakeStores stores_;
  WalkConfig config_;

  WalkRecord walk() { return Walker{"acme", api_, stores_, config_, Patience::none}.full({}); }
  WalkRecord look() { return Walker{"acme", api_, stores_, config_, Patience::none}.fresh({}); }
};

INSTANTIATE_TEST_SUITE_P(Parallel, WalkerTest, testing::Values(1, 8), testing::PrintToStringParamName());

TEST_P(WalkerTest, MirrorsEverything) {
  api_.list_.create(12'345);
  api_.list_.vary();
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(record.sims, 12'345U);
  EXPECT_EQ(record.created, 12'345U);
  EXPECT_EQ(record.requests, api_.lists);
  if (GetParam() == 1) {
    EXPECT_EQ(record.pages, 62U);
    EXPECT_EQ(record.requests, 62U);
  }
  for (const Sim& sim : api_.list_.sims) EXPECT_EQ(stores_.mirror.present.at(sim.id), sim);
  EXPECT_EQ(stores_.mirror.present.size(), 12'345U);
  EXPECT_FALSE(stores_.mirror.progress);
  EXPECT_THAT(api_.gets, IsEmpty());
  EXPECT_THAT(stores_.mirror.walks, SizeIs(1));
}

TEST_P(WalkerTest, WritesNothingWhenNothingChanged) {
  api_.list_.create(12'345);
  walk();
  stores_.mirror.before_write = [] { FAIL() << "something was written"; };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(record.created + record.changed, 0U);
  EXPECT_EQ(record.sims, 12'345U);
  // Each segment costs about half a page.
  EXPECT_LE(record.requests, 62U + GetParam());
}

// Somebody beside the walks has written a row, and the SIM is again by now what the walk before has read.
TEST_P(WalkerTest, WhatIsDoubtedIsComparedAgain) {
  api_.list_.create(1000);
  WalkDoubts doubts;
  Walker walker{"acme", api_, stores_, config_, Patience::none, Compare::changes, nullptr, {}, &doubts};
  walker.full({});
  stores_.mirror.present.at("sim_7").metadata = R"({"k":1})";
  stores_.mirror.history.clear();  // that is not how it is found out here
  doubts.add("sim_7");
  EXPECT_EQ(walker.full({}).changed, 1U);
  EXPECT_EQ(stores_.mirror.present.at("sim_7").metadata, "{}");
}

TEST_P(WalkerTest, AGoneSimBecomesMissing) {
  api_.list_.create(5000);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin() + 250);
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(record.disappeared, 1U);
  EXPECT_THAT(stores_.mirror.missing, ElementsAre("sim_4749"));
}

// A standby was promoted that had not heard of some rows: what was stored is not there, whatever the walk saw.
TEST_P(WalkerTest, RowsThatAreNoLongerThereMakeItIncomplete) {
  api_.list_.create(500);
  walk();
  api_.on_page = [this](SimPage&) {
    const std::lock_guard lock{stores_.mirror.mutex};
    stores_.mirror.present.erase("sim_7");
  };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_THAT(record.error, HasSubstr("fewer SIMs than were stored"));
  api_.on_page = {};
  EXPECT_EQ(walk().outcome, WalkOutcome::complete);
  EXPECT_EQ(stores_.mirror.present.size(), 500U);
}

TEST_P(WalkerTest, WhatAnotherProgramFoundMissingMeanwhileIsNoneOfThose) {
  api_.list_.create(500);
  walk();
  std::once_flag once;
  api_.on_page = [&](SimPage&) {
    std::call_once(once, [&] {
      const std::lock_guard lock{stores_.mirror.mutex};
      const auto sim = stores_.mirror.present.find("sim_7");
      stores_.mirror.gone[sim->first] = {sim->second, wall_clock()};
      stores_.mirror.present.erase(sim);
    });
  };
  EXPECT_EQ(walk().outcome, WalkOutcome::complete);
}

TEST_P(WalkerTest, ASimThatTheListLeftOutStays) {
  api_.list_.create(500);
  walk();
  api_.on_page = [](SimPage& page) { page.sims.erase_if([](const Sim& sim) { return sim.id == "sim_249"; }); };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(api_.gets.at("sim_249"), 1);
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
}

TEST_P(WalkerTest, ThousandsThatTheListLeftOutAreWrittenInParts) {
  api_.list_.create(6000);
  walk();
  api_.on_page = [](SimPage& page) {
    page.sims.erase_if([](const Sim& sim) { return std::stoi(sim.id.substr(4)) % 2 == 0; });
  };
  config_.max_disappeared = {.is_percent = false, .value = 3000};
  stores_.mirror.largest_write = 0;
  EXPECT_EQ(walk().outcome, WalkOutcome::complete);
  EXPECT_THAT(api_.gets, SizeIs(3000));
  EXPECT_EQ(stores_.mirror.largest_write, 2000U);
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
}

TEST_P(WalkerTest, AnIncompleteWalkFindsNothingMissing) {
  api_.list_.create(500);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin() + 250);
  api_.on_page = [](SimPage& page) { page.skipped.push_back({"sim_x", "broken"}); };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_EQ(api_.gets.at("sim_249"), 1);  // asked for, but its 404 is not enough
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
}

TEST_P(WalkerTest, AnUnreadablePageCostsOnlyTheSimThatBreaksIt) {
  for (const bool known : {false, true}) {
    SCOPED_TRACE(known);
    stores_.mirror.present.clear();
    stores_.mirror.confirmed.clear();
    api_.list_ = {};
    api_.on_list = {};
    api_.list_.create(1000);
    api_.list_.vary();
    for (Sim& sim : api_.list_.sims) sim.created_at -= std::chrono::seconds{std::stoi(sim.id.substr(4)) % 3};  // ties
    if (known) walk();
    api_.on_list = [](FakeApi& api, const ListQuery& query) {
      const SimPage page = api.list_.page(query);
      if (std::ranges::count(page.sims, "sim_500", &Sim::id) > 0) throw ApiError(ApiFailure::server_error, 500, "oops");
    };
    const WalkRecord record = walk();
    EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
    EXPECT_EQ(stores_.mirror.present.size(), known ? 1000U : 999U);
  }
}

// The store says so by a SIM that it knows; here it cannot be reached for that.
TEST_P(WalkerTest, WithoutTheDatabaseThereIsNoWayAroundIt) {
  class Closed : public StoreFactory {
   public:
    explicit Closed(FakeStores& stores) : stores_(stores) {}
    std::unique_ptr<InventoryStore> open() override {
      if (shut) throw StorageError(StorageFailure::unreachable, "too many connections");
      return stores_.open();
    }
    std::atomic<bool> shut = false;

   private:
    FakeStores& stores_;
  };
  api_.list_.create(5000);
  walk();
  Closed stores{stores_};
  Walker walker{"acme", api_, stores, config_, Patience::none};
  api_.on_list = [&](FakeApi& api, const ListQuery& query) {
    stores.shut = true;
    const SimPage page = api.list_.page(query);
    if (std::ranges::count(page.sims, "sim_2500", &Sim::id) > 0) throw ApiError(ApiFailure::server_error, 500, "oops");
  };
  EXPECT_EQ(walker.full({}).outcome, WalkOutcome::incomplete);
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
}

TEST_P(WalkerTest, WhatTheDatabaseCannotHoldMakesItIncomplete) {
  api_.list_.create(300);
  stores_.mirror.unfit = {"sim_7"};
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_EQ(record.skipped, 1U);
  EXPECT_THAT(record.error, HasSubstr("SIM sim_7 skipped: "));
  EXPECT_EQ(stores_.mirror.present.size(), 299U);
}

TEST_P(WalkerTest, OneUnansweredSimKeepsTheOthersFromBeingMissing) {
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

TEST_P(WalkerTest, WhatIsNoErrorOfTheApiReachesTheCaller) {
  api_.list_.create(1000);
  api_.on_list = [](FakeApi& api, const ListQuery&) {
    if (api.lists == 3) throw std::bad_alloc{};
  };
  EXPECT_THROW(walk(), std::bad_alloc);
}

TEST_P(WalkerTest, MoreThanBelievableIsHeldBack) {
  api_.list_.create(1000);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin(), api_.list_.sims.begin() + 60);
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_EQ(record.held_back, 60U);
  EXPECT_THAT(record.error, HasSubstr("max_disappeared"));
  EXPECT_THAT(record.error, HasSubstr("simsyncd approve " + std::to_string(record.id)));
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
  EXPECT_THAT(api_.gets, IsEmpty());

  config_.max_disappeared = {.is_percent = false, .value = 60};
  EXPECT_EQ(walk().disappeared, 60U);
}

TEST_P(WalkerTest, WhatWasApprovedPassesOnce) {
  api_.list_.create(1000);
  walk();
  api_.list_.sims.erase(api_.list_.sims.begin(), api_.list_.sims.begin() + 300);
  const WalkRecord held_back = walk();
  const auto store = stores_.open();
  ASSERT_EQ(store->approve(held_back.id), ApproveOutcome::approved);
  EXPECT_EQ(walk().disappeared, 300U);
  api_.list_.sims.erase(api_.list_.sims.begin(), api_.list_.sims.begin() + 300);
  EXPECT_EQ(walk().held_back, 300U);
  EXPECT_THAT(stores_.mirror.missing, SizeIs(300));
}

TEST_P(WalkerTest, AListThatIsSuddenlyEmptyChangesNothing) {
  api_.list_.create(5000);
  walk();
  api_.on_page = [](SimPage& page) {
    page.sims.clear();
    page.more_after.reset();
  };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::incomplete);
  EXPECT_EQ(record.held_back, 5000U);
  EXPECT_THAT(stores_.mirror.missing, IsEmpty());
  EXPECT_THAT(api_.gets, IsEmpty());
}

TEST_P(WalkerTest, AFailedApiIsTheOutcome) {
  api_.list_.create(1000);
  api_.on_list = [](FakeApi& api, const ListQuery&) {
    if (api.lists == 3) throw ApiError(ApiFailure::unauthorized, 401, "the token is refused");
  };
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::failed);
  EXPECT_EQ(record.error, "the token is refused");
  EXPECT_EQ(stores_.mirror.present.size(), 400U);
}

TEST_P(WalkerTest, AnErrorOfTheDatabaseEndsTheWalk) {
  api_.list_.create(20'000);
  stores_.mirror.before_write = [] { throw StorageError(StorageFailure::denied, "no rights"); };
  EXPECT_THROW(walk(), StorageError);
}

TEST_P(WalkerTest, ADatabaseThatComesBackLosesNothing) {
  api_.list_.create(20'000);
  std::atomic<int> failures = 3;
  stores_.mirror.before_write = [&] {
    if (failures-- > 0) throw StorageError(StorageFailure::unreachable, "away");
  };
  Walker walker{"acme", api_, stores_, config_, Patience::until_stop};
  EXPECT_EQ(walker.full({}).outcome, WalkOutcome::complete);
  EXPECT_EQ(stores_.mirror.present.size(), 20'000U);
}

TEST_P(WalkerTest, ACommitWhoseAnswerIsLostLosesNothing) {
  api_.list_.create(20'000);
  std::atomic<int> failures = 3;
  stores_.mirror.after_write = [&] {
    if (failures-- > 0) throw StorageError(StorageFailure::unreachable, "away");
  };
  Walker walker{"acme", api_, stores_, config_, Patience::until_stop};
  EXPECT_EQ(walker.full({}).outcome, WalkOutcome::complete);
  EXPECT_EQ(stores_.mirror.present.size(), 20'000U);
}

// `simsyncd sync` beside the service, say: what it wrote is not what the service remembers.
TEST_P(WalkerTest, WhatOthersWroteIsReadAnew) {
  api_.list_.create(500);
  Walker walker{"acme", api_, stores_, config_, Patience::none};
  walker.full({});
  EXPECT_EQ(walker.full({}).changed, 0U);
  ++stores_.mirror.last_walk;
  stores_.mirror.present.at("sim_7").status = "retired";
  EXPECT_EQ(walker.full({}).changed, 1U);
  stores_.mirror.present.at("sim_8").status = "retired";
  EXPECT_EQ(walker.full({}).changed, 1U) << "it may have gone on writing";
  EXPECT_EQ(walker.full({}).changed, 0U);
}

// Somebody asked about one SIM, wrote what it was then, and it changed back before the next walk.
TEST_P(WalkerTest, WhatChangedBackSinceSomebodyWroteItIsNoticed) {
  api_.list_.create(500);
  Walker walker{"acme", api_, stores_, config_, Patience::none};
  walker.full({});
  Sim between = api_.list_.sims[7];
  between.status = "retired";
  const TimePoint now = wall_clock();
  stores_.open()->apply("acme", {{between, now, now}});
  const WalkRecord record = walker.full({});
  EXPECT_EQ(stores_.mirror.present.at(between.id), api_.list_.sims[7]);
  EXPECT_EQ(record.changed, 1U);
}

// Whose clock is right; this machine's is ahead, and what is written down bears a time that is long ago here.
TEST_P(WalkerTest, AlsoWhereThisMachinesClockIsAhead) {
  api_.list_.create(500);
  stores_.mirror.clock_behind = std::chrono::minutes{20};
  Walker walker{"acme", api_, stores_, config_, Patience::none};
  for (int round = 0; round < 3; ++round) {
    walker.full({});
    stores_.mirror.present.at("sim_7").status = "retired";
    stores_.mirror.history.emplace_back("sim_7", wall_clock() - stores_.mirror.clock_behind);
    EXPECT_EQ(walker.full({}).changed, 1U) << round;
    EXPECT_EQ(stores_.mirror.present.at("sim_7").status, "active");
  }
}

// What was marked before it is known already, and hides nobody's row.
TEST_P(WalkerTest, AlsoBehindAWalkThatWasInterruptedAtItsEnd) {
  api_.list_.create(500);
  Walker walker{"acme", api_, stores_, config_, Patience::until_stop};
  walker.full({});
  api_.list_.sims.erase(api_.list_.sims.begin() + 20, api_.list_.sims.begin() + 23);
  api_.list_.sims[0].status = "retired";  // so that it is stored where the walk is
  std::atomic<bool> first = true;
  stores_.mirror.after_each_gone = [&] {
    if (first.exchange(false)) throw StorageError(StorageFailure::unreachable, "away");
  };
  EXPECT_EQ(walker.full({}).disappeared, 3U);
  EXPECT_THAT(stores_.mirror.walks, SizeIs(2)) << "it was gone on with";
  stores_.mirror.present.at("sim_7").status = "retired";
  stores_.mirror.history.emplace_back("sim_7", wall_clock());
  EXPECT_EQ(walker.full({}).changed, 1U);
}

// The metadata writer stored it; the list leaves it out, and the walk is interrupted before what the API said is
// written.
TEST_P(WalkerTest, WhatReturnedByOthersIsAskedForThoughTheWalkIsGoneOnWith) {
  api_.list_.create(500);
  WalkDoubts doubts;
  Walker walker{"acme", api_, stores_, config_, Patience::until_stop, Compare::changes, nullptr, {}, &doubts};
  walker.full({});
  const Sim sim = api_.list_.sims[20];
  api_.list_.sims.erase(api_.list_.sims.begin() + 20);
  EXPECT_EQ(walker.full({}).disappeared, 1U);

  stores_.mirror.gone.erase(sim.id);
  stores_.mirror.present[sim.id] = sim;
  doubts.add(sim.id);
  Sim changed = sim;
  changed.status = "retired";
  api_.list_.sims.insert(api_.list_.sims.begin() + 20, changed);
  api_.list_.sims[0].status = "retired";  // so that it is stored where the walk is
  api_.on_page = [&](SimPage& page) {
    const auto others = std::ranges::remove(page.sims, sim.id, &Sim::id);
    page.sims.resize(page.sims.size() - others.size());
  };
  std::atomic<bool> away = false;
  std::once_flag once;
  api_.gets.clear();
  api_.on_get = [&](const std::string&) { std::call_once(once, [&] { away = true; }); };
  stores_.mirror.before_write = [&] {
    if (away.exchange(false)) throw StorageError(StorageFailure::unreachable, "away");
  };
  const WalkRecord record = walker.full({});
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(api_.gets[sim.id], 2);
  EXPECT_EQ(stores_.mirror.present.at(sim.id).status, "retired");
}

TEST_P(WalkerTest, AlsoWhereThousandsDid) {
  api_.list_.create(12'345);
  Walker walker{"acme", api_, stores_, config_, Patience::none};
  walker.full({});
  std::vector<SimReading> between;
  for (const Sim& sim : api_.list_.sims) {
    between.push_back({sim, wall_clock(), wall_clock()});
    between.back().sim.status = "retired";
  }
  stores_.open()->apply("acme", between);
  walker.full({});
  for (const Sim& sim : api_.list_.sims) ASSERT_EQ(stores_.mirror.present.at(sim.id), sim);
}

// However many: that would cost the next walk as much again.
TEST_P(WalkerTest, WhatItWroteItselfIsNotDoubted) {
  api_.list_.create(12'345);
  Walker walker{"acme", api_, stores_, config_, Patience::none};
  walker.full({});
  for (Sim& sim : api_.list_.sims) sim.status = "retired";
  api_.list_.sims.erase(api_.list_.sims.begin() + 5, api_.list_.sims.begin() + 9);
  const WalkRecord changing = walker.full({});
  EXPECT_EQ(changing.changed, 12'341U);
  EXPECT_EQ(changing.disappeared, 4U);
  stores_.mirror.largest_write = 0;
  EXPECT_EQ(walker.full({}).outcome, WalkOutcome::complete);
  EXPECT_EQ(stores_.mirror.largest_write, 0U) << "SIMs were compared once more";
  EXPECT_EQ(stores_.mirror.times_read, 1) << "at the start, and never again";
}

// What somebody else has read is known to the walker from then on: else it would take the SIM's return for no change.
TEST_P(WalkerTest, MirrorsWhatOthersHaveRead) {
  api_.list_.create(300);
  Walker walker{"acme", api_, stores_, config_, Patience::none};
  walker.full({});
  Sim other = stores_.mirror.present.at("sim_7");
  other.provider = "p9";
  walker.mirror({{other, wall_clock(), wall_clock()}}, {});
  EXPECT_EQ(stores_.mirror.present.at("sim_7").provider, "p9");
  EXPECT_EQ(walker.full({}).changed, 1U);
  EXPECT_EQ(stores_.mirror.present.at("sim_7").provider, "p3");
}

TEST_P(WalkerTest, AStoppedWalkIsGoneOnWith) {
  for (const bool first : {true, false}) {
    SCOPED_TRACE(first);
    if (first) api_.list_.create(20'000);
    std::stop_source stop;
    const int before = api_.lists;
    api_.on_list = [&](FakeApi& api, const ListQuery&) {
      if (api.lists == before + 50) stop.request_stop();
    };
    EXPECT_EQ((Walker{"acme", api_, stores_, config_, Patience::until_stop}.full(stop.get_token()).outcome),
              WalkOutcome::failed);
    EXPECT_LT(api_.lists, before + 80);
    EXPECT_THAT(stores_.mirror.walks, SizeIs(first ? 0 : 1));
    ASSERT_TRUE(stores_.mirror.progress);
    const std::int64_t id = stores_.mirror.progress->record.id;
    const std::uint64_t pages = stores_.mirror.progress->record.pages;
    EXPECT_GT(pages, 0U);

    api_.on_list = {};
    const int stopped_at = api_.lists;
    const WalkRecord record = walk();
    EXPECT_EQ(record.outcome, WalkOutcome::complete);
    EXPECT_EQ(record.id, id);
    EXPECT_EQ(stores_.mirror.present.size(), 20'000U);
    EXPECT_THAT(stores_.mirror.missing, IsEmpty());
    // 100 pages; scouts of a first walk read some more.
    if (!first || GetParam() == 1) {
      EXPECT_LE(api_.lists - stopped_at, 100 - static_cast<int>(pages) + 2 * static_cast<int>(GetParam()) + 2);
    }
  }
}

TEST_P(WalkerTest, AWalkThatIsTooOldIsGivenUp) {
  api_.list_.create(20'000);
  std::stop_source stop;
  api_.on_list = [&](FakeApi& api, const ListQuery&) {
    if (api.lists == 50) stop.request_stop();
  };
  Walker{"acme", api_, stores_, config_, Patience::until_stop}.full(stop.get_token());
  ASSERT_TRUE(stores_.mirror.progress);
  stores_.mirror.open.begin()->second.started_at -= 2 * config_.interval + std::chrono::seconds{1};
  api_.on_list = {};
  const WalkRecord record = walk();
  EXPECT_EQ(record.outcome, WalkOutcome::complete);
  EXPECT_EQ(record.id, 2);
  EXPECT_GE(record.pages, 100U);
}

TEST_P(WalkerTest, ALookAtNewSimsIsOneRequest) {
  api_.list_.create(1000);
  walk();
  api_.lists = 0;
  api_.list_.create(3);
  const WalkRecord record = look();
  EXPECT_EQ(record.kind, WalkKind::fresh);
  EXPECT_EQ(record.created, 3U);
  EXPECT_EQ(api_.lists, 1);
}

TEST_P(WalkerTest, ALookGoesOnUntilAKnownSim) {
  api_.list_.create(1000);
  walk();
  api_.lists = 0;
  api_.list_.create(450);
  EXPECT_EQ(look().created, 450U);
  EXPECT_EQ(api_.lists, 3);
}

}  // namespace
}  // namespace simsync
