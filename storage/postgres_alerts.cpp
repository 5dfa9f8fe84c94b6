// The outbox on PostgreSQL; alert_statements.h says how.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "storage/alert_statements.h"
#include "storage/alert_store.h"
#include "storage/pg_text.h"
#include "storage/postgres_alerting.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/statements.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

// Somebody else makes messages of the project just now.
constexpr std::chrono::milliseconds kOthersTurn{100};

TimePoint time_of(const pqxx::field& field) {
  return from_epoch(std::strtoll(field.c_str(), nullptr, 10));
}

std::optional<TimePoint> time_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return time_of(field);
}

void read_lists(Transaction& transaction, const std::string& body, AlertMessage& message) {
  for (const auto& row : exec_with(transaction, statements::kFirstOfBody, {body})) {
    message.first.push_back({row[0].template as<std::int64_t>(), row[1].template as<std::string>(),
                             row[2].template as<std::string>(), row[3].template as<std::string>(),
                             row[4].template as<std::string>(), row[5].template as<std::string>(),
                             row[6].template as<std::uint64_t>(), time_of(row[7])});
  }
  for (const auto& row : exec_with(transaction, statements::kBreakdownOfBody, {body})) {
    message.breakdown.push_back({row[0].template as<std::string>(), row[1].template as<std::string>(),
                                 row[2].template as<std::string>(), row[3].template as<std::uint64_t>()});
  }
  for (const auto& row : exec_with(transaction, statements::kProvidersOfBody, {body})) {
    message.providers.push_back(row[0].template as<std::string>());
  }
}

void lock_alerts(Transaction& transaction, const std::string& project) {
  exec_with(transaction, statements::kLockAlerts, {project});
}

// A row of statements::kMessageColumns.
AlertMessage message_of(Transaction& transaction, const pqxx::row& row) {
  AlertMessage message;
  message.id = row["message_id"].as<std::string>();
  message.project = row["project"].as<std::string>();
  message.channel = row["channel"].as<std::string>();
  message.rule = row["rule"].as<std::string>();
  message.type = row["type"].as<std::string>();
  message.severity = row["severity"].as<std::string>();
  message.event = row["event"].as<std::string>() == "resolved" ? AlertEvent::resolved : AlertEvent::raised;
  message.lasting = row["lasting"].as<std::string>() == "true";
  message.first_raised_at = time_of(row["first_raised_at"]);
  message.last_raised_at = time_of(row["last_raised_at"]);
  message.resolved_at = time_or_null(row["resolved_at"]);
  message.alerts = row["alerts"].as<std::uint64_t>();
  message.details = row["details"].as<std::string>();
  message.attempts = row["attempts"].as<std::uint64_t>();
  message.pending_since = time_of(row["pending_since"]);
  read_lists(transaction, row["body"].as<std::string>(), message);
  return message;
}

std::vector<AlertMessage> messages_of(Transaction& transaction, const pqxx::result& rows) {
  std::vector<AlertMessage> messages;
  for (const auto& row : rows) messages.push_back(message_of(transaction, row));
  return messages;
}

const char* to_text(DeliveryResult::State state) {
  switch (state) {
    case DeliveryResult::State::delivered:
      return "delivered";
    case DeliveryResult::State::dead:
      return "dead";
    case DeliveryResult::State::pending:
      break;
  }
  return "pending";
}

std::string random_name() {
  std::random_device device;
  return std::to_string(device()) + '-' + std::to_string(device());
}

// In which the locks of several projects are taken.
std::vector<std::string> sorted(std::vector<std::string> projects) {
  std::ranges::sort(projects);
  return projects;
}

class PostgresAlertStore : public AlertStore {
 public:
  PostgresAlertStore(const std::string& url, SessionObserver* observer)
      : session_(url, observer), name_(random_name()) {}

  std::uint64_t observe(const ConditionReport& report, TimePoint now) override {
    return session_.transact([&](Transaction& transaction) {
      transaction.exec(statements::kPlanForBatches);
      return observe_conditions(transaction, report, now);
    });
  }

  std::uint64_t end_all_but(const std::vector<std::string>& projects, const std::vector<WatchedRule>& watched,
                            TimePoint now) override {
    std::vector<std::string> of, rules;
    for (const WatchedRule& one : watched) {
      of.push_back(one.project);
      rules.push_back(one.rule);
    }
    return session_.transact([&](Transaction& transaction) {
      std::uint64_t ended = 0;
      for (const auto& row : exec_with(transaction, statements::kOrphanedRules,
                                       {text_array(projects), text_array(of), text_array(rules)})) {
        ConditionReport none;
        none.project = row[0].template as<std::string>();
        none.rule = row[1].template as<std::string>();
        ended += observe_conditions(transaction, none, now);
      }
      return ended;
    });
  }

  std::optional<TimePoint> form_messages(const std::vector<std::string>& projects, const std::string& channel,
                                         std::chrono::milliseconds group_wait, TimePoint now) override {
    std::int64_t place = 0;
    std::optional<TimePoint> next = form_once(projects, channel, group_wait, now, place);
    // What ended while it waited for its first message waits anew, perhaps for long enough already.
    if (next && *next <= now) next = form_once(projects, channel, group_wait, now, place);
    return next;
  }

  std::vector<AlertMessage> due(const std::vector<std::string>& projects, const std::string& channel, TimePoint now,
                                const DueQuestion& question) override {
    return session_.transact([&](Transaction& transaction) {
      return messages_of(transaction,
                         exec_with(transaction, statements::kClaimDue,
                                   {text_array(projects), channel, to_pg(now), name_, std::to_string(question.limit),
                                    question.untried_only ? "true" : "false", std::to_string(question.claim.count())}));
    });
  }

