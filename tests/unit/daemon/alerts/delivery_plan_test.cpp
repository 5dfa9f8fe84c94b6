// When a channel's messages are tried, and when they are given up.
#include "daemon/alerts/delivery_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "alert_message.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using State = DeliveryResult::State;
using testing::ElementsAre;
using testing::Ge;
using testing::Le;

AlertMessage tried(std::uint64_t attempts, TimePoint pending_since = some_time()) {
  AlertMessage message = some_message();
  message.attempts = attempts;
  message.pending_since = pending_since;
  return message;
}

TEST(DeliveryPlan, WaitsBetweenHalfAndAllOfABoundThatDoublesToAQuarterOfAnHour) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DeliveryPlan plan{seed};
    std::chrono::milliseconds bound = 1s;
    for (int failure = 1; failure <= 15; ++failure, bound = std::min<std::chrono::milliseconds>(bound * 2, 15min)) {
      plan.attempted(tried(0), Delivery::again("away"), some_time());
      EXPECT_THAT(plan.ready_at() - some_time(), testing::AllOf(Ge(bound / 2), Le(bound))) << "failure " << failure;
    }
  }
}

TEST(DeliveryPlan, SpreadsChannelsOverTheJitter) {
  auto least = std::chrono::microseconds::max();
  auto most = std::chrono::microseconds::min();
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    DeliveryPlan plan{seed};
    plan.attempted(tried(0), Delivery::again("away"), some_time());
    least = std::min(least, plan.ready_at() - some_time());
    most = std::max(most, plan.ready_at() - some_time());
  }
  EXPECT_LT(least, 600ms);
  EXPECT_GT(most, 900ms);
}

TEST(DeliveryPlan, NeverWaitsLongerHoweverOftenItFailed) {
  DeliveryPlan plan{1};
  for (int failure = 0; failure < 10'000; ++failure) {
    plan.attempted(tried(0), Delivery::again("away"), some_time());
    ASSERT_LE(plan.ready_at() - some_time(), 15min);
    ASSERT_GE(plan.ready_at() - some_time(), 500ms);
  }
}

TEST(DeliveryPlan, BeginsAnewAfterWhatWasTaken) {
  DeliveryPlan plan{1};
  for (int failure = 0; failure < 10; ++failure) plan.attempted(tried(0), Delivery::again("away"), some_time());
  const DeliveryResult result = plan.attempted(tried(10), {}, some_time());
  EXPECT_EQ(result.state, State::delivered);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(plan.ready_at(), some_time());
  plan.attempted(tried(0), Delivery::again("away"), some_time());
  EXPECT_LE(plan.ready_at() - some_time(), 1s);
}

TEST(DeliveryPlan, ARefusedMessageIsDeadAndTheChannelGoesOn) {
  DeliveryPlan plan{1};
  plan.attempted(tried(0), Delivery::again("away"), some_time());
  const DeliveryResult result = plan.attempted(tried(1), Delivery::refuse("HTTP 400"), some_time());
  EXPECT_EQ(result.state, State::dead);
  EXPECT_EQ(result.error, "HTTP 400");
  EXPECT_LE(plan.ready_at(), some_time());
  EXPECT_FALSE(plan.switched_off());
}

TEST(DeliveryPlan, WaitsAsLongAsTheReceiverAsksUpToAnHour) {
  const auto pause_after = [](std::chrono::milliseconds asked) {
    DeliveryPlan plan{1};
    const DeliveryResult result =
        plan.attempted(tried(0), {Delivery::Outcome::try_again, "HTTP 429", asked}, some_time());
    EXPECT_EQ(result.next_attempt_at, plan.ready_at());
    return plan.ready_at() - some_time();
  };
  EXPECT_EQ(pause_after(30min), 30min);
  EXPECT_EQ(pause_after(1h), 1h);
  EXPECT_EQ(pause_after(5h), 1h);
  EXPECT_EQ(pause_after(std::chrono::milliseconds::max()), 1h);
  EXPECT_THAT(pause_after(0ms), testing::AllOf(Ge(500ms), Le(1s)));
  EXPECT_THAT(pause_after(-1h), testing::AllOf(Ge(500ms), Le(1s)));
}

TEST(DeliveryPlan, AskingForLessDoesNotShortenThePause) {
  DeliveryPlan plan{1};
  for (int failure = 0; failure < 10; ++failure) {
    plan.attempted(tried(0), {Delivery::Outcome::try_again, "HTTP 429", 1s}, some_time());
  }
  EXPECT_GE(plan.ready_at() - some_time(), 4min);
}

