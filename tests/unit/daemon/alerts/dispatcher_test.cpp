// The outbox brought to the channels, whatever of both is away.
#include "daemon/alerts/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "dispatcher_fakes.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using State = DeliveryResult::State;
using testing::ElementsAre;
using testing::Lt;

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    options.projects = {"acme"};
    options.ask_every = 20ms;
    options.wake_pause = 1ms;
    options.limits.first = 1ms;
    options.limits.longest = 4ms;
  }

  // To be set up before start().
  FakeAlertChannel& channel(const std::string& name) {
    auto channel = std::make_unique<FakeAlertChannel>(outbox);
    FakeAlertChannel& fake = *channel;
    channels.push_back({name, std::move(channel)});
    return fake;
  }

  void start() {
    dispatcher = std::make_unique<Dispatcher>(
        std::move(channels), [this] { return std::make_unique<FakeAlertStore>(outbox); }, options);
  }

  [[nodiscard]] bool is_delivered(const std::string& id) { return outbox.state_of(id) == State::delivered; }

  // False where it does not end at all.
  bool stop() {
    auto ended = std::async(std::launch::async, [this] { dispatcher.reset(); });
    return ended.wait_for(30s) == std::future_status::ready;
  }

  std::vector<std::string> without_looks() {
    std::vector<std::string> events = outbox.happened();
    std::erase_if(events, [](const std::string& event) { return event.starts_with("looked"); });
    return events;
  }

  FakeOutbox outbox;
  DispatchOptions options;
  std::vector<DispatchedChannel> channels;
  std::unique_ptr<Dispatcher> dispatcher;  // last: it ends before what it uses
};

TEST_F(DispatcherTest, DeliversInOrderAndRecordsEachBeforeTheNext) {
  for (const char* id : {"a", "b", "c"}) outbox.add("ops", id);
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("c"); }));
  EXPECT_THAT(without_looks(), ElementsAre("deliver a", "record a", "deliver b", "record b", "deliver c", "record c"));
}

TEST_F(DispatcherTest, GivesAChannelItsOwnMessagesOnly) {
  outbox.add("ops", "a");
  outbox.add("nobody", "b");
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a") && outbox.times("looked ops") > 2; }));
  EXPECT_EQ(outbox.times("deliver b"), 0);
}

// What each attempt came to, by channel.
struct Heard : DeliveryObserver {
  void attempted(const std::string& channel, State result, std::uint64_t messages) override {
    const std::lock_guard lock{mutex};
    for (std::uint64_t i = 0; i < messages; ++i) {
      results.push_back(channel + (result == State::delivered ? " delivered"
                                   : result == State::dead    ? " dead"
                                                              : " failed"));
    }
  }
  std::mutex mutex;
  std::vector<std::string> results;
};

TEST_F(DispatcherTest, TellsWhatEachAttemptCameTo) {
  Heard heard;
  options.observer = &heard;
  int attempts = 0;
  channel("ops").receiver = [&](const AlertMessage& message, const std::stop_token&) {
    if (message.id == "b") return Delivery::refuse("no");
    return ++attempts == 1 ? Delivery::again("busy") : Delivery{};
  };
  outbox.add("ops", "a");
  outbox.add("ops", "b");
  start();
  EXPECT_TRUE(eventually([&] { return outbox.state_of("b") == State::dead; }));
  EXPECT_TRUE(stop());
  EXPECT_THAT(heard.results, ElementsAre("ops failed", "ops delivered", "ops dead"));
}

TEST_F(DispatcherTest, TriesAgainWhatFailed) {
  outbox.add("ops", "a");
  int attempts = 0;
  channel("ops").receiver = [&](const AlertMessage& message, const std::stop_token&) {
    EXPECT_EQ(message.attempts, static_cast<std::uint64_t>(attempts));
    return ++attempts < 4 ? Delivery::again("away") : Delivery{};
  };
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
  EXPECT_EQ(outbox.times("deliver a"), 4);
}

TEST_F(DispatcherTest, AResultThatCannotBeRecordedIsRecordedLaterWithoutAnotherDelivery) {
  outbox.add("ops", "a");
  outbox.add("ops", "b");
  outbox.fail("record", 3);
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("b"); }));
  EXPECT_THAT(without_looks(), ElementsAre("deliver a", "record failed", "record failed", "record failed", "record a",
                                           "deliver b", "record b"));
}

TEST_F(DispatcherTest, AStoreThatCannotBeOpenedIsOpenedLater) {
  outbox.add("ops", "a");
  outbox.fail("open", 3);
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
  EXPECT_EQ(outbox.times("open failed"), 3);
}

