// The reports of `simsyncd report`: rows of the schema's views, as they come, so that millions of them need no more
// memory than a few. Only reads. Refuses to judge whether the history reaches far enough: it says how far it reaches.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "storage/sim.h"
#include "storage/storage_error.h"

namespace simsync {

enum class Report {
  inventory,     // SIMs counted, now
  inventory_at,  // and at a moment
  sims,          // each SIM, now
  sims_at,       // and at a moment
  transitions,   // that were seen in a span, oldest first
  stock,
  stuck,  // the longest first
  gaps,   // that overlap with a span, oldest first
};

enum class ReportType { text, json, count, decimal, flag, time, seconds };

struct ReportColumn {
  std::string_view name;  // of the view; with _s behind it where the type is `seconds`
  ReportType type = ReportType::text;
};

// text, json and decimal are text; count and seconds are numbers, the latter cut to whole ones.
using ReportValue = std::variant<std::monostate, std::string, std::int64_t, bool, TimePoint>;
using ReportRow = std::vector<ReportValue>;  // as long as the report has columns

struct ReportQuestion {
  Report report = Report::inventory;
  std::vector<std::string> projects;
  std::string provider;  // UTF-8; empty: all. Not of gaps, which have none
  TimePoint at{};        // of inventory_at and sims_at
  TimePoint since{};     // of transitions and gaps: the first moment
  TimePoint until{};     // the first that is no longer in it
};

// From when on the history of a project is whole; null: not yet.
struct HistoryStart {
  std::string project;
  std::optional<TimePoint> exact_since;
};

// Must not throw.
class ReportReader {
 public:
  virtual ~ReportReader() = default;
  // First and once: of each project asked about, in its order, as of the same moment as the rows. False: enough.
  virtual bool begin(const std::vector<HistoryStart>& history) = 0;
  // The next rows, at most 1000 of them. False: enough.
  virtual bool take(const std::vector<ReportRow>& rows) = 0;
};

std::span<const ReportColumn> report_columns(Report report);

// Blocks until all is read or the reader has enough; throws StorageError, also when rows were taken already.
void read_report(const std::string& url, const ReportQuestion& question, ReportReader& reader);

}  // namespace simsync
