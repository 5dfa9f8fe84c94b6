#include "sync/walk/missing_sims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(UnseenSims, ReadsTheStoreInParts) {
  FakeStores stores;
  SeenSet seen;
  for (int i = 0; i < 25'000; ++i) {
    const std::string id = "sim_" + std::to_string(i);
    stores.mirror.present.try_emplace(id, fake_sim(id));
    if (i % 10'000 != 7) seen.insert(id);
  }
  const auto store = stores.open();
  EXPECT_THAT(unseen_sims(*store, "acme", seen, 100), testing::UnorderedElementsAre("sim_7", "sim_10007", "sim_20007"));
  EXPECT_THAT(unseen_sims(*store, "acme", seen, 2), SizeIs(2));
}

TEST(AskForMissing, OnlyA404MakesASimMissing) {
  FakeApi api;
  api.list_.create(2);
  const MissingSims missing = ask_for_missing(api, {"sim_0", "gone", "sim_1"}, 10, {});
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
  const MissingSims missing = ask_for_missing(api, {"a", "b"}, 10, {});
  EXPECT_THAT(missing.gone, SizeIs(0));
  EXPECT_EQ(missing.unanswered, 2U);
}

class OtherSimApi : public FakeApi {
 public:
  SimAnswer get(const std::string&, std::stop_token) override { return {fake_sim("another"), {}}; }
};

TEST(AskForMissing, AnAnswerAboutAnotherSimIsNone) {
  OtherSimApi api;
  const MissingSims missing = ask_for_missing(api, {"a"}, 10, {});
  EXPECT_THAT(missing.still_there, SizeIs(0));
  EXPECT_EQ(missing.unanswered, 1U);
}

TEST(AskForMissing, StopsAskingPastWhatIsBelievable) {
  FakeApi api;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back("gone_" + std::to_string(i));
  const MissingSims missing = ask_for_missing(api, ids, 20, {});
  EXPECT_GT(missing.gone.size(), 20U);
  EXPECT_LT(missing.gone.size(), 40U);
}

}  // namespace
}  // namespace simsync