TEST_F(DispatcherTest, AStoreThatFailsInBetweenIsOpenedAnew) {
  outbox.add("ops", "a");
  outbox.fail("form", 2);
  outbox.fail("due", 2);
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
  EXPECT_EQ(outbox.times("deliver a"), 1);
}

TEST_F(DispatcherTest, AChannelThatThrowsIsTriedAgain) {
  outbox.add("ops", "a");
  int attempts = 0;
  channel("ops").receiver = [&](const AlertMessage&, const std::stop_token&) -> Delivery {
    if (++attempts < 3) throw std::runtime_error("broken");
    return {};
  };
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
  EXPECT_EQ(outbox.times("record a"), 3);
}

TEST_F(DispatcherTest, AChannelThatHangsDelaysNoOther) {
  outbox.add("slow", "a");
  channel("slow").receiver = hang;
  channel("ops");
  for (int i = 0; i < 20; ++i) outbox.add("ops", std::to_string(i));
  start();
  EXPECT_TRUE(eventually([&] { return outbox.times("deliver a") == 1 && is_delivered("19"); }));
  EXPECT_EQ(outbox.state_of("a"), State::pending);
  EXPECT_TRUE(stop());
  EXPECT_EQ(outbox.times("record a"), 0) << "an attempt that was cut short says nothing of the receiver";
  EXPECT_EQ(outbox.times("back a"), 1) << "the next process need not wait for it";
}

TEST_F(DispatcherTest, WhatWasDeliveredAsTheStopCameIsRecorded) {
  outbox.add("ops", "a");
  channel("ops").receiver = [](const AlertMessage& message, const std::stop_token& stop) {
    hang(message, stop);
    return Delivery{};
  };
  start();
  EXPECT_TRUE(eventually([&] { return outbox.times("deliver a") == 1; }));
  EXPECT_TRUE(stop());
  EXPECT_TRUE(is_delivered("a"));
}

TEST_F(DispatcherTest, EndsWhileItHasNothingToDo) {
  options.ask_every = 1h;
  options.wake_pause = 1h;
  channel("ops");
  channel("other").repeats = true;
  start();
  EXPECT_TRUE(eventually([&] { return outbox.times("looked ops") == 1 && outbox.times("looked other") == 1; }));
  EXPECT_TRUE(stop());
}

TEST_F(DispatcherTest, EndsWhileTheStoreIsAway) {
  options.ask_every = 1h;
  outbox.fail("open", 1'000'000);
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return outbox.times("open failed") >= 1; }));
  EXPECT_TRUE(stop());
}

TEST_F(DispatcherTest, AWakeLeadsToADelivery) {
  options.ask_every = 1h;
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return outbox.times("looked ops") == 1; }));
  outbox.add("ops", "a");
  dispatcher->wake();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
}

TEST_F(DispatcherTest, AWakeDuringALookIsNotLost) {
  options.ask_every = 1h;
  channel("ops");
  std::promise<void> started;
  outbox.after_look = [&] {
    started.get_future().wait();  // until `dispatcher` can be used
    outbox.add("ops", "a");
    dispatcher->wake();
  };
  start();
  started.set_value();
  EXPECT_TRUE(eventually([&] { return !outbox.happened().empty() && outbox.times("record a") == 1; }));
}

TEST_F(DispatcherTest, AReceiverThatIsGoneGetsNothingMore) {
  for (const char* id : {"a", "b", "c"}) outbox.add("ops", id);
  channel("ops").receiver = [](const AlertMessage&, const std::stop_token&) {
    return Delivery{Delivery::Outcome::gone, "HTTP 410", std::nullopt};
  };
  channel("other");
  start();
  for (int i = 0; i < 10; ++i) {
    outbox.add("other", std::to_string(i));
    dispatcher->wake();
    EXPECT_TRUE(eventually([&] { return is_delivered(std::to_string(i)); }));
  }
  EXPECT_TRUE(eventually([&] { return outbox.times("record a") == 1; }));
  EXPECT_EQ(outbox.state_of("a"), State::pending);
  EXPECT_EQ(outbox.times("deliver a") + outbox.times("deliver b") + outbox.times("deliver c"), 1);
  EXPECT_TRUE(stop());
}

TEST_F(DispatcherTest, RepeatsOpenAlertsForAChannelThatWantsThat) {
  options.repeat_every = 5ms;
  options.ask_every = 1h;
  outbox.open = {some_message("x"), some_message("y")};
  channel("am").repeats = true;
  channel("ops");
  start();
  EXPECT_TRUE(eventually([&] { return outbox.times("repeat 2") >= 3; }));
}

