#include "sync/metadata/metadata_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Kind = MetadataPlan::Task::Kind;
using testing::HasSubstr;

MetadataRequest request_for(std::int64_t id, const std::string& sim, const std::string& set = R"({"k": 1})") {
  MetadataRequest request;
  request.id = id;
  request.sim_id = sim;
  request.metadata = set;
  return request;
}

// A plan, an API with the metadata of each SIM, and a clock, all in one thread.
class MetadataPlanTest : public testing::Test {
 protected:
  void ask(std::int64_t id, const std::string& sim, const std::string& set, const std::string& remove = "[]") {
    MetadataRequest request = request_for(id, sim, set);
    request.remove = remove;
    plan.add(request, now);
  }

  SimAnswer answer(const std::string& sim) {
    Sim read = fake_sim(sim);
    read.metadata = there[sim];
    return {read, {wall_clock(), wall_clock(), 1}, there[sim]};
  }

  // The next task, which must be of this kind.
  MetadataPlan::Task next(Kind kind) {
    auto task = plan.next(now);
    if (!task) throw std::runtime_error("no task");
    EXPECT_EQ(task->kind, kind);
    return *task;
  }

  void read(const MetadataPlan::Task& task) { plan.read(task, MetadataPlan::look(task, answer(task.sim_id)), now); }
  void read_next() { read(next(Kind::read)); }
  void send_next() {
    const auto task = next(Kind::send);
    there[task.sim_id] = merges ? merged_by_api(task) : task.metadata;
    plan.sent(task);
  }
  // What a merging API keeps: here, whatever a test says.
  std::string merged_by_api(const MetadataPlan::Task& task) {
    return "{\"keep\":1," + (task.metadata == "{}" ? "" : task.metadata.substr(1, task.metadata.size() - 2)) + "}";
  }

  // Stores all steps, and returns the last one.
  MetadataStep store() {
    const std::vector<MetadataStep> steps = plan.take_steps(1000);
    if (steps.empty()) throw std::runtime_error("nothing to store");
    std::vector<std::int64_t> ids;
    for (const MetadataStep& step : steps) ids.push_back(step.request);
    plan.stored(steps, ids, now);
    return steps.back();
  }
  MetadataState settled() { return store().state; }

  void fail_next(Kind kind, ApiFailure failure, int status = 0, bool by_api = false) {
    ApiError error(failure, status, "it failed");
    if (by_api) error.set_said_by_api();
    plan.failed(next(kind), error, now);
  }

  MetadataPlan plan{4, MetadataPlan::Waiting::yes};
  MetadataPlan::Time now = MetadataPlan::Clock::now();
  std::map<std::string, std::string> there = {{"a", R"({"x":1})"}, {"b", "{}"}, {"c", "{}"}, {"d", "{}"}, {"e", "{}"}};
  bool merges = false;
};

TEST_F(MetadataPlanTest, ReadsStoresSendsAndReadsBack) {
  ask(1, "a", R"({"fleet": "t"})");
  read_next();
  EXPECT_FALSE(plan.next(now)) << "nothing is sent before it is stored that it will be";
  const MetadataStep about = store();
  EXPECT_EQ(about.state, MetadataState::pending);
  EXPECT_EQ(about.sent, R"({"x":1,"fleet": "t"})");
  EXPECT_TRUE(about.as_read);
  send_next();
  read_next();
  const MetadataStep done = store();
  EXPECT_EQ(done.state, MetadataState::applied);
  EXPECT_EQ(done.attempts, 1U);
  EXPECT_EQ(done.as_read->sim.metadata, R"({"x":1,"fleet": "t"})");
  EXPECT_EQ(plan.size(), 0U);
}

TEST_F(MetadataPlanTest, SendsNothingWhereAllIsAsAsked) {
  ask(1, "a", R"({"x": 1})", R"(["y"])");
  read_next();
  EXPECT_EQ(settled(), MetadataState::applied);
  ask(2, "a", "{}");
  read_next();
  EXPECT_EQ(settled(), MetadataState::applied);
}

TEST_F(MetadataPlanTest, OneRequestOfASimAtATimeAndOthersBeside) {
  ask(1, "a", R"({"k": 1})");
  ask(2, "a", R"({"k": 2})");
  ask(3, "b", R"({"k": 3})");
  EXPECT_EQ(plan.size(), 2U);
  EXPECT_EQ(next(Kind::read).request, 1);
  EXPECT_EQ(next(Kind::read).request, 3);
  EXPECT_FALSE(plan.next(now));
}

