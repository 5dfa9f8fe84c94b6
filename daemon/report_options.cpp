#include "daemon/report_options.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "config/printable.h"
#include "config/scalars.h"
#include "daemon/time_argument.h"

namespace simsync {
namespace {

using std::chrono::days;

struct Known {
  const char* name;
  ReportName report;
};

constexpr std::array<Known, 5> kReports{{{"inventory", ReportName::inventory},
                                         {"transitions", ReportName::transitions},
                                         {"stock", ReportName::stock},
                                         {"stuck", ReportName::stuck},
                                         {"gaps", ReportName::gaps}}};

const char* name_of(ReportName report) {
  return std::ranges::find(kReports, report, &Known::report)->name;
}

ReportName report_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Known& known : kReports) {
    if (name == known.name) return known.report;
    names.emplace_back(known.name);
  }
  throw std::invalid_argument("there is no report " + in_quotes(name) + suggestion(name, names));
}

void only_for(const std::vector<ReportName>& takers, const char* option, bool given, ReportName report) {
  if (!given || std::ranges::count(takers, report) > 0) return;
  std::vector<std::string> names;
  for (const ReportName taker : takers) names.emplace_back(name_of(taker));
  throw std::invalid_argument("report " + std::string{name_of(report)} + " takes no " + option +
                              ", that is for: " + joined(names));
}

std::optional<TimePoint> time_of(const char* option, const std::optional<std::string>& text, TimePoint now) {
  if (!text) return std::nullopt;
  const std::optional<TimePoint> time = parse_time_argument(*text, now);
  if (!time) throw std::invalid_argument(std::string{option} + " " + in_quotes(*text) + " is no time; " + kTimeAdvice);
  return time;
}

void read_span(const ReportWords& words, TimePoint now, ReportLine& line) {
  constexpr TimePoint kFirst{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
  const days usual{line.name == ReportName::gaps ? 30 : 1};
  line.until = time_of("--until", words.until, now).value_or(now);
  line.since = time_of("--since", words.since, now).value_or(std::max(*line.until - usual, kFirst));
  if (*line.since < *line.until) return;
  throw std::invalid_argument(words.until ? "--since has to be before --until" : "--since has to be before now");
}

}  // namespace

ReportLine report_line(const ReportWords& words, TimePoint now) {
  using enum ReportName;
  ReportLine line;
  line.name = report_named(words.name);
  only_for({inventory}, "--sims", words.sims, line.name);
  only_for({inventory}, "--at", words.at.has_value(), line.name);
  only_for({transitions, gaps}, "--since", words.since.has_value(), line.name);
  only_for({transitions, gaps}, "--until", words.until.has_value(), line.name);
  only_for({inventory, transitions, stock, stuck}, "--provider", words.provider.has_value(), line.name);
  if (words.provider && (words.provider->empty() || !is_utf8(*words.provider))) {
    throw std::invalid_argument("--provider " + in_quotes(*words.provider) + " is no provider's id");
  }
  line.sims = words.sims;
  line.provider = words.provider.value_or("");
  line.at = time_of("--at", words.at, now);
  if (line.at && *line.at > now) throw std::invalid_argument("--at " + in_quotes(*words.at) + " is yet to come");
  if (line.name == transitions || line.name == gaps) read_span(words, now, line);
  return line;
}

}  // namespace simsync
