#include "tests/simulation/outbox.h"

#include <algorithm>
#include <utility>

#include "sync/stopping.h"
#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {
namespace {

using Milliseconds = std::chrono::milliseconds;
using State = DeliveryResult::State;

class SimulatedAlertStore : public AlertStore {
 public:
  explicit SimulatedAlertStore(const StoreAccess& access) : connection_(access) {}

  std::uint64_t observe(const ConditionReport&, TimePoint) override { return 0; }
  std::uint64_t end_all_but(const std::vector<std::string>&, const std::vector<WatchedRule>&, TimePoint) override {
    return 0;
  }

  std::optional<TimePoint> form_messages(const std::vector<std::string>&, const std::string& channel,
                                         Milliseconds group_wait, TimePoint now) override {
    return connection_.transact([&](Tables& tables) -> std::optional<TimePoint> {
      const auto oldest = std::ranges::find_if(tables.alerts, &AlertRow::waits);
      if (oldest == tables.alerts.end()) return std::nullopt;
      if (oldest->raised_at + group_wait > now && oldest->raised_at <= now) return oldest->raised_at + group_wait;
      tables.messages.push_back(formed(tables, channel, now));
      return std::nullopt;
    });
  }

  std::vector<AlertMessage> due(const std::vector<std::string>&, const std::string&, TimePoint now,
                                const DueQuestion& question) override {
    return connection_.transact([&](Tables& tables) {
      std::vector<AlertMessage> found;
      for (MessageRow& row : tables.messages) {
        if (found.size() == question.limit) break;
        if (row.state != State::pending || row.next_attempt_at > now) continue;
        if (question.untried_only && row.message.attempts > 0) continue;
        if (row.claimed_by != this && row.claimed_until > now) continue;
        row.claimed_by = this;
        row.claimed_until = now + question.claim;
        found.push_back(row.message);
      }
      return found;
    });
  }

  std::optional<TimePoint> next_due(const std::vector<std::string>&, const std::string&) override {
    return connection_.transact([](Tables& tables) {
      std::optional<TimePoint> next;
      for (const MessageRow& row : tables.messages) {
        if (row.state == State::pending) next = next ? std::min(*next, row.next_attempt_at) : row.next_attempt_at;
      }
      return next;
    });
  }

  void give_back(const AlertMessage& message) override {
    connection_.transact([&](Tables& tables) { row_of(tables, message).claimed_until = TimePoint{}; });
  }

  void record(const AlertMessage& message, const DeliveryResult& result, TimePoint) override {
    connection_.transact([&](Tables& tables) {
      MessageRow& row = row_of(tables, message);
      if (row.state == State::delivered) return;
      row.state = result.state;
      row.next_attempt_at = result.next_attempt_at;
      row.message.attempts = message.attempts + 1;
      row.claimed_until = TimePoint{};
    });
  }

  std::uint64_t give_up(const std::vector<std::string>&, const std::string&, TimePoint, const std::string&) override {
    return 0;
  }
  std::vector<AlertMessage> open_alerts(const std::vector<std::string>&, const std::string&) override { return {}; }
  std::vector<ListedMessage> list(const std::vector<std::string>&, const std::string&, std::size_t) override {
    return {};
  }
  std::uint64_t retry(const std::vector<std::string>&, const std::string&, const std::string&, TimePoint) override {
    return 0;
  }

 private:
  static MessageRow formed(Tables& tables, const std::string& channel, TimePoint now) {
    MessageRow row;
    row.message.id = "msg_" + std::to_string(tables.messages.size());
    row.message.channel = channel;
    row.message.pending_since = now;
    for (AlertRow& alert : tables.alerts) {
      if (!std::exchange(alert.waits, false)) continue;
      row.changes.push_back(alert.change);
      row.message.rule = alert.rule;
      AlertOfSim& one = row.message.first.emplace_back();
      one.alert_id = alert.change;
      one.sim_id = alert.sim_id;
    }
    row.message.alerts = row.changes.size();
    return row;
  }

  static MessageRow& row_of(Tables& tables, const AlertMessage& message) {
    return *std::ranges::find_if(tables.messages, [&](const MessageRow& row) { return row.message.id == message.id; });
  }

  Connection connection_;
};

class SimulatedChannel : public AlertChannel {
 public:
  SimulatedChannel(Receiver& receiver, const Line& line) : receiver_(receiver), line_(line) {}

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    if (!sleep_for(Milliseconds{random()() % 500}, stop)) return Delivery::again("stopped");
    if (line_.severed || random()() % 1000 < receiver_.fails) return Delivery::again("simulated");
    receiver_.told[message.id].push_back(text_of(message));
    if (random()() % 1000 < receiver_.loses) return Delivery::again("simulated");
    return {};
  }

 private:
  Receiver& receiver_;
  const Line& line_;
};

}  // namespace

std::unique_ptr<AlertStore> make_simulated_alert_store(const StoreAccess& access) {
  return std::make_unique<SimulatedAlertStore>(access);
}

std::unique_ptr<AlertChannel> make_simulated_channel(Receiver& receiver, const Line& line) {
  return std::make_unique<SimulatedChannel>(receiver, line);
}

std::string text_of(const AlertMessage& message) {
  std::string text;
  for (const AlertOfSim& alert : message.first) text += std::to_string(alert.alert_id) + ' ';
  return text;
}

}  // namespace simsync::simulation
