#include "storage/postgres_alerting.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <unordered_map>

#include "storage/alert_statements.h"
#include "storage/pg_binary.h"
#include "storage/pg_text.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"

namespace simsync {
namespace {

// Of what is built in.
constexpr char kTokenRule[] = "auth-failed";
constexpr char kTokenType[] = "simsync.auth_failed";
constexpr char kTokenSeverity[] = "critical";

constexpr int kCounts = 4;  // columns before those of the history

template <typename Row>
std::string text_of(const Row& row, int column) {
  return {row[column].c_str(), row[column].size()};
}

template <typename Row>
std::optional<std::string> text_or_null(const Row& row, int column) {
  if (row[column].is_null()) return std::nullopt;
  return text_of(row, column);
}

template <typename Row>
std::int64_t number_of(const Row& row, int column) {
  return std::strtoll(row[column].c_str(), nullptr, 10);
}

// Without history there is one row, of nulls behind the counts.
template <typename Read>
std::vector<RecordedChange> read_changes(const pqxx::result& rows, int first_column, const Read& read) {
  std::vector<RecordedChange> changes;
  if (rows.empty() || rows[0][first_column].is_null()) return changes;
  changes.reserve(static_cast<std::size_t>(rows.size()));
  for (const auto& row : rows) changes.push_back(read(row));
  return changes;
}

// change_id, sim_id, kind, field, old_value, new_value, observed_at.
template <typename Row>
RecordedChange sim_change(const Row& row, int column) {
  RecordedChange change;
  change.id = number_of(row, column);
  change.sim_id = text_of(row, column + 1);
  change.kind = text_of(row, column + 2);
  change.field = text_of(row, column + 3);
  change.old_value = text_or_null(row, column + 4);
  change.new_value = text_or_null(row, column + 5);
  change.observed_at = from_epoch(number_of(row, column + 6));
  return change;
}

// The columns of statements::kRaiseAlerts.
class AlertRows {
 public:
  explicit AlertRows(std::span<const RecordedChange> changes) : changes_(changes) {}

  void add(const RaisedAlert& alert, std::int64_t count) {
    const RecordedChange& change = changes_[alert.change];
    const std::string* const texts[] = {&alert.rule, &alert.type, &alert.severity, &change.sim_id, &change.provider,
                                        &alert.from, &alert.to,   &change.kind,    &change.field};
    std::size_t column = 0;
    for (const std::string* text : texts) texts_[column++].append(std::string_view{*text});
    change_ids_.append(change.profile ? std::int64_t{0} : change.id);
    transition_ids_.append(change.profile ? change.id : std::int64_t{0});
    counts_.append(count);
    channels_[alert.rule].insert(alert.channels.begin(), alert.channels.end());
  }

  std::vector<std::string> parameters(const std::string& project, TimePoint now,
                                      std::chrono::milliseconds repeat_after) {
    std::vector<std::string> all = {project};
    for (BinaryArray& column : texts_) all.push_back(column.take());
    for (BinaryArray* column : {&change_ids_, &transition_ids_, &counts_}) all.push_back(column->take());
    BinaryArray rules{ElementType::text}, channels{ElementType::text};
    for (const auto& [rule, names] : channels_) {
      for (const std::string& name : names) {
        rules.append(std::string_view{rule});
        channels.append(std::string_view{name});
      }
    }
    all.push_back(rules.take());
    all.push_back(channels.take());
    all.push_back(binary_time(now));
    all.push_back(std::to_string(repeat_after.count()));
    return all;
  }

