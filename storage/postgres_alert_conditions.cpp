#include <cstdlib>

#include "storage/alert_conditions.h"
#include "storage/condition_statements.h"
#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

// `*` is any text; what else LIKE would take for a pattern stands for itself.
std::string like_pattern(const std::string& value) {
  std::string pattern;
  for (const char c : value) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c == '*' ? '%' : c;
  }
  return pattern;
}

std::string patterns(const std::vector<std::string>& values) {
  TextArray array;
  for (const std::string& value : values) array.append(like_pattern(value));
  return array.take();
}

std::string limit_of_conditions() {
  return std::to_string(kMostConditions);
}

TimePoint time_of(const pqxx::field& field) {
  return from_epoch(std::strtoll(field.c_str(), nullptr, 10));
}

std::optional<TimePoint> time_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return time_of(field);
}

class PostgresAlertConditions : public AlertConditions {
 public:
  PostgresAlertConditions(const std::string& url, SessionObserver* observer) : session_(url, observer) {}

  HoldingConditions profiles_in(const std::string& project, const StateQuestion& question, TimePoint now) override {
    return in_state(statements::kProfilesInState, project, question, now);
  }

  HoldingConditions sims_in(const std::string& project, const StateQuestion& question, TimePoint now) override {
    return in_state(statements::kSimsInState, project, question, now);
  }

  std::vector<StockLevel> stock(const std::string& project, const SimFilter& where) override {
    return session_.read([&](Transaction& transaction) {
      std::vector<StockLevel> levels;
      for (const auto& row : exec_with(transaction, statements::kStockLevels,
                                       {project, patterns(where.providers), patterns(where.types)})) {
        levels.push_back({row[0].template as<std::string>(), row[1].template as<std::string>(),
                          row[2].template as<std::uint64_t>()});
      }
      return levels;
    });
  }

  ProjectAge age(const std::string& project) override {
    return session_.read([&](Transaction& transaction) {
      const pqxx::result found = exec_with(transaction, statements::kProjectAge, {project});
      return ProjectAge{time_or_null(found[0][0]), time_or_null(found[0][1])};
    });
  }

 private:
  HoldingConditions in_state(const std::string& statement, const std::string& project, const StateQuestion& question,
                             TimePoint now) {
    TextArray keys, values;
    for (const auto& [key, texts] : question.where.metadata) {
      for (const std::string& text : texts) {
        keys.append(key);
        values.append(like_pattern(text));
      }
    }
    const SimFilter& where = question.where;
    const std::vector<std::string> parameters = {project,
                                                 patterns(where.providers),
                                                 patterns(where.types),
                                                 patterns(where.statuses),
                                                 keys.take(),
                                                 values.take(),
                                                 patterns(question.in),
                                                 to_pg(now - question.lasting),
                                                 limit_of_conditions(),
                                                 question.rule};
    return session_.read([&](Transaction& transaction) {
      transaction.exec("SET LOCAL jit = off");
      HoldingConditions found;
      for (const auto& row : exec_with(transaction, statement, parameters)) {
        found.total = row[1].template as<std::uint64_t>();
        AlertCondition& condition = found.holding.emplace_back();
        condition.sim_id = row[0].template as<std::string>();
        condition.provider = row[2].template as<std::string>();
        condition.to = row[3].template as<std::string>();
        condition.since = time_of(row[4]);
        condition.details = row[5].template as<std::string>();
      }
      return found;
    });
  }

  PostgresSession session_;
};

}  // namespace

std::unique_ptr<AlertConditions> open_postgres_alert_conditions(const std::string& url, SessionObserver* observer) {
  return std::make_unique<PostgresAlertConditions>(url, observer);
}

}  // namespace simsync
