// An outbox and channels in memory, for tests of the dispatcher.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alert_message.h"
#include "daemon/alerts/dispatcher.h"

namespace simsync {

// Waits for something that has to happen some time; false: it did not within half a minute.
inline bool eventually(const std::function<bool()>& happened) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!happened()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

// The database behind all FakeAlertStores, and what happened in which order.
class FakeOutbox {
 public:
  struct Entry {
    AlertMessage message;
    TimePoint next{};
    DeliveryResult::State state = DeliveryResult::State::pending;
  };

  void add(const std::string& channel, const std::string& id, AlertEvent event = AlertEvent::raised,
           bool lasting = false) {
    const std::lock_guard lock{mutex};
    AlertMessage message = some_message(id);
    message.channel = channel;
    message.event = event;
    message.lasting = lasting;
    message.pending_since = wall_clock();
    entries.push_back({message, {}});
  }
  void note(const std::string& event) {
    const std::lock_guard lock{mutex};
    events.push_back(event);
  }
  std::vector<std::string> happened() {
    const std::lock_guard lock{mutex};
    return events;
  }
  int times(const std::string& event) {
    const std::lock_guard lock{mutex};
    return static_cast<int>(std::ranges::count(events, event));
  }
  DeliveryResult::State state_of(const std::string& id) {
    const std::lock_guard lock{mutex};
    return std::ranges::find(entries, id, [](const Entry& one) { return one.message.id; })->state;
  }
  // Lets the next calls of this name fail.
  void fail(const std::string& call, int times_) {
    const std::lock_guard lock{mutex};
    failing[call] = times_;
  }

  std::mutex mutex;
  std::vector<Entry> entries;  // oldest first
  std::vector<AlertMessage> open;
  std::vector<std::string> events;
  std::map<std::string, int> failing;
  std::function<void()> after_look;  // called once, when a look at the outbox is about to end
};

class FakeAlertStore final : public AlertStore {
 public:
  explicit FakeAlertStore(FakeOutbox& outbox) : outbox_(outbox) { may_fail("open"); }

  std::uint64_t observe(const ConditionReport&, TimePoint) override { return 0; }
  std::uint64_t end_all_but(const std::vector<std::string>&, const std::vector<WatchedRule>&, TimePoint) override {
    return 0;
  }
  std::optional<TimePoint> form_messages(const std::vector<std::string>&, const std::string&, std::chrono::milliseconds,
                                         TimePoint) override {
    may_fail("form");
    return std::nullopt;
  }
  std::vector<AlertMessage> due(const std::vector<std::string>&, const std::string& channel, TimePoint now,
                                const DueQuestion& question) override {
    may_fail("due");
    const std::lock_guard lock{outbox_.mutex};
    std::vector<AlertMessage> messages;
    for (const auto& one : outbox_.entries) {
      if (!waits(one, channel) || one.next > now || (question.untried_only && one.message.attempts > 0)) continue;
      if (messages.size() < question.limit) messages.push_back(one.message);
    }
    return messages;
  }
  std::optional<TimePoint> next_due(const std::vector<std::string>&, const std::string& channel) override {
    std::optional<TimePoint> next;
    std::function<void()> hook;
    {
      const std::lock_guard lock{outbox_.mutex};
      for (const auto& one : outbox_.entries) {
        if (waits(one, channel)) next = next ? std::min(*next, one.next) : one.next;
      }
      hook = std::exchange(outbox_.after_look, nullptr);
      outbox_.events.push_back("looked " + channel);
    }
    if (hook) hook();
    return next;
  }
  void give_back(const AlertMessage& message) override { outbox_.note("back " + message.id); }
  std::uint64_t give_up(const std::vector<std::string>&, const std::string& channel, TimePoint since,
                        const std::string&) override {
    const std::lock_guard lock{outbox_.mutex};
    std::uint64_t count = 0;
    for (auto& one : outbox_.entries) {
      if (!waits(one, channel) || one.message.pending_since > since) continue;
      one.state = DeliveryResult::State::dead;
      ++count;
    }
    return count;
  }
  void record(const AlertMessage& message, const DeliveryResult& result, TimePoint) override {
    may_fail("record");
    const std::lock_guard lock{outbox_.mutex};
    for (auto& one : outbox_.entries) {
      if (one.message.id != message.id) continue;
      ++one.message.attempts;
      one.state = result.state;
      one.next = result.next_attempt_at;
    }
    outbox_.events.push_back("record " + message.id);
  }
  std::vector<AlertMessage> open_alerts(const std::vector<std::string>&, const std::string&) override {
    may_fail("open alerts");
    const std::lock_guard lock{outbox_.mutex};
    return outbox_.open;
  }
  std::vector<ListedMessage> list(const std::vector<std::string>&, const std::string&, std::size_t) override {
    return {};
  }
  std::uint64_t retry(const std::vector<std::string>&, const std::string&, const std::string&, TimePoint) override {
    return 0;
  }

 private:
  static bool waits(const FakeOutbox::Entry& one, const std::string& channel) {
    return one.message.channel == channel && one.state == DeliveryResult::State::pending;
  }
  void may_fail(const std::string& call) {
    const std::lock_guard lock{outbox_.mutex};
    if (outbox_.failing[call] <= 0) return;
    --outbox_.failing[call];
    outbox_.events.push_back(call + " failed");
    throw StorageError(StorageFailure::unreachable, "away");
  }

  FakeOutbox& outbox_;
};

class FakeAlertChannel final : public AlertChannel {
 public:
  using Receiver = std::function<Delivery(const AlertMessage&, const std::stop_token&)>;

  explicit FakeAlertChannel(FakeOutbox& outbox) : outbox_(outbox) {}

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    outbox_.note("deliver " + message.id);
    return receiver ? receiver(message, stop) : Delivery{};
  }
  [[nodiscard]] bool wants_repeats() const override { return repeats; }
  Delivery repeat(const std::vector<AlertMessage>& open, const std::stop_token&) override {
    outbox_.note("repeat " + std::to_string(open.size()));
    return repeater ? repeater() : Delivery{};
  }

  Receiver receiver;
  bool repeats = false;
  std::function<Delivery()> repeater;

 private:
  FakeOutbox& outbox_;
};

// A receiver that answers only when the daemon stops.
inline Delivery hang(const AlertMessage&, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  stopped.wait(lock, stop, [] { return false; });
  return Delivery::again("the daemon stops");
}

}  // namespace simsync