 private:
  std::span<const RecordedChange> changes_;
  std::vector<BinaryArray> texts_ = std::vector<BinaryArray>(9, BinaryArray{ElementType::text});
  BinaryArray change_ids_{ElementType::int8}, transition_ids_{ElementType::int8}, counts_{ElementType::int8};
  std::map<std::string, std::set<std::string>> channels_;
};

// How often each is raised; 0: as often as the first of the same SIM and rule says. A rule that concerns several fields
// of a SIM raises for each, and the statement looks for the open alert of each but once.
std::vector<std::int64_t> counts_of(const std::vector<RaisedAlert>& raised, std::span<const RecordedChange> changes) {
  std::vector<std::int64_t> counts(raised.size(), 0);
  std::unordered_map<std::string, std::size_t> first;
  first.reserve(raised.size());
  for (std::size_t i = 0; i < raised.size(); ++i) {
    const auto found = first.emplace(raised[i].rule + '\0' + changes[raised[i].change].sim_id, i).first;
    ++counts[found->second];
  }
  return counts;
}

std::string text_parameter(const std::vector<std::string>& values) {
  BinaryArray array{ElementType::text};
  for (const std::string& value : values) array.append(std::string_view{value});
  return array.take();
}

}  // namespace

std::vector<RecordedChange> recorded_profiles(const pqxx::result& rows) {
  return read_changes(rows, kCounts, [](const auto& row) {
    RecordedChange change;
    change.profile = true;
    change.kind = "transition";
    change.field = "profile";
    change.id = number_of(row, kCounts);
    change.sim_id = text_of(row, kCounts + 1);
    change.old_value = text_or_null(row, kCounts + 2);
    change.new_value = text_or_null(row, kCounts + 3);
    change.observed_at = from_epoch(number_of(row, kCounts + 4));
    change.provider = text_of(row, kCounts + 5);
    change.type = text_of(row, kCounts + 6);
    change.status = text_of(row, kCounts + 7);
    change.metadata = text_of(row, kCounts + 8);
    return change;
  });
}

std::vector<RecordedChange> recorded_sims(const pqxx::result& rows, const std::vector<const SimReading*>& batch) {
  return read_changes(rows, kCounts, [&](const auto& row) {
    RecordedChange change = sim_change(row, kCounts);
    change.own = *row[kCounts + 7].c_str() == 't';
    const auto found = std::ranges::lower_bound(batch, change.sim_id, {},
                                                [](const SimReading* r) -> const std::string& { return r->sim.id; });
    if (found != batch.end() && (*found)->sim.id == change.sim_id) {
      const Sim& sim = (*found)->sim;
      change.provider = sim.provider;
      change.type = sim.type;
      change.status = sim.status;
      change.metadata = sim.metadata;
    }
    return change;
  });
}

std::vector<RecordedChange> recorded_disappearances(const pqxx::result& rows) {
  return read_changes(rows, 1, [](const auto& row) {
    RecordedChange change = sim_change(row, 1);
    change.provider = text_of(row, 8);
    change.type = text_of(row, 9);
    change.status = text_of(row, 10);
    change.metadata = text_of(row, 11);
    return change;
  });
}

bool raise_alerts(pqxx::transaction_base& transaction, const std::string& project, const AlertJudge& judge,
                  const std::vector<RecordedChange>& changes) {
  if (changes.empty()) return false;
  const std::vector<RaisedAlert> raised = judge.judge(project, changes);
  if (raised.empty()) return false;
  const std::vector<std::int64_t> counts = counts_of(raised, changes);
  AlertRows rows{changes};
  for (std::size_t i = 0; i < raised.size(); ++i) {
    if (counts[i] > 0) rows.add(raised[i], counts[i]);
  }
  exec_binary(transaction, statements::kRaiseAlerts, rows.parameters(project, wall_clock(), judge.repeat_after()));
  return true;
}

void raise_held_back(pqxx::transaction_base& transaction, const std::string& project, std::int64_t walk_id,
                     const AlertJudge* judge) {
  const std::vector<std::string> channels = judge != nullptr ? judge->channels() : std::vector<std::string>{};
  exec_with(transaction, statements::kRaiseHeldBack, {project, std::to_string(walk_id), text_array(channels)});
}

bool watch_token(pqxx::transaction_base& transaction, const std::string& project, const AlertJudge* judge,
                 TimePoint now) {
  const pqxx::result state = exec_with(transaction, statements::kTokenState, {project});
  const bool refused = state[0][0].as<bool>();
  const bool open = state[0][2].as<bool>();
  if (refused == open || (!refused && !state[0][1].as<bool>())) return false;
  ConditionReport report;
  report.project = project;
  report.rule = kTokenRule;
  report.type = kTokenType;
  report.severity = kTokenSeverity;
  if (judge != nullptr) report.channels = judge->channels();
  if (refused) {
    AlertCondition condition;
    condition.details = text_of(state[0], 3);
    condition.since = from_epoch(number_of(state[0], 4));
    report.holding.push_back(std::move(condition));
  }
  return observe_conditions(transaction, report, now) > 0;
}

std::uint64_t observe_conditions(pqxx::transaction_base& transaction, const ConditionReport& report, TimePoint now) {
  std::vector<BinaryArray> texts(5, BinaryArray{ElementType::text});
  BinaryArray since{ElementType::timestamptz}, details{ElementType::jsonb};
  for (const AlertCondition& condition : report.holding) {
    texts[0].append(std::string_view{condition.sim_id});
    texts[1].append(std::string_view{condition.subject});
    texts[2].append(std::string_view{condition.provider});
    texts[3].append(std::string_view{condition.to});
    texts[4].append(std::string_view{condition.young ? "true" : "false"});
    since.append(condition.since);
    details.append(condition.details.empty() ? std::string_view{"{}"} : std::string_view{condition.details});
  }
  exec_with(transaction, statements::kLockAlerts, {report.project});
  return exec_binary(transaction, statements::kObserve,
                     {report.project, report.rule, report.type, report.severity, text_parameter(report.channels),
                      texts[0].take(), texts[1].take(), texts[2].take(), texts[3].take(), since.take(), details.take(),
                      binary_time(now), texts[4].take()})[0][0]
      .as<std::uint64_t>();
}

}  // namespace simsync