  std::optional<TimePoint> next_due(const std::vector<std::string>& projects, const std::string& channel) override {
    return session_.read([&](Transaction& transaction) {
      return time_or_null(exec_with(transaction, statements::kNextDue, {text_array(projects), channel, name_})[0][0]);
    });
  }

  void give_back(const AlertMessage& message) override {
    session_.transact([&](Transaction& transaction) {
      exec_with(transaction, statements::kGiveBack, {message.project, message.id, name_});
    });
  }

  void record(const AlertMessage& message, const DeliveryResult& result, TimePoint now) override {
    const bool pending = result.state == DeliveryResult::State::pending;
    session_.transact([&](Transaction& transaction) {
      // Who ends alerts changes their deliveries in another order.
      if (!pending) lock_alerts(transaction, message.project);
      exec_with(transaction, statements::kRecord,
                {message.project, message.id, to_text(result.state), result.error,
                 pending ? to_pg(result.next_attempt_at) : std::string{}, to_pg(now)});
    });
  }

  std::uint64_t give_up(const std::vector<std::string>& projects, const std::string& channel, TimePoint since,
                        const std::string& error) override {
    return session_.transact([&](Transaction& transaction) {
      for (const std::string& project : sorted(projects)) lock_alerts(transaction, project);
      return exec_with(transaction, statements::kGiveUp, {text_array(projects), channel, to_pg(since), error})[0][0]
          .as<std::uint64_t>();
    });
  }

  std::vector<AlertMessage> open_alerts(const std::vector<std::string>& projects, const std::string& channel) override {
    return session_.read([&](Transaction& transaction) {
      std::vector<AlertMessage> open;
      for (const auto& row : exec_with(transaction, statements::kOpenRules, {text_array(projects), channel})) {
        const auto project = row[0].template as<std::string>();
        const auto rule = row[1].template as<std::string>();
        for (AlertMessage& message : messages_of(
                 transaction, exec_with(transaction, statements::kOpenAlerts, {project, channel, rule, "raised"}))) {
          open.push_back(std::move(message));
        }
      }
      return open;
    });
  }

  std::vector<ListedMessage> list(const std::vector<std::string>& projects, const std::string& state,
                                  std::size_t limit) override {
    return session_.read([&](Transaction& transaction) {
      std::vector<ListedMessage> listed;
      for (const auto& row :
           exec_with(transaction, statements::kList, {text_array(projects), state, std::to_string(limit)})) {
        listed.push_back({message_of(transaction, row), row["state"].template as<std::string>(),
                          time_of(row["formed_at"]), row["last_error"].template as<std::string>(),
                          time_or_null(row["next_attempt_at"]), time_or_null(row["delivered_at"])});
      }
      return listed;
    });
  }

  std::uint64_t retry(const std::vector<std::string>& projects, const std::string& channel, const std::string& message,
                      TimePoint now) override {
    return session_.transact([&](Transaction& transaction) {
      for (const std::string& project : sorted(projects)) lock_alerts(transaction, project);
      return exec_with(transaction, statements::kRetry, {text_array(projects), channel, message, to_pg(now)})[0][0]
          .as<std::uint64_t>();
    });
  }

 private:
  struct Waiting {
    std::string project, rule, event;
    TimePoint oldest{};
  };

  static std::vector<Waiting> waiting(Transaction& transaction, const std::vector<std::string>& projects,
                                      const std::string& channel) {
    std::vector<Waiting> groups;
    for (const auto& row : exec_with(transaction, statements::kWaiting, {text_array(projects), channel})) {
      groups.push_back({row[0].template as<std::string>(), row[1].template as<std::string>(),
                        row[2].template as<std::string>(), time_of(row[3])});
    }
    return groups;
  }

  // Returns when the next message is to be made, `now` if another look is worth it. `place` is how many were made
  // before, and is counted on: of one look they are told in the order in which they were made.
  std::optional<TimePoint> form_once(const std::vector<std::string>& projects, const std::string& channel,
                                     std::chrono::milliseconds group_wait, TimePoint now, std::int64_t& place) {
    std::optional<TimePoint> next;
    const auto not_later = [&](TimePoint at) { next = next ? std::min(*next, at) : at; };
    const auto groups =
        session_.read([&](Transaction& transaction) { return waiting(transaction, projects, channel); });
    for (const Waiting& group : groups) {
      const TimePoint due = group.oldest + group_wait;
      // One from the future comes from a clock that was ahead, and must not wait until then.
      if (due > now && group.oldest <= now + std::chrono::minutes{1}) {
        not_later(due);
      } else if (!form(group, channel, now, place)) {
        not_later(now + kOthersTurn);
      } else if (group.event == "raised") {
        not_later(now);
      }
    }
    return next;
  }

  // Makes a group's message; false: somebody else makes messages of the project just now.
  bool form(const Waiting& group, const std::string& channel, TimePoint now, std::int64_t& place) {
    return session_.transact([&](Transaction& transaction) {
      if (!exec_with(transaction, statements::kTryLockAlerts, {group.project})[0][0].as<bool>()) return false;
      transaction.exec(statements::kPlanForBatches);
      const auto form_one = [&](const std::string& event) {
        exec_with(transaction, statements::kFormMessage,
                  {group.project, channel, group.rule, event, to_pg(now), std::to_string(place++)});
      };
      // What has ended may have begun anew meanwhile: its end comes first, however young it is.
      if (group.event == "raised") form_one("resolved");
      form_one(group.event);
      return true;
    });
  }

  PostgresSession session_;
  std::string name_;  // by which it knows its own claims
};

}  // namespace

std::unique_ptr<AlertStore> open_postgres_alert_store(const std::string& url, SessionObserver* observer) {
  return std::make_unique<PostgresAlertStore>(url, observer);
}

}  // namespace simsync
