#include <cstdlib>

#include "storage/alert_history.h"
#include "storage/alert_history_statements.h"
#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

constexpr char kPortion[] = "5000";
constexpr std::size_t kRows = 5000;
constexpr int kReadUntil = 11;  // the column that the next portion begins behind

std::optional<TimePoint> time_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return from_epoch(std::strtoll(field.c_str(), nullptr, 10));
}

std::optional<std::string> text_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<std::string>();
}

RecordedChange change_of(const pqxx::row& row, bool profile) {
  RecordedChange change;
  change.id = std::strtoll(row[0].c_str(), nullptr, 10);
  change.profile = profile;
  change.sim_id = row[1].as<std::string>();
  change.kind = row[2].as<std::string>();
  change.field = row[3].as<std::string>();
  change.old_value = text_or_null(row[4]);
  change.new_value = text_or_null(row[5]);
  change.observed_at = time_or_null(row[6]).value_or(TimePoint{});
  change.provider = row[7].as<std::string>();
  change.type = row[8].as<std::string>();
  change.status = row[9].as<std::string>();
  change.metadata = row[10].as<std::string>();
  return change;
}

class PostgresAlertHistory : public AlertHistory {
 public:
  explicit PostgresAlertHistory(const std::string& url) : session_(url) {}

  void changes(const std::string& project, bool profiles, TimePoint since, const TakeChanges& take) override {
    std::string after = to_pg(since);
    std::string number = "-1";
    bool more = true;
    while (more) {
      std::vector<RecordedChange> portion;
      session_.read(bounds::kPerson, [&](Transaction& transaction) {
        portion.clear();
        const pqxx::result rows =
            exec_with(transaction, profiles ? statements::kPastTransitions : statements::kPastChanges,
                      {project, after, number, kPortion});
        for (const auto& row : rows) {
          portion.push_back(change_of(row, profiles));
          portion.back().own = row[kReadUntil + 1].template as<bool>();
        }
        if (!rows.empty()) after = rows.back()[kReadUntil].as<std::string>();
      });
      if (!portion.empty()) number = std::to_string(portion.back().id);
      more = portion.size() == kRows;
      if (!portion.empty() && !take(portion)) return;
    }
  }

  void stays(const std::string& project, bool profiles, std::chrono::milliseconds lasting, TimePoint since,
             TimePoint now, const TakeStays& take) override {
    std::string after = "-infinity";
    std::string sim;
    bool more = true;
    while (more) {
      std::vector<PastStay> portion;
      session_.read(bounds::kPerson, [&](Transaction& transaction) {
        portion.clear();
        const pqxx::result rows =
            exec_with(transaction, profiles ? statements::kPastProfileStays : statements::kPastSimStays,
                      {project, after, sim, kPortion, std::to_string(lasting.count()), to_pg(since), to_pg(now)});
        for (const auto& row : rows) portion.push_back({change_of(row, profiles), time_or_null(row[kReadUntil + 1])});
        if (!rows.empty()) after = rows.back()[kReadUntil].as<std::string>();
      });
      if (!portion.empty()) sim = portion.back().change.sim_id;
      more = portion.size() == kRows;
      if (!portion.empty() && !take(portion)) return;
    }
  }

  std::vector<PastLateness> lateness(const std::string& project, std::chrono::milliseconds above, TimePoint since,
                                     TimePoint now) override {
    return session_.read(bounds::kPerson, [&](Transaction& transaction) {
      std::vector<PastLateness> late;
      for (const auto& row : exec_with(transaction, statements::kPastLateness,
                                       {project, std::to_string(above.count()), to_pg(since), to_pg(now)})) {
        late.push_back({time_or_null(row[0]).value_or(TimePoint{}), time_or_null(row[1])});
      }
      return late;
    });
  }

 private:
  PostgresSession session_;
};

}  // namespace

std::unique_ptr<AlertHistory> open_postgres_alert_history(const std::string& url) {
  return std::make_unique<PostgresAlertHistory>(url);
}

}  // namespace simsync
