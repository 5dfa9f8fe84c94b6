#include "sync/metadata/metadata_writer.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/sync/comes_true.h"
#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;

class MetadataWriterTest : public testing::Test {
 protected:
  void ask(std::int64_t id, const std::string& sim, const std::string& set) {
    const std::lock_guard lock{stores.mirror.mutex};
    MetadataRequest request;
    request.id = id;
    request.sim_id = sim;
    request.metadata = set;
    stores.mirror.requests[{sim, id}] = request;
  }
  bool pending() {
    const std::lock_guard lock{stores.mirror.mutex};
    return !stores.mirror.requests.empty();
  }
  std::string metadata_of(const std::string& sim) {
    const std::lock_guard lock{api.mutex};
    return api.list_.find(sim)->metadata;
  }

  FakeApi api;
  FakeStores stores;
  WalkDoubts doubts;
};

TEST_F(MetadataWriterTest, OnePassCarriesAllOutInTheirOrder) {
  api.list_.create(300);
  std::int64_t id = 0;
  for (int round = 1; round <= 3; ++round) {
    for (int sim = 0; sim < 300; ++sim) {
      ask(++id, "sim_" + std::to_string(sim), "{\"round\": " + std::to_string(round) + "}");
    }
  }
  MetadataWriter writer{{"acme", 8, 0}, api, stores, Patience::none, &doubts};
  const MetadataReport report = writer.once({});
  EXPECT_EQ(report.applied, 900U);
  EXPECT_EQ(report.left, 0U);
  for (int sim = 0; sim < 300; ++sim) EXPECT_EQ(metadata_of("sim_" + std::to_string(sim)), "{\"round\": 3}");
  // Each is sent once, and what is about to be sent is stored before.
  EXPECT_EQ(api.sent.size(), 900U);
  std::map<std::string, std::string> about;
  for (const MetadataStep& step : stores.mirror.steps) {
    if (step.sent) about[step.sim_id] = *step.sent;
    if (step.state == MetadataState::pending) continue;
    EXPECT_EQ(step.as_read->sim.metadata, about[step.sim_id]);
  }
  EXPECT_GE(doubts.take().size(), 300U);
}

TEST_F(MetadataWriterTest, OnePassLeavesWhatTheApiDoesNotAnswer) {
  api.list_.create(2);
  api.on_get = [](const std::string& id) {
    if (id == "sim_1") throw ApiError(ApiFailure::unavailable, 503, "away");
  };
  ask(1, "sim_0", R"({"a": 1})");
  ask(2, "sim_1", R"({"a": 1})");
  ask(3, "sim_2", R"({"a": 1})");  // there is none
  MetadataWriter writer{{"acme", 2, 0}, api, stores, Patience::none};
  const MetadataReport report = writer.once({});
  EXPECT_EQ(report.applied, 1U);
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(report.left, 1U);
  EXPECT_TRUE(pending());
}

TEST_F(MetadataWriterTest, OnePassEndsWhereTheApiIsAway) {
  api.list_.create(300);
  api.on_get = [](const std::string&) { throw ApiError(ApiFailure::unavailable, 503, "away"); };
  for (int sim = 0; sim < 300; ++sim) ask(sim + 1, "sim_" + std::to_string(sim), R"({"a": 1})");
  MetadataWriter writer{{"acme", 4, 0}, api, stores, Patience::none};
  const MetadataReport report = writer.once({});
  EXPECT_EQ(report.applied + report.failed, 0U);
  EXPECT_GE(report.left, 200U);
  EXPECT_TRUE(report.given_up);
  EXPECT_EQ(report.last_error, "away");
}

TEST_F(MetadataWriterTest, SimsThatCannotBeReadKeepNoOtherWaiting) {
  api.list_.create(1000);
  api.on_get = [](const std::string& id) {
    if (id != "sim_999") throw ApiError(ApiFailure::malformed, 200, "no SIM");
  };
  for (int sim = 0; sim < 1000; ++sim) ask(sim + 1, "sim_" + std::to_string(sim), R"({"a": 1})");
  MetadataWriter writer{{"acme", 4, 0}, api, stores, Patience::until_stop};
  std::stop_source stop;
  std::jthread running{[&] { writer.run(stop.get_token()); }};
  EXPECT_TRUE(comes_true([&] { return metadata_of("sim_999") == R"({"a": 1})"; }));
  stop.request_stop();
}