TEST_F(MetadataPlanTest, NoMoreAreBegunThanAreFinishedAtOnce) {
  std::int64_t id = 0;
  for (const char* sim : {"a", "b", "c", "d", "e"}) ask(++id, sim, R"({"k": 1})");
  for (int i = 0; i < 4; ++i) read_next();
  EXPECT_FALSE(plan.next(now));
  store();
  for (int i = 0; i < 4; ++i) {
    send_next();
    read_next();
  }
  EXPECT_FALSE(plan.next(now)) << "what is settled is to be stored first";
  store();
  read_next();
}

TEST_F(MetadataPlanTest, AnUnknownOutcomeIsReadBackBeforeAnythingIsSent) {
  ask(1, "a", R"({"k": 1})");
  read_next();
  store();
  const auto task = next(Kind::send);
  there["a"] = task.metadata;  // it was carried out, and nobody said so
  plan.failed(task, ApiError(ApiFailure::timeout, 0, "no answer"), now);
  read_next();
  const MetadataStep step = store();
  EXPECT_EQ(step.state, MetadataState::applied);
  EXPECT_EQ(step.overtaken, 0U);
}

TEST_F(MetadataPlanTest, AnUnknownOutcomeThatWasNoneIsSentAgain) {
  ask(1, "a", R"({"k": 1})");
  read_next();
  store();
  fail_next(Kind::send, ApiFailure::server_error, 500);
  there["a"] = R"({"x":2})";  // what somebody else did meanwhile is kept
  read_next();
  EXPECT_EQ(store().sent, R"({"x":2,"k": 1})");
  fail_next(Kind::send, ApiFailure::server_error, 500);
  EXPECT_FALSE(plan.next(now)) << "the second time it waits";
  now += 2s;
  read_next();
  store();
  send_next();
  read_next();
  EXPECT_EQ(settled(), MetadataState::applied);
}

TEST_F(MetadataPlanTest, WhoeverWritesTheSameKeyAgainAndAgainIsAConflict) {
  there["a"] = "{}";
  ask(1, "a", R"({"k": "ours"})");
  for (int i = 0; i < 3; ++i) {
    read_next();
    EXPECT_EQ(store().sent, R"({"k": "ours"})") << i;
    send_next();
    there["a"] = R"({"k":"theirs"})";
    read_next();
    EXPECT_FALSE(plan.has_steps());
    now += 10s;
    there["a"] = "{}";
  }
  there["a"] = R"({"k":"theirs"})";
  read_next();
  const MetadataStep step = store();
  EXPECT_EQ(step.state, MetadataState::conflict);
  EXPECT_THAT(step.error, HasSubstr(R"(k is "theirs", asked for: "ours")"));
}

TEST_F(MetadataPlanTest, OfManyKeysTheFirstAreTold) {
  std::string wanted;
  for (int key = 10; key < 40; ++key) wanted += (wanted.empty() ? "{\"k" : ",\"k") + std::to_string(key) + "\":1";
  ask(1, "b", wanted + "}");
  MetadataStep last;
  for (int i = 0; i < 50; ++i, now += 1h) {
    const auto task = plan.next(now);
    if (!task) continue;
    if (task->kind == Kind::send) {
      plan.sent(*task);  // and somebody else writes over it
      continue;
    }
    read(*task);
    const auto steps = plan.take_steps(1000);
    if (steps.empty()) continue;
    plan.stored(steps, {1}, now);
    last = steps.back();
    if (last.state != MetadataState::pending) break;
  }
  EXPECT_EQ(last.state, MetadataState::conflict);
  EXPECT_THAT(last.error, HasSubstr("k10 is not there, asked for: 1"));
  EXPECT_THAT(last.error, HasSubstr("more keys"));
  EXPECT_THAT(last.error, testing::Not(HasSubstr("k39")));
}

