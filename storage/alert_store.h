// The outbox: alerts that wait, the messages they are sent in, and what became of those. Written with a change (see
// alert.h) or by a condition that began or ended; a message, once formed, never changes, so that it can be sent again
// with the same id and the same body.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/alert.h"
#include "storage/sim.h"
#include "storage/storage_error.h"
#include "storage/store_observer.h"

namespace simsync {

// What of an alert a message tells.
enum class AlertEvent { raised, resolved };

// How many of a message's alerts have these in common.
struct AlertBreakdown {
  std::string provider;
  std::string from;
  std::string to;
  std::uint64_t alerts = 0;
};

struct AlertOfSim {
  std::int64_t alert_id = 0;
  std::string sim_id;
  std::string iccid;
  std::string provider;
  std::string from;
  std::string to;
  std::uint64_t count = 1;  // how often it was raised while it was open
  TimePoint raised_at{};
};

// All alerts of one rule and project that one channel hears of at once.
struct AlertMessage {
  std::string id;  // the same in every attempt; `msg_` and 32 hexadecimal digits
  std::string project;
  std::string channel;
  std::string rule;
  std::string type;
  std::string severity;
  AlertEvent event = AlertEvent::raised;
  bool lasting = false;  // a condition that ends (time in a state, stock, freshness); otherwise a change
  TimePoint first_raised_at{};
  TimePoint last_raised_at{};
  std::optional<TimePoint> resolved_at;  // of one that tells so: when the last of them ended
  std::uint64_t alerts = 0;
  std::vector<AlertBreakdown> breakdown;  // largest first, at most 50
  std::vector<std::string> providers;     // of all the alerts, at most 1000; "": of none
  std::vector<AlertOfSim> first;          // at most 20
  // JSON object of an alert that is about no SIM; otherwise empty. Of several it is {"alerts": [...]}, at most 20.
  std::string details;
  std::uint64_t attempts = 0;  // before this one
  TimePoint pending_since{};   // when it was formed, or made pending again: it is given up so long after this
  bool test = false;           // of `simsyncd alerts test --send`, and says so; never in the outbox
};

// A condition that holds now, of a rule on time in a state, stock or freshness.
struct AlertCondition {
  std::string sim_id;   // empty: about no SIM
  std::string subject;  // tells apart those without a SIM, such as "p9 pSIM"
  std::string provider;
  std::string to;  // the state it is in
  TimePoint since{};
  std::string details;  // JSON object
  bool young = false;   // holds, but not for long enough yet: it is not raised, and what is open of it does not end
};

// One rule's conditions as they are now.
struct ConditionReport {
  std::string project;
  std::string rule;
  std::string type;
  std::string severity;
  std::vector<std::string> channels;
  std::vector<AlertCondition> holding;  // what is open and not named here has ended
};

// How an attempt ended.
struct DeliveryResult {
  enum class State { delivered, pending, dead } state = State::delivered;
  std::string error;            // one line; empty when delivered
  TimePoint next_attempt_at{};  // of a pending one
};

// What a store is asked to hand out, and to keep from the others.
struct DueQuestion {
  std::size_t limit = 1;
  bool untried_only = false;                                  // only what was never attempted
  std::chrono::milliseconds claim{std::chrono::seconds{15}};  // what it got, no other store gets for so long
};

// A rule that is looked at, in a project.
struct WatchedRule {
  std::string project;
  std::string rule;
};

// A line of `simsyncd alerts list`.
struct ListedMessage {
  AlertMessage message;
  std::string state;  // pending, delivered, dead
  TimePoint formed_at{};
  std::string last_error;
  std::optional<TimePoint> next_attempt_at;
  std::optional<TimePoint> delivered_at;
};

// Belongs to one thread. All functions block, and throw StorageError; each is one transaction if it does not say
// otherwise.
class AlertStore {
 public:
  virtual ~AlertStore() = default;

  // Raises what holds and has no open alert of this rule, ends the open ones that hold no more. Returns how many of
  // both.
  virtual std::uint64_t observe(const ConditionReport& report, TimePoint now) = 0;

  // Ends the projects' open alerts of rules that are not among `watched`: nobody looks at their conditions any more.
  // Those of what is built in stay. Returns how many.
  virtual std::uint64_t end_all_but(const std::vector<std::string>& projects, const std::vector<WatchedRule>& watched,
                                    TimePoint now) = 0;

  // Makes messages of the alerts that wait for `channel`, rule by rule, as soon as the oldest of a rule was raised
  // `group_wait` ago; what ended is told before what began anew. Returns when the next one is to be made; nullopt:
  // nothing waits. A transaction for each message.
  virtual std::optional<TimePoint> form_messages(const std::vector<std::string>& projects, const std::string& channel,
                                                 std::chrono::milliseconds group_wait, TimePoint now) = 0;

  // The channel's messages that are due, oldest first; and (reads) when the next of the others is. What lasts is due in
  // its order: not before what its rule has to say first. What one store got, others do not get until its claim is
  // over, it is given back or recorded: two processes do not send the same. Who asks again gets its own again.
  virtual std::vector<AlertMessage> due(const std::vector<std::string>& projects, const std::string& channel,
                                        TimePoint now, const DueQuestion& question) = 0;
  virtual std::optional<TimePoint> next_due(const std::vector<std::string>& projects, const std::string& channel) = 0;
  virtual void give_back(const AlertMessage& message) = 0;

  virtual void record(const AlertMessage& message, const DeliveryResult& result, TimePoint now) = 0;

  // Gives up all of the channel's messages that are pending since `since` or before. Returns how many.
  virtual std::uint64_t give_up(const std::vector<std::string>& projects, const std::string& channel, TimePoint since,
                                const std::string& error) = 0;

  // Reads: what a channel that wants to hear of open alerts again (alertmanager) has to repeat: of each rule one
  // message, as if it were formed now, of the open lasting alerts that were delivered to it.
  virtual std::vector<AlertMessage> open_alerts(const std::vector<std::string>& projects,
                                                const std::string& channel) = 0;

  // Reads: newest first. `state` empty: pending and dead ones.
  virtual std::vector<ListedMessage> list(const std::vector<std::string>& projects, const std::string& state,
                                          std::size_t limit) = 0;

  // Makes dead messages pending again: those of `channel`, or of all where it is empty; `message` empty: all of them.
  // One that says that something began is made anew of what still lasts. Returns how many.
  virtual std::uint64_t retry(const std::vector<std::string>& projects, const std::string& channel,
                              const std::string& message, TimePoint now) = 0;
};

std::unique_ptr<AlertStore> open_postgres_alert_store(const std::string& url, SessionObserver* observer = nullptr);

}  // namespace simsync
