#include "storage/report.h"

#include <unistd.h>

#include <csignal>
#include <iostream>

#include "config/printable.h"
#include "daemon/commands/commands.h"
#include "daemon/terminal.h"
#include "storage/migrator.h"
#include "sync/profiles/poll_outlook.h"

namespace simsync {
namespace {

Report report_of(const ReportLine& line) {
  switch (line.name) {
    case ReportName::transitions:
      return Report::transitions;
    case ReportName::stock:
      return Report::stock;
    case ReportName::stuck:
      return Report::stuck;
    case ReportName::gaps:
      return Report::gaps;
    case ReportName::inventory:
      break;
  }
  if (line.sims) return line.at ? Report::sims_at : Report::sims;
  return line.at ? Report::inventory_at : Report::inventory;
}

// For people lengths of time are 3d4h and JSON is short; programs get seconds and all of it.
Cell cell_of(const ReportValue& value, ReportType type, OutputFormat format) {
  const bool for_people = format == OutputFormat::table;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (type == ReportType::decimal) return Decimal{*text};
    if (type != ReportType::json) return *text;
    return for_people ? Cell{shortened(*text, kLongestInTable)} : Cell{JsonText{*text}};
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (type == ReportType::seconds && for_people) return span_text(std::chrono::seconds{*number});
    return *number;
  }
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* time = std::get_if<TimePoint>(&value)) return time_cell(*time);
  return std::monostate{};
}

std::vector<std::string> headings(Report report, OutputFormat format) {
  std::vector<std::string> names;
  for (const ReportColumn& column : report_columns(report)) {
    std::string& name = names.emplace_back(column.name);
    if (column.type == ReportType::seconds && format == OutputFormat::table) name.resize(name.size() - 2);  // _s
  }
  return names;
}

// What somebody should look at: stock that will not last a month (a week), gaps that last, SIMs whose state then is in
// doubt.
Tone tone_of(Report report, const std::vector<Cell>& row, std::size_t column) {
  const std::string_view name = report_columns(report)[column].name;
  if (name == "days_left") {
    const auto* left = std::get_if<Decimal>(&row[column]);
    const double days = left == nullptr ? 1000 : std::strtod(left->text.c_str(), nullptr);
    return days < 7 ? Tone::bad : days < 30 ? Tone::warning : Tone::plain;
  }
  if (report == Report::gaps && (name == "lasted_s" || name == "reason")) {
    constexpr std::size_t kEndedAt = 3;
    return std::holds_alternative<std::monostate>(row[kEndedAt]) ? Tone::bad : Tone::plain;
  }
  if (name == "in_doubt") {
    const auto* count = std::get_if<std::int64_t>(&row[column]);
    const auto* flag = std::get_if<bool>(&row[column]);
    return (count != nullptr && *count > 0) || (flag != nullptr && *flag) ? Tone::warning : Tone::plain;
  }
  return Tone::plain;
}

void say(const std::string& what) {
  std::cerr << "simsyncd: " << printable(what) << '\n';
}

std::string text_of(TimePoint time) {
  return std::get<std::string>(time_cell(time));
}

class ReportPrinter : public ReportReader {
 public:
  ReportPrinter(const ReportQuestion& question, OutputFormat format, std::stop_token stop)
      : question_(question),
        format_(format),
        stop_(std::move(stop)),
        columns_(report_columns(question.report)),
        totals_(columns_.size()),
        printer_(std::cout, headings(question.report, format), format,
                 {has_colours(STDOUT_FILENO), [report = question.report](const auto& row, std::size_t column) {
                    return tone_of(report, row, column);
                  }}) {}

  bool begin(const std::vector<HistoryStart>& history) override {
    const bool of_the_past = question_.report == Report::inventory_at || question_.report == Report::sims_at;
    for (const HistoryStart& start : history) {
      if (!of_the_past) {
        warn_of(start);
      } else if (!reaches_back(start)) {
        return false;
      }
    }
    return true;
  }

  bool take(const std::vector<ReportRow>& rows) override {
    std::vector<std::vector<Cell>> cells;
    cells.reserve(rows.size());
    for (const ReportRow& row : rows) {
      std::vector<Cell>& line = cells.emplace_back();
      for (std::size_t i = 0; i < row.size(); ++i) {
        line.push_back(cell_of(row[i], columns_[i].type, format_));
        if (const auto* number = std::get_if<std::int64_t>(&row[i])) totals_[i] += *number;
      }
    }
    printer_.add(std::move(cells));
    return !stop_.stop_requested() && std::cout.good();
  }

  ExitCode finish() {
    if (refused_) return ExitCode::failed;
    if (stop_.stop_requested()) {
      say("stopped before its end; what was printed is not all");
      return ExitCode::failed;
    }
    if (question_.report == Report::inventory || question_.report == Report::inventory_at) add_total();
    printer_.finish();
    std::cout.flush();
    if (std::cout.good()) return ExitCode::done;
    say("the output could not be written; what was written is not all");
    return ExitCode::failed;
  }

 private:
  // Less than everything would look like everything.
  bool reaches_back(const HistoryStart& start) {
    refused_ = !start.exact_since || *start.exact_since > question_.at;
    if (!refused_) return true;
    if (start.exact_since) {
      say("the inventory of project " + start.project + " is known from " + text_of(*start.exact_since) +
          " on; ask with --at for then or later" + (question_.projects.size() > 1 ? ", or for another --project" : ""));
    } else {
      say("the inventory of project " + start.project +
          " is not known at any time yet: no walk of it has been complete; 'simsyncd status' shows why");
    }
    return false;
  }

  void warn_of(const HistoryStart& start) const {
    const bool of_a_span = question_.report == Report::transitions || question_.report == Report::gaps;
    if (!start.exact_since) {
      say("note: no walk of project " + start.project + " has been complete yet; what is known of it is not all");
    } else if (of_a_span && *start.exact_since > question_.since) {
      say("note: of project " + start.project + " nothing is known before " + text_of(*start.exact_since));
    }
  }

  void add_total() {
    std::vector<Cell> row{std::string{"total"}};
    for (std::size_t i = 1; i < columns_.size(); ++i) {
      row.emplace_back();
      if (columns_[i].type == ReportType::count) row.back() = totals_[i];
    }
    printer_.add_total(std::move(row));
  }

  const ReportQuestion& question_;
  OutputFormat format_;
  std::stop_token stop_;
  std::span<const ReportColumn> columns_;
  std::vector<std::int64_t> totals_;
  RowPrinter printer_;
  bool refused_ = false;
};

}  // namespace

ExitCode report_command(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  ReportQuestion question;
  question.report = report_of(line.report);
  question.provider = line.report.provider;
  for (const ProjectConfig& project : chosen_projects(line, config)) question.projects.push_back(project.id);
  question.at = line.report.at.value_or(TimePoint{});
  question.since = line.report.since.value_or(TimePoint{});
  question.until = line.report.until.value_or(TimePoint{});
  require_current_schema(config.database.url);
  std::signal(SIGPIPE, SIG_DFL);  // `simsyncd report … | head` ends as soon and as silently as other programs
  ReportPrinter printer{question, line.output, stop};
  read_report(config.database.url, question, printer);
  return printer.finish();
}

}  // namespace simsync