TEST_F(DispatcherTest, RepeatsBeforeTheEndOfSomethingIsTold) {
  options.repeat_every = 1h;
  outbox.add("am", "a", AlertEvent::resolved, true);
  channel("am").repeats = true;
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
  EXPECT_THAT(without_looks(), ElementsAre("repeat 0", "repeat 0", "deliver a", "record a"));
}

TEST_F(DispatcherTest, TellsNoEndWhileItCannotRepeat) {
  options.repeat_every = 1h;
  outbox.add("am", "a", AlertEvent::resolved, true);
  int repeated = 0;
  FakeAlertChannel& am = channel("am");
  am.repeats = true;
  am.repeater = [&] { return ++repeated < 4 ? Delivery::again("away") : Delivery{}; };
  start();
  EXPECT_TRUE(eventually([&] { return is_delivered("a"); }));
  EXPECT_EQ(outbox.times("repeat 0"), 4);
  EXPECT_EQ(outbox.times("deliver a"), 1);
}

TEST_F(DispatcherTest, RepeatsWhatWasOpenWhileTheDatabaseIsAway) {
  options.repeat_every = 5ms;
  outbox.open = {some_message("x")};
  channel("am").repeats = true;
  start();
  ASSERT_TRUE(eventually([&] { return outbox.times("repeat 1") >= 1; }));
  outbox.fail("open", 1'000'000);
  outbox.fail("form", 1);
  ASSERT_TRUE(eventually([&] { return outbox.times("open failed") >= 1; }));
  const int before = outbox.times("repeat 1");
  EXPECT_TRUE(eventually([&] { return outbox.times("repeat 1") >= before + 2; }));
}

TEST_F(DispatcherTest, RepeatsBetweenTwoOfManyMessages) {
  options.repeat_every = 1ms;
  options.ask_every = 1h;
  for (int i = 0; i < 3; ++i) outbox.add("am", std::to_string(i));
  FakeAlertChannel& am = channel("am");
  am.repeats = true;
  am.receiver = [](const AlertMessage&, const std::stop_token&) {
    std::this_thread::sleep_for(2ms);
    return Delivery{};
  };
  start();
  ASSERT_TRUE(eventually([&] { return is_delivered("2"); }));
  const std::vector<std::string> events = outbox.happened();
  const auto first = std::ranges::find(events, "record 0");
  EXPECT_NE(std::find(first, std::ranges::find(events, "deliver 2"), "repeat 0"), events.end());
  EXPECT_LT(std::find(first, events.end(), "repeat 0"), std::ranges::find(events, "deliver 2"));
}

TEST_F(DispatcherTest, TriesWhatIsNewThoughTheChannelWaits) {
  options.limits.first = options.limits.longest = 1h;
  options.limits.untried = 1ms;
  outbox.add("ops", "poison");
  channel("ops").receiver = [](const AlertMessage& message, const std::stop_token&) {
    return message.id == "poison" ? Delivery::again("HTTP 500") : Delivery{};
  };
  start();
  ASSERT_TRUE(eventually([&] { return outbox.times("record poison") == 1; }));
  outbox.add("ops", "new");
  dispatcher->wake();
  EXPECT_TRUE(eventually([&] { return is_delivered("new"); }));
}

TEST_F(DispatcherTest, GivesUpWhatIsOldWithTheFirstThatIs) {
  Heard heard;
  options.observer = &heard;
  options.limits.given_up = 1ms;
  options.limits.fewest_attempts = 2;
  for (const char* id : {"a", "b", "c"}) outbox.add("ops", id);
  outbox.entries[1].message.pending_since = outbox.entries[2].message.pending_since = wall_clock() - 1h;
  outbox.entries[2].next = wall_clock() + 1h;
  channel("ops").receiver = [](const AlertMessage&, const std::stop_token&) { return Delivery::again("away"); };
  start();
  EXPECT_TRUE(eventually([&] { return outbox.state_of("c") == State::dead; }));
  EXPECT_EQ(outbox.times("deliver c"), 0);
  EXPECT_TRUE(stop());
  EXPECT_EQ(std::ranges::count(heard.results, "ops dead"), 3);
}

TEST_F(DispatcherTest, ADatabaseThatIsAwayIsNotAskedMoreOftenByAChannelThatWantsRepeats) {
  options.ask_every = 1h;
  outbox.fail("open", 1'000'000);
  channel("am").repeats = true;
  start();
  // The second pause of a channel is 0.8 s, whatever else the machine does.
  std::this_thread::sleep_for(300ms);
  EXPECT_THAT(outbox.times("open failed"), Lt(5));
}

}  // namespace
}  // namespace simsync