TEST(DeliveryPlan, TheSameMessageIsDueAgainWhenTheChannelGoesOn) {
  DeliveryPlan plan{1};
  for (std::uint64_t attempts = 0; attempts < 4; ++attempts) {
    const DeliveryResult result = plan.attempted(tried(attempts), Delivery::again("away"), some_time());
    EXPECT_EQ(result.state, State::pending);
    EXPECT_EQ(result.error, "away");
    EXPECT_EQ(result.next_attempt_at, plan.ready_at()) << "attempt " << attempts + 1;
  }
  EXPECT_GT(plan.attempted(tried(4), Delivery::again("away"), some_time()).next_attempt_at, plan.ready_at());
}

TEST(DeliveryPlan, GivesUpAfterThreeDaysAndNotBeforeEightAttempts) {
  const auto state_after = [](std::uint64_t attempts, std::chrono::seconds pending) {
    DeliveryPlan plan{1};
    return plan.attempted(tried(attempts - 1, some_time() - pending), Delivery::again("away"), some_time()).state;
  };
  EXPECT_EQ(state_after(8, 72h), State::dead);
  EXPECT_EQ(state_after(8, 72h - 1s), State::pending);
  EXPECT_EQ(state_after(1000, 72h - 1s), State::pending);
  EXPECT_EQ(state_after(7, 72h), State::pending);
  EXPECT_EQ(state_after(1, 1000h), State::pending);
}

TEST(DeliveryPlan, AfterAStartAFailureIsNotBlamedOnTheMessage) {
  DeliveryPlan plan{1};
  const auto waits = [&] {
    const DeliveryResult result = plan.attempted(tried(20), Delivery::again("away"), some_time());
    return result.next_attempt_at - plan.ready_at();
  };
  EXPECT_LE(waits(), 1s) << "the receiver may be away";
  plan.attempted(tried(0), {}, some_time());
  EXPECT_GE(waits(), 7min) << "it just took something else";
}

TEST(DeliveryPlan, WhatWasNeverTriedIsTriedSoonUnlessTheReceiverAskedForAPause) {
  DeliveryPlan plan{1};
  EXPECT_TRUE(plan.may_try_untried(some_time()));
  plan.attempted(tried(0), Delivery::again("away"), some_time());
  EXPECT_FALSE(plan.may_try_untried(some_time() + 9s));
  EXPECT_TRUE(plan.may_try_untried(some_time() + 10s));
  EXPECT_TRUE(plan.may_try_untried(some_time() - 1h)) << "the clock was set back";
  plan.attempted(tried(0), {Delivery::Outcome::try_again, "HTTP 429", 1min}, some_time());
  EXPECT_FALSE(plan.may_try_untried(some_time() + 59s));
  EXPECT_TRUE(plan.may_try_untried(some_time() + 60s));
  EXPECT_TRUE(plan.may_try_untried(some_time() - 2h)) << "the clock was set back";
}

TEST(DeliveryPlan, TheReceiverIsAwayOnceItTookNothingInEightAttempts) {
  DeliveryPlan plan{1};
  for (int attempt = 1; attempt <= 8; ++attempt) {
    EXPECT_FALSE(plan.receiver_is_away());
    plan.attempted(tried(0), Delivery::again("away"), some_time());
  }
  EXPECT_TRUE(plan.receiver_is_away());
  plan.attempted(tried(0), {}, some_time());
  EXPECT_FALSE(plan.receiver_is_away());
}

TEST(DeliveryPlan, WhoIsGoneGetsNothingMoreAndTheMessageWaits) {
  DeliveryPlan plan{1};
  const DeliveryResult result =
      plan.attempted(tried(1000, some_time() - 1000h), {Delivery::Outcome::gone, "HTTP 410", {}}, some_time());
  EXPECT_TRUE(plan.switched_off());
  EXPECT_EQ(result.state, State::pending);
  EXPECT_EQ(result.error, "HTTP 410");
  EXPECT_EQ(result.next_attempt_at, some_time());
}

TEST(DeliveryPlan, AClockThatWasSetBackGivesNothingUpAndIsFollowed) {
  DeliveryPlan plan{1};
  plan.attempted(tried(0), Delivery::again("away"), some_time());
  const TimePoint earlier = some_time() - 48h;
  const DeliveryResult result = plan.attempted(tried(1000), Delivery::again("away"), earlier);
  EXPECT_EQ(result.state, State::pending);
  EXPECT_LE(plan.ready_at(), earlier + 2s);
}

// The plan with an outbox and a clock that runs as fast as it likes.
class Outbox {
 public:
  using Receiver = std::function<Delivery(const std::string& id, TimePoint now)>;

