#include "sync/api/replaceable_sim_api.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

TEST(ReplaceableSimApi, ACallUnderWayEndsWithTheClientItBeganWith) {
  auto old_client = std::make_shared<FakeApi>();
  const std::weak_ptr<FakeApi> old_lives = old_client;
  std::promise<void> asked;
  std::promise<void> may_answer;
  old_client->on_profile = [&](const std::string& id) {
    asked.set_value();
    may_answer.get_future().wait();
    return EsimProfile{id, "old", TimePoint{}};
  };
  ReplaceableSimApi api{std::move(old_client)};
  std::string answered;
  std::jthread caller{[&] { answered = api.profile("a", {}).profile.status; }};
  asked.get_future().wait();
  auto new_client = std::make_shared<FakeApi>();
  new_client->on_profile = [](const std::string& id) { return EsimProfile{id, "new", TimePoint{}}; };
  api.replace(new_client);
  EXPECT_EQ(api.profile("a", {}).profile.status, "new");
  EXPECT_FALSE(old_lives.expired()) << "while it is used";
  may_answer.set_value();
  caller.join();
  EXPECT_EQ(answered, "old");
  EXPECT_TRUE(old_lives.expired());
}

TEST(ReplaceableSimApi, ACallThatNeverEndsIsNoticedThoughOthersDo) {
  auto client = std::make_shared<FakeApi>();
  std::promise<void> may_answer;
  std::promise<void> asked;
  client->on_profile = [](const std::string& id) { return EsimProfile{id, "enabled", TimePoint{}}; };
  Pulses pulses;
  ReplaceableSimApi api{client, pulses.begin("calls", std::chrono::minutes{5})};
  const auto stuck = [&] { return pulses.too_long(Pulses::Clock::now() + std::chrono::minutes{6}).has_value(); };
  EXPECT_FALSE(stuck()) << "nobody calls";
  auto hanging = std::make_shared<FakeApi>();
  hanging->on_profile = [&](const std::string& id) {
    asked.set_value();
    may_answer.get_future().wait();
    return EsimProfile{id, "enabled", TimePoint{}};
  };
  api.replace(hanging);
  std::jthread caller{[&] { api.profile("a", {}); }};
  asked.get_future().wait();
  api.replace(client);
  api.profile("b", {});
  EXPECT_TRUE(stuck());
  may_answer.set_value();
  caller.join();
  EXPECT_FALSE(stuck());
}

}  // namespace
}  // namespace simsync
