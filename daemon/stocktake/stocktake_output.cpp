#include "daemon/stocktake/stocktake_output.h"

#include <ostream>

namespace simsync {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;

const std::vector<std::string> kColumns = {"category", "line", "scanned", "iccid",  "project",
                                           "provider", "type", "status",  "sim_id", "note"};

const char* meaning_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::matched:
      return "in stock, as they should be";
    case Verdict::wrong_status:
      return "not inactive: they should not lie there";
    case Verdict::elsewhere:
      return "of another project, provider or type";
    case Verdict::missing:
      return "gone from the API";
    case Verdict::not_recorded:
      return "the API has them, the inventory had not";
    case Verdict::unknown:
      return "neither the inventory nor the API has them";
    case Verdict::not_asked:
      return "the inventory does not have them, the API was not asked or did not answer";
    case Verdict::ambiguous:
      return "more than one SIM could be meant";
    case Verdict::damaged:
      return "no ICCID";
    case Verdict::duplicate:
      return "scanned before";
    case Verdict::not_scanned:
      break;
  }
  return "should be there, and no line has them";
}

Cell text_cell(std::string_view text) {
  return text.empty() ? Cell{} : Cell{std::string{text}};
}

std::string joined(const std::string& text, const std::string& more) {
  return text.empty() || more.empty() ? text + more : text + "; " + more;
}

std::string note_of(const Stocktake& stocktake, const Finding& finding) {
  std::string note{stocktake.text(finding.detail)};
  if (finding.first != Finding::kNone) {
    note = joined(note, "first on line " + std::to_string(stocktake.findings()[finding.first].line));
  }
  if (finding.card != Finding::kNone && finding.by == MatchedBy::check_digit) {
    note = joined(note, "the same but for a check digit");
  }
  return joined(note, stocktake.doubts(finding));
}

std::vector<Cell> row_of(const Stocktake& stocktake, const Finding& finding) {
  std::vector<Cell> row{std::string{to_text(finding.verdict)}, finding.line == 0 ? Cell{} : count_cell(finding.line),
                        text_cell(stocktake.text(finding.text))};
  if (finding.card == Finding::kNone) {
    row.resize(kColumns.size() - 1);
  } else {
    const Card card = stocktake.cards().at(finding.card);
    for (const std::string_view text : {card.iccid, card.project, card.provider, card.type, card.status, card.sim_id}) {
      row.push_back(text_cell(text));
    }
  }
  row.push_back(text_cell(note_of(stocktake, finding)));
  return row;
}

// Those of a verdict, a part at a time.
template <typename Take>
void each_row(const Stocktake& stocktake, Verdict verdict, const Take& take) {
  if (stocktake.count(verdict) == 0) return;
  for (const Finding& finding : stocktake.findings()) {
    if (finding.verdict == verdict) take(row_of(stocktake, finding));
  }
}

template <typename Take>
void each_verdict(const Take& take) {
  for (std::size_t i = 0; i < kVerdicts; ++i) take(static_cast<Verdict>(i));
}

// Hands rows to a printer some at a time.
class Rows {
 public:
  explicit Rows(RowPrinter& printer) : printer_(printer) {}
  void add(std::vector<Cell> row) {
    rows_.push_back(std::move(row));
    if (rows_.size() == kRowsAtOnce) flush();
  }
  void flush() {
    if (!rows_.empty()) printer_.add(std::exchange(rows_, {}));
  }

 private:
  RowPrinter& printer_;
  std::vector<std::vector<Cell>> rows_;
};

void print_table_of(std::ostream& out, const Stocktake& stocktake, bool all) {
  Table counts{{"category", "count", "meaning"}, {}};
  counts.rows.push_back({std::string{"lines"}, count_cell(stocktake.scans()), std::string{"with something on them"}});
  each_verdict([&](Verdict verdict) {
    const bool always = verdict == Verdict::matched || verdict == Verdict::not_scanned;
    if (!always && stocktake.count(verdict) == 0) return;
    counts.rows.push_back(
        {std::string{to_text(verdict)}, count_cell(stocktake.count(verdict)), std::string{meaning_of(verdict)}});
  });
  print(out, counts, OutputFormat::table);

  RowPrinter printer{out, kColumns, OutputFormat::table};
  Rows rows{printer};
  bool begun = false;
  each_verdict([&](Verdict verdict) {
    if (verdict == Verdict::matched && !all) return;
    each_row(stocktake, verdict, [&](std::vector<Cell> row) {
      if (!std::exchange(begun, true)) out << '\n';
      rows.add(std::move(row));
    });
  });
  rows.flush();
  if (begun) printer.finish();
}

void print_json_of(std::ostream& out, const Stocktake& stocktake, bool all) {
  JsonObjectPrinter printer{out};
  Table summary{{"lines"}, {{count_cell(stocktake.scans())}}};
  each_verdict([&](Verdict verdict) {
    summary.columns.emplace_back(to_text(verdict));
    summary.rows.front().push_back(count_cell(stocktake.count(verdict)));
  });
  printer.add("summary", summary);
  const std::vector<std::string> columns{kColumns.begin() + 1, kColumns.end()};
  each_verdict([&](Verdict verdict) {
    if (verdict == Verdict::matched && !all) return;
    printer.begin_list(std::string{to_text(verdict)}, columns);
    each_row(stocktake, verdict, [&](std::vector<Cell> row) {
      row.erase(row.begin());
      printer.add_row(row);
    });
  });
  printer.finish();
}

void print_csv_of(std::ostream& out, const Stocktake& stocktake) {
  RowPrinter printer{out, kColumns, OutputFormat::csv};
  Rows rows{printer};
  for (const Finding& finding : stocktake.findings()) rows.add(row_of(stocktake, finding));
  rows.flush();
  printer.finish();
}

}  // namespace

void print_stocktake(std::ostream& out, const Stocktake& stocktake, OutputFormat format, bool all) {
  switch (format) {
    case OutputFormat::table:
      return print_table_of(out, stocktake, all);
    case OutputFormat::json:
      return print_json_of(out, stocktake, all);
    case OutputFormat::csv:
      return print_csv_of(out, stocktake);
  }
}

}  // namespace simsync