  struct Entry {
    AlertMessage message;
    TimePoint next{};
    State state = State::pending;
    TimePoint ended{};
  };

  void add(const std::string& id, TimePoint at) {
    AlertMessage message = some_message(id);
    message.pending_since = at;
    entries.push_back({message, at});
  }

  // Until `until`, or nothing is pending.
  void run(const Receiver& receiver, TimePoint until) {
    while (now < until) {
      const auto due = std::ranges::find_if(
          entries, [this](const Entry& one) { return one.state == State::pending && one.next <= now; });
      if (due != entries.end() && plan.ready_at() <= now) {
        const DeliveryResult result = plan.attempted(due->message, receiver(due->message.id, now), now);
        ++due->message.attempts;
        due->state = result.state;
        due->next = result.next_attempt_at;
        due->ended = now;
      } else if (!forward()) {
        return;
      }
    }
  }

  const Entry& entry(const std::string& id) const {
    return *std::ranges::find(entries, id, [](const Entry& one) { return one.message.id; });
  }

  DeliveryPlan plan{7};
  std::vector<Entry> entries;  // oldest first
  TimePoint now = some_time();

 private:
  bool forward() {
    TimePoint next = TimePoint::max();
    for (const Entry& one : entries) {
      if (one.state == State::pending) next = std::min(next, one.next);
    }
    if (next == TimePoint::max()) return false;
    now = std::max(next, plan.ready_at());
    return true;
  }
};

TEST(DeliveryPlan, KeepsTheOrderOverAShortOutage) {
  Outbox outbox;
  for (const char* id : {"a", "b", "c", "d"}) outbox.add(id, some_time());
  std::vector<std::string> taken;
  outbox.run(
      [&](const std::string& id, TimePoint now) {
        if (now < some_time() + 3s) return Delivery::again("away");
        taken.push_back(id);
        return Delivery{};
      },
      some_time() + 24h);
  EXPECT_THAT(taken, ElementsAre("a", "b", "c", "d"));
}

TEST(DeliveryPlan, SendsAllWhenTheReceiverIsBackAfterTwoDays) {
  Outbox outbox;
  for (char id = 'a'; id <= 'j'; ++id) outbox.add(std::string(1, id), some_time());
  std::vector<std::string> taken;
  outbox.run(
      [&](const std::string& id, TimePoint now) {
        if (now < some_time() + 48h) return Delivery::again("away");
        taken.push_back(id);
        return Delivery{};
      },
      some_time() + 72h);
  // One of the oldest may have stepped aside just then; the others come in order.
  ASSERT_EQ(taken.size(), 10U);
  std::erase_if(taken, [](const std::string& id) { return id == "a" || id == "b"; });
  EXPECT_THAT(taken, ElementsAre("c", "d", "e", "f", "g", "h", "i", "j"));
  EXPECT_LE(outbox.now, some_time() + 48h + 16min);
}

TEST(DeliveryPlan, AMessageThatAlwaysFailsDoesNotStopTheOthersAndIsGivenUp) {
  Outbox outbox;
  outbox.add("poison", some_time());
  for (int minute = 0; minute < 4 * 24 * 60; ++minute) {
    outbox.add(std::to_string(minute), some_time() + std::chrono::minutes{minute});
  }
  outbox.run(
      [&](const std::string& id, TimePoint) { return id == "poison" ? Delivery::again("HTTP 500") : Delivery{}; },
      some_time() + 24h * 5);
  for (const Outbox::Entry& one : outbox.entries) {
    if (one.message.id == "poison") continue;
    ASSERT_EQ(one.state, State::delivered) << one.message.id;
    ASSERT_LE(one.ended - one.message.pending_since, 2min) << one.message.id;
  }
  const Outbox::Entry& poison = outbox.entry("poison");
  EXPECT_EQ(poison.state, State::dead);
  EXPECT_GE(poison.ended - some_time(), 72h);
  EXPECT_LE(poison.ended - some_time(), 72h + 16min);
  EXPECT_LT(poison.message.attempts, 1000U);  // by itself it waits ever longer
}

TEST(DeliveryPlan, ANewPlanTriesWhatFailedLongAgoBeforeItGivesItUp) {
  // The daemon was down: the message is old, its attempts are few.
  Outbox outbox;
  outbox.add("a", some_time() - 240h);
  int attempts = 0;
  outbox.run([&](const std::string&, TimePoint) { return ++attempts < 8 ? Delivery::again("away") : Delivery{}; },
             some_time() + 24h);
  EXPECT_EQ(outbox.entry("a").state, State::delivered);
}

}  // namespace
}  // namespace simsync
