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

// Says which call it was.
class NamedCalls : public FakeApi {
 public:
  explicit NamedCalls(std::string name) : name_(std::move(name)) {}
  SimCredentials credentials(const std::string& id, std::stop_token) override { throw called("credentials of " + id); }
  WholeProfileAnswer whole_profile(const std::string& id, std::stop_token) override {
    throw called("profile of " + id);
  }
  SimPage search(const std::string& iccid, const std::vector<std::string>& types, std::stop_token) override {
    throw called("search " + iccid + " " + types.at(0));
  }
  SimAnswer update_metadata(const std::string& id, const std::string& metadata, std::stop_token) override {
    throw called("update " + id + " " + metadata);
  }

 private:
  [[nodiscard]] std::runtime_error called(const std::string& call) const {
    return std::runtime_error(name_ + ": " + call);
  }
  const std::string name_;
};

TEST(ReplaceableSimApi, EachCallIsForThePresentClient) {
  ReplaceableSimApi api{std::make_shared<NamedCalls>("old")};
  api.replace(std::make_shared<NamedCalls>("new"));
  const auto called = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const std::runtime_error& told) {
      return told.what();
    }
    return "";
  };
  EXPECT_EQ(called([&] { api.credentials("a", {}); }), "new: credentials of a");
  EXPECT_EQ(called([&] { api.whole_profile("a", {}); }), "new: profile of a");
  EXPECT_EQ(called([&] { api.search("89", {"eSIM"}, {}); }), "new: search 89 eSIM");
  EXPECT_EQ(called([&] { api.update_metadata("a", "{}", {}); }), "new: update a {}");
}

}  // namespace
}  // namespace simsync
