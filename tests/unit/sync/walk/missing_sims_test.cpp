#include "sync/walk/missing_sims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using testing::SizeIs;

TEST(UnseenSims, ReadsTheStoreInParts) {
  FakeStores stores;
  KnownSims known;
  for (int i = 0; i < 25'000; ++i) {
    const Sim sim = fake_sim("sim_" + std::to_string(i));
    stores.mirror.present.try_emplace(sim.id, sim);
    known.load(sim, i % 10'000 != 7);
  }
  const auto store = stores.open();
  const UnseenSims unseen = unseen_sims(*store, "acme", known, 100);
  EXPECT_THAT(unseen.ids, testing::UnorderedElementsAre("sim_7", "sim_10007", "sim_20007"));
  EXPECT_EQ(unseen.total, 3U);
  const UnseenSims some = unseen_sims(*store, "acme", known, 2);
  EXPECT_THAT(some.ids, SizeIs(2));
  EXPECT_EQ(some.total, 3U);
}

TEST(AskForMissing, OnlyA404MakesASimMissing) {
  FakeApi api;
  api.list_.create(2);
  const MissingSims missing = ask_for_missing(api, {"sim_0", "gone", "sim_1"}, {});
  ASSERT_THAT(missing.gone, SizeIs(1));
  EXPECT_EQ(missing.gone[0].sim_id, "gone");
  EXPECT_LE(missing.gone[0].asked_at, missing.gone[0].observed_at);
  EXPECT_THAT(missing.still_there, SizeIs(2));
  EXPECT_EQ(missing.requests, 3U);
  EXPECT_EQ(missing.unanswered, 0U);
}

class FailingApi : public FakeApi {
 public:
  SimAnswer get(const std::string&, std::stop_token) override { throw ApiError(ApiFailure::unavailable, 503, "busy"); }
};

TEST(AskForMissing, AnErrorLeavesTheSimUnanswered) {
  FailingApi api;
  const MissingSims missing = ask_for_missing(api, {"a", "b"}, {});
  EXPECT_THAT(missing.gone, SizeIs(0));
  EXPECT_EQ(missing.unanswered, 2U);
}

class BrokenApi : public FakeApi {
 public:
  SimAnswer get(const std::string& id, std::stop_token stop) override {
    if (id == "a") throw std::runtime_error("no memory");
    return FakeApi::get(id, stop);
  }
};

TEST(AskForMissing, WhatIsNoErrorOfTheApiLeavesOneSimUnansweredToo) {
  BrokenApi api;
  const MissingSims missing = ask_for_missing(api, {"a", "b"}, {});
  EXPECT_THAT(missing.gone, SizeIs(1));
  EXPECT_EQ(missing.unanswered, 1U);
}

class OtherSimApi : public FakeApi {
 public:
  SimAnswer get(const std::string&, std::stop_token) override { return {fake_sim("another"), {}}; }
};

TEST(AskForMissing, AnAnswerAboutAnotherSimIsNone) {
  OtherSimApi api;
  const MissingSims missing = ask_for_missing(api, {"a"}, {});
  EXPECT_THAT(missing.still_there, SizeIs(0));
  EXPECT_EQ(missing.unanswered, 1U);
}

TEST(AskForMissing, StopLeavesTheRestUnanswered) {
  FakeApi api;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back("gone_" + std::to_string(i));
  std::stop_source stop;
  api.on_get = [&](const std::string&) {
    if (api.gets.size() == 20) stop.request_stop();
  };
  const MissingSims missing = ask_for_missing(api, ids, stop.get_token());
  EXPECT_GE(missing.gone.size(), 20U);
  EXPECT_EQ(missing.gone.size() + missing.unanswered, 1000U);
  EXPECT_GT(missing.unanswered, 900U);
}

}  // namespace
}  // namespace simsync