TEST_F(MetadataPlanTest, WhatWouldBeLargerThanTheMirrorHoldsIsNotSent) {
  there["a"] = "{\"x\":\"" + std::string(600'000, 'x') + "\"}";
  ask(1, "a", "{\"y\":\"" + std::string(600'000, 'y') + "\"}");
  read_next();
  const MetadataStep step = store();
  EXPECT_EQ(step.state, MetadataState::failed);
  EXPECT_THAT(step.error, HasSubstr("larger than 1 MiB"));
  EXPECT_FALSE(plan.next(now));
}

TEST_F(MetadataPlanTest, AnApiThatIsLateToSayWhatItHasIsGivenTime) {
  ask(1, "a", R"({"k": 1})");
  read_next();
  store();
  send_next();
  const std::string late = std::exchange(there["a"], R"({"x":1})");
  read_next();
  EXPECT_FALSE(plan.has_steps());
  now += 1s;
  there["a"] = late;
  read_next();
  EXPECT_EQ(settled(), MetadataState::applied);
}

TEST_F(MetadataPlanTest, KeysThatTheApiKeepsCannotBeRemoved) {
  merges = true;
  there["a"] = R"({"keep":1})";
  ask(1, "a", R"({"k": 1})", R"(["keep"])");
  read_next();
  store();
  send_next();
  read_next();
  now += 1s;
  read_next();
  const MetadataStep step = store();
  EXPECT_EQ(step.state, MetadataState::failed);
  EXPECT_THAT(step.error, HasSubstr("the API keeps keys that are not named"));
  EXPECT_EQ(plan.size(), 0U);
}

TEST_F(MetadataPlanTest, WhatTheApiRefusesFails) {
  ask(1, "a", R"({"k": 1})");
  read_next();
  store();
  fail_next(Kind::send, ApiFailure::rejected, 400, true);
  EXPECT_EQ(settled(), MetadataState::failed);
  ask(2, "a", R"({"k": 1})");
  fail_next(Kind::read, ApiFailure::not_found, 404);
  const MetadataStep step = store();
  EXPECT_EQ(step.state, MetadataState::failed);
  EXPECT_EQ(step.error, "it failed");
}

TEST_F(MetadataPlanTest, WhoeverMayNotWriteFailsAndWhoeverMayNotReadWaits) {
  ask(1, "a", R"({"k": 1})");
  fail_next(Kind::read, ApiFailure::rejected, 403, true);
  EXPECT_EQ(store().state, MetadataState::pending);
  now += 2s;
  read_next();
  store();
  fail_next(Kind::send, ApiFailure::rejected, 403, true);
  EXPECT_EQ(settled(), MetadataState::failed);
}

TEST_F(MetadataPlanTest, WhatAProxyRefusesWaits) {
  ask(1, "a", R"({"k": 1})");
  fail_next(Kind::read, ApiFailure::rejected, 400);
  EXPECT_EQ(store().state, MetadataState::pending);
  EXPECT_EQ(plan.size(), 1U);
  now += 2s;
  read_next();
}

TEST_F(MetadataPlanTest, TroubleOfTheApiIsNobodysFailure) {
  ask(1, "a", R"({"k": 1})");
  for (const auto failure : {ApiFailure::unreachable, ApiFailure::unauthorized, ApiFailure::throttled,
                             ApiFailure::unavailable, ApiFailure::server_error, ApiFailure::timeout}) {
    fail_next(Kind::read, failure);
    EXPECT_FALSE(plan.has_steps());
    EXPECT_FALSE(plan.next(now));
    now += 60s;
  }
  read_next();
  store();
  fail_next(Kind::send, ApiFailure::unauthorized, 401);
  now += 60s;
  EXPECT_FALSE(plan.has_steps());
  read_next();
}

TEST_F(MetadataPlanTest, AnApiThatIsAwayIsProbed) {
  for (std::int64_t id = 1; id <= 20; ++id) {
    there["s" + std::to_string(id)] = "{}";
    ask(id, "s" + std::to_string(id), R"({"k": 1})");
  }
  for (unsigned i = 0; i < ApiCircuit::kFailuresToOpen; ++i) fail_next(Kind::read, ApiFailure::unreachable);
  EXPECT_TRUE(plan.api_failing());
  EXPECT_FALSE(plan.next(now));
  now = *plan.next_due();
  const auto probe = next(Kind::read);
  EXPECT_FALSE(plan.next(now)) << "one at a time";
  read(probe);
  EXPECT_FALSE(plan.api_failing());
  EXPECT_TRUE(plan.next(now));
}

// Eight SIMs of which the API always says that it has trouble look like an API that is away, until another is asked.
TEST_F(MetadataPlanTest, SimsThatAlwaysFailKeepNoOtherWaiting) {
  for (unsigned i = 1; i <= ApiCircuit::kFailuresToOpen; ++i) {
    ask(i, "bad" + std::to_string(i), R"({"k": 1})");
    fail_next(Kind::read, ApiFailure::server_error, 500);
  }
  ASSERT_TRUE(plan.api_failing());
  now += 1h;  // all of them are due again
  fail_next(Kind::read, ApiFailure::server_error, 500);
  ask(100, "a", R"({"k": 1})");
  now = *plan.next_due();
  const auto probe = next(Kind::read);
  EXPECT_EQ(probe.sim_id, "a");
  read(probe);
  EXPECT_FALSE(plan.api_failing());
  now += 1h;
  for (unsigned i = 0; i < ApiCircuit::kFailuresToOpen; ++i) fail_next(Kind::read, ApiFailure::server_error, 500);
  EXPECT_FALSE(plan.api_failing()) << "that they fail is nothing new";
}

TEST_F(MetadataPlanTest, WhoOnlyWaitsForItsTimeIsNotBusy) {
  ask(1, "a", R"({"k": 1})");
  ask(2, "b", R"({"k": 1})");
  fail_next(Kind::read, ApiFailure::malformed, 200);
  store();
  EXPECT_EQ(plan.size(), 2U);
  EXPECT_EQ(plan.busy(), 1U);
}

// What was to be sent when the API went away was made of what is old by then.
TEST_F(MetadataPlanTest, AfterAnOutageNothingIsSentUnread) {
  MetadataPlan wide{20, MetadataPlan::Waiting::yes};
  for (std::int64_t id = 1; id <= 12; ++id) {
    wide.add(request_for(id, "s" + std::to_string(id)), now);
  }
  for (int i = 0; i < 2; ++i) {
    const auto task = wide.next(now);
    there[task->sim_id] = "{}";
    wide.read(*task, MetadataPlan::look(*task, answer(task->sim_id)), now);
  }
  std::vector<MetadataPlan::Task> reading;
  for (unsigned i = 0; i < ApiCircuit::kFailuresToOpen; ++i) reading.push_back(*wide.next(now));
  wide.stored(wide.take_steps(10), {1, 2}, now);
  for (const auto& task : reading) wide.failed(task, ApiError(ApiFailure::unreachable, 0, ""), now);
  ASSERT_TRUE(wide.api_failing());
  now += 10s;
  const auto probe = wide.next(now);
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->kind, Kind::read);
  wide.read(*probe, MetadataPlan::look(*probe, answer("s1")), now);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(wide.next(now)->kind, Kind::read);
}

TEST_F(MetadataPlanTest, WhatCanNeverBeDoneFailsAtOnce) {
  for (const auto& [set, remove] : std::vector<std::pair<std::optional<std::string>, std::string>>{
           {std::nullopt, "[]"}, {"[]", "[]"}, {"{}", "[null]"}, {"\"x\"", "[]"}}) {
    MetadataRequest request = request_for(7, "a");
    request.metadata = set;
    request.remove = remove;
    plan.add(request, now);
    EXPECT_FALSE(plan.next(now));
    EXPECT_EQ(settled(), MetadataState::failed);
  }
}

TEST_F(MetadataPlanTest, AnAnswerThatIsNoTextIsNotWrittenOver) {
  ask(1, "a", R"({"k": 1})");
  const auto task = next(Kind::read);
  SimAnswer garbled = answer("a");
  garbled.metadata_text.reset();
  plan.read(task, MetadataPlan::look(task, garbled), now);
  EXPECT_EQ(settled(), MetadataState::failed);
}

TEST_F(MetadataPlanTest, WhatSomebodyElseSettledIsDropped) {
  ask(1, "a", R"({"k": 1})");
  read_next();
  plan.stored(plan.take_steps(10), {}, now);
  EXPECT_EQ(plan.size(), 0U);
  ask(1, "a", R"({"k": 1})");
  EXPECT_EQ(plan.size(), 0U) << "not at once: whoever has it may hold it for long";
  now += 1min;
  ask(1, "a", R"({"k": 1})");
  EXPECT_EQ(plan.size(), 1U);
}

TEST_F(MetadataPlanTest, AStopLosesNothing) {
  ask(1, "a", R"({"k": 1})");
  fail_next(Kind::read, ApiFailure::stopped);
  read_next();
  store();
  fail_next(Kind::send, ApiFailure::stopped);
  EXPECT_FALSE(plan.has_steps());
  read_next();
}

TEST_F(MetadataPlanTest, OnePassLeavesWhatCannotBeDoneNow) {
  MetadataPlan pass{4, MetadataPlan::Waiting::no};
  pass.add(request_for(1, "a"), now);
  pass.failed(*pass.next(now), ApiError(ApiFailure::unavailable, 503, ""), now);
  EXPECT_EQ(pass.size(), 0U);
  EXPECT_EQ(pass.left(), 1U);
  pass.add(request_for(1, "a"), now);
  EXPECT_EQ(pass.size(), 0U) << "not again in this pass";
}

TEST_F(MetadataPlanTest, OnePassDoesNotWaitForAnApiThatIsAway) {
  MetadataPlan pass{4, MetadataPlan::Waiting::no};
  for (std::int64_t id = 1; id <= 20; ++id) pass.add(request_for(id, "s" + std::to_string(id)), now);
  for (unsigned i = 0; i < ApiCircuit::kFailuresToOpen; ++i) {
    pass.failed(*pass.next(now), ApiError(ApiFailure::unavailable, 503, ""), now);
  }
  EXPECT_FALSE(pass.next(now));
  EXPECT_EQ(pass.left(), 20U);
  EXPECT_TRUE(pass.given_up());
  pass.add(request_for(21, "another"), now);
  EXPECT_EQ(pass.size(), 0U);
}

}  // namespace
}  // namespace simsync
