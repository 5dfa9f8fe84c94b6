#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/report.h"
#include "storage/report_statements.h"
#include "storage/story_statements.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

struct ReportPlan {
  const char* statement;
  std::span<const ReportColumn> columns;
};

ReportPlan plan_of(Report report) {
  switch (report) {
    case Report::inventory:
      return {statements::kReportInventory, statements::kInventoryColumns};
    case Report::inventory_at:
      return {statements::kReportInventoryAt, statements::kInventoryAtColumns};
    case Report::sims:
      return {statements::kReportSims, statements::kSimsColumns};
    case Report::sims_at:
      return {statements::kReportSimsAt, statements::kSimsAtColumns};
    case Report::transitions:
      return {statements::kReportTransitions, statements::kTransitionsColumns};
    case Report::stock:
      return {statements::kReportStock, statements::kStockColumns};
    case Report::stuck:
      return {statements::kReportStuck, statements::kStuckColumns};
    case Report::gaps:
      break;
  }
  return {statements::kReportGaps, statements::kGapsColumns};
}

std::vector<std::string> parameters_of(const ReportQuestion& question) {
  std::vector<std::string> parameters{text_array(question.projects)};
  if (question.report != Report::gaps) parameters.push_back(question.provider);
  if (question.report == Report::inventory_at || question.report == Report::sims_at) {
    parameters.push_back(to_pg(question.at));
  } else if (question.report == Report::transitions || question.report == Report::gaps) {
    parameters.push_back(to_pg(question.since));
    parameters.push_back(to_pg(question.until));
  }
  return parameters;
}

ReportValue value_of(const pqxx::field& field, ReportType type) {
  if (field.is_null()) return std::monostate{};
  switch (type) {
    case ReportType::count:
    case ReportType::seconds:
      return field.as<std::int64_t>();
    case ReportType::flag:
      return field.as<bool>();
    case ReportType::time:
      return from_epoch(field.as<std::int64_t>());
    case ReportType::text:
    case ReportType::json:
    case ReportType::decimal:
      break;
  }
  return field.as<std::string>();
}

std::vector<HistoryStart> read_history_starts(Transaction& transaction, const std::vector<std::string>& projects) {
  std::vector<HistoryStart> starts;
  const pqxx::result rows = exec_with(transaction, statements::kHistoryStarts, {text_array(projects)});
  for (const auto& row : rows) {
    HistoryStart& start = starts.emplace_back();
    start.project = row[0].template as<std::string>();
    if (!row[1].is_null()) start.exact_since = from_epoch(row[1].template as<std::int64_t>());
  }
  return starts;
}

std::vector<ReportRow> next_rows(Transaction& transaction, std::span<const ReportColumn> columns) {
  const pqxx::result found = transaction.exec(statements::kNextRows);
  std::vector<ReportRow> rows;
  rows.reserve(static_cast<std::size_t>(found.size()));
  for (const auto& row : found) {
    ReportRow& values = rows.emplace_back();
    values.reserve(columns.size());
    for (const ReportColumn& column : columns) {
      values.push_back(value_of(row[static_cast<pqxx::row::size_type>(values.size())], column.type));
    }
  }
  return rows;
}

}  // namespace

std::span<const ReportColumn> report_columns(Report report) {
  return plan_of(report).columns;
}

void read_report(const std::string& url, const ReportQuestion& question, ReportReader& reader) {
  const ReportPlan plan = plan_of(question.report);
  PostgresSession session{url};
  session.read(bounds::kPerson, [&](Transaction& transaction) {
    transaction.exec(statements::kOneMoment);
    if (!reader.begin(read_history_starts(transaction, question.projects))) return;
    transaction.exec(statements::kReadToTheEnd);
    exec_with(transaction, plan.statement, parameters_of(question));
    for (;;) {
      const std::vector<ReportRow> rows = next_rows(transaction, plan.columns);
      if (rows.empty() || !reader.take(rows)) return;
    }
  });
}

}  // namespace simsync