TEST_F(MetadataWriterTest, TheServiceNoticesNewRequestsAndStops) {
  api.list_.create(3);
  MetadataWriter writer{{"acme", 4, 0}, api, stores, Patience::until_stop};
  std::stop_source stop;
  std::jthread running{[&] { writer.run(stop.get_token()); }};
  ask(1, "sim_0", R"({"a": 1})");
  ASSERT_TRUE(comes_true([&] { return !pending(); }));
  ask(2, "sim_0", R"({"a": 2})");
  ask(3, "sim_1", R"({"a": 3})");
  ASSERT_TRUE(comes_true([&] { return !pending(); }));
  EXPECT_EQ(metadata_of("sim_0"), R"({"a": 2})");
  stop.request_stop();
}

TEST_F(MetadataWriterTest, ADatabaseThatIsAwayIsWaitedForAndNothingIsSentTwice) {
  api.list_.create(3);
  std::atomic<int> failures = 0;
  stores.mirror.before_write = [&] {
    if (failures++ % 2 == 0) throw StorageError(StorageFailure::unreachable, "away");
  };
  for (int sim = 0; sim < 3; ++sim) ask(sim + 1, "sim_" + std::to_string(sim), R"({"a": 1})");
  MetadataWriter writer{{"acme", 4, 0}, api, stores, Patience::until_stop};
  std::stop_source stop;
  std::jthread running{[&] { writer.run(stop.get_token()); }};
  ASSERT_TRUE(comes_true([&] { return !pending(); }));
  stop.request_stop();
  running.join();
  EXPECT_EQ(api.sent.size(), 3U);
}

TEST_F(MetadataWriterTest, AStopEndsWhatIsUnderWayAndWhatWasSettledIsStored) {
  api.list_.create(50);
  for (int sim = 0; sim < 50; ++sim) ask(sim + 1, "sim_" + std::to_string(sim), R"({"a": 1})");
  std::stop_source stop;
  api.on_update = [&](Sim& sim, const std::string& metadata) {
    sim.metadata = metadata;
    if (sim.id == "sim_25") stop.request_stop();
  };
  MetadataWriter writer{{"acme", 4, 0}, api, stores, Patience::until_stop};
  writer.run(stop.get_token());
  // Whatever the API has, and is not known to have, is found out by the next start.
  MetadataWriter next{{"acme", 4, 0}, api, stores, Patience::none};
  next.once({});
  EXPECT_FALSE(pending());
  for (int sim = 0; sim < 50; ++sim) EXPECT_EQ(metadata_of("sim_" + std::to_string(sim)), R"({"a": 1})");
}

// Its last answer comes when the stop has been asked for already.
TEST_F(MetadataWriterTest, WhatIsSettledWhileItStopsIsStored) {
  api.list_.create(1);
  ask(1, "sim_0", R"({"a": 1})");
  std::stop_source stop;
  api.on_get = [&](const std::string& id) {
    if (api.gets[id] == 2) stop.request_stop();  // it is read back
  };
  MetadataWriter{{"acme", 1, 0}, api, stores, Patience::until_stop}.run(stop.get_token());
  EXPECT_FALSE(pending());
  EXPECT_EQ(stores.mirror.steps.back().state, MetadataState::applied);
}

TEST_F(MetadataWriterTest, WhatIsNoErrorOfTheApiReachesTheCaller) {
  api.list_.create(3);
  for (int sim = 0; sim < 3; ++sim) ask(sim + 1, "sim_" + std::to_string(sim), R"({"a": 1})");
  api.on_get = [](const std::string&) { throw std::bad_alloc(); };
  EXPECT_THROW((MetadataWriter{{"acme", 4, 0}, api, stores, Patience::until_stop}.run({})), std::bad_alloc);
  EXPECT_TRUE(pending());
}

}  // namespace
}  // namespace simsync
