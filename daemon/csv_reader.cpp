#include "daemon/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "config/printable.h"

namespace simsync {
namespace {

constexpr std::size_t kLookedAhead = 20;  // lines that say what the delimiter is
constexpr std::size_t kMostHeaderDigits = 4;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, lower, lower);
}

// How often each candidate stands in a line outside of quotes.
constexpr std::array kDelimiters = {',', ';', '\t'};
using Counts = std::array<std::size_t, kDelimiters.size()>;

Counts count_delimiters(std::string_view line) {
  Counts counts{};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    for (std::size_t i = 0; i < kDelimiters.size(); ++i) counts[i] += c == kDelimiters[i] ? 1 : 0;
  }
  return counts;
}

// The one that most lines have as often as the first line that has any; where two do, the more frequent.
char delimiter_of(const std::vector<Counts>& lines) {
  char best = kDelimiters.front();
  std::pair<std::size_t, std::size_t> best_fit{};
  for (std::size_t i = 0; i < kDelimiters.size(); ++i) {
    const auto first = std::ranges::find_if(lines, [i](const Counts& line) { return line[i] > 0; });
    if (first == lines.end()) continue;
    const auto like_it = std::ranges::count_if(lines, [&](const Counts& line) { return line[i] == (*first)[i]; });
    const std::pair fit{static_cast<std::size_t>(like_it), (*first)[i]};
    if (fit > best_fit) {
      best_fit = fit;
      best = kDelimiters[i];
    }
  }
  return best;
}

bool looks_like_header(const std::vector<std::string_view>& fields) {
  const auto digits = [](std::string_view field) {
    return static_cast<std::size_t>(std::ranges::count_if(field, [](char c) { return c >= '0' && c <= '9'; }));
  };
  const auto is_letter = [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || static_cast<unsigned char>(c) >= 0x80;
  };
  return std::ranges::all_of(fields, [&](std::string_view field) { return digits(field) <= kMostHeaderDigits; }) &&
         std::ranges::any_of(fields, [&](std::string_view field) { return std::ranges::any_of(field, is_letter); });
}

}  // namespace

// libcsv, line by line: who feeds it knows on which line it is.
class CsvReader::Parser {
 public:
  Parser(char delimiter, unsigned char strictness) {
    if (csv_init(&csv_, strictness) != 0) throw std::bad_alloc{};
    csv_set_delim(&csv_, static_cast<unsigned char>(delimiter));
  }
  ~Parser() { csv_free(&csv_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  [[nodiscard]] char delimiter() { return static_cast<char>(csv_get_delim(&csv_)); }

  enum class Result { row, goes_on, blank, fault };

  // `line` without its end.
  Result take(std::string_view line, bool first) {
    if (first) clear();
    constexpr std::string_view kEnd = "\n";
    for (const std::string_view part : {line, kEnd}) {
      if (csv_parse(&csv_, part.data(), part.size(), add_field, end_row, this) == part.size()) continue;
      if (csv_error(&csv_) == CSV_ENOMEM) throw std::bad_alloc{};
      reset();
      return Result::fault;
    }
    if (ended_) return has_content_ ? Result::row : Result::blank;
    return first && line.find('"') == std::string_view::npos ? Result::blank : Result::goes_on;
  }

  // Forgets a row that goes on.
  void reset() {
    csv_fini(&csv_, nullptr, nullptr, nullptr);
    clear();
  }

  // Of the row that ended last.
  const std::vector<std::string_view>& fields() {
    fields_.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      fields_.push_back(std::string_view{text_}.substr(begin, end - begin));
      begin = end;
    }
    return fields_;
  }
  [[nodiscard]] std::size_t count() const { return ends_.size(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static void add_field(void* bytes, std::size_t size, void* parser) {
    auto& self = *static_cast<Parser*>(parser);
    self.text_.append(static_cast<const char*>(bytes), size);
    self.ends_.push_back(self.text_.size());
    self.has_content_ = self.has_content_ || size > 0;
  }
  static void end_row(int /*end*/, void* parser) { static_cast<Parser*>(parser)->ended_ = true; }

  void clear() {
    text_.clear();
    ends_.clear();
    ended_ = false;
    has_content_ = false;
  }

  csv_parser csv_{};
  std::string text_;  // of all fields, one behind the other
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> fields_;
  bool ended_ = false;
  bool has_content_ = false;
};

CsvReader::CsvReader(const std::string& path, const CsvOptions& options, std::stop_token stop)
    : options_(options), lines_(path, options.longest_row, std::move(stop)) {
  look_ahead();
  find_header(options_.header);
}

CsvReader::~CsvReader() = default;

std::optional<std::size_t> CsvReader::column(std::string_view name) const {
  const auto found = std::ranges::find_if(header_, [name](const std::string& word) { return same_word(word, name); });
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

char CsvReader::delimiter() const {
  return parser_->delimiter();
}

void CsvReader::read(const TakeRow& row, const TakeFault& fault) {
  if (first_fault_) fault(*std::exchange(first_fault_, std::nullopt));
  if (std::exchange(row_waits_, false)) row({row_line_, row_parser_->fields()});
  CsvFault bad;
  for (Step next = step(bad); next != Step::end; next = step(bad)) {
    if (next == Step::row) row({row_line_, row_parser_->fields()});
    if (next == Step::fault) fault(bad);
  }
}

void CsvReader::look_ahead() {
  std::vector<Counts> counts;
  for (std::size_t i = 0; i < kLookedAhead; ++i) {
    const std::optional<TextLine> line = lines_.next();
    if (!line) break;
    kept_.push_back({line->number, std::string{line->text}, line->cut});
    counts.push_back(count_delimiters(line->text));
  }
  const char delimiter = options_.delimiter != '\0' ? options_.delimiter : delimiter_of(counts);
  parser_ = std::make_unique<Parser>(delimiter, CSV_STRICT);
  if (options_.stray_quotes) lenient_ = std::make_unique<Parser>(delimiter, 0);
}

void CsvReader::find_header(CsvHeader wanted) {
  if (wanted == CsvHeader::none) return;
  CsvFault fault;
  Step next = Step::nothing;
  while (next == Step::nothing) next = step(fault);
  if (wanted == CsvHeader::required && next == Step::end) {
    throw TextFileError(name() + " is empty; its first line shall name the columns");
  }
  if (wanted == CsvHeader::required && next == Step::fault) {
    throw TextFileError(name() + ", line " + std::to_string(fault.line) +
                        ", which shall name the columns: " + fault.why);
  }
  if (next == Step::fault) first_fault_ = std::move(fault);
  if (next != Step::row) return;
  const std::vector<std::string_view>& fields = row_parser_->fields();
  if (wanted == CsvHeader::required || looks_like_header(fields)) {
    header_.assign(fields.begin(), fields.end());
  } else {
    row_waits_ = true;
  }
}

// The next line of the file, or of those that are to be read again.
std::optional<TextLine> CsvReader::next_line() {
  if (kept_.empty()) return lines_.next();
  current_ = std::move(kept_.front());
  kept_.pop_front();
  return TextLine{current_.number, current_.text, current_.cut};
}

// One line further.
CsvReader::Step CsvReader::step(CsvFault& fault) {
  const std::optional<TextLine> line = next_line();
  if (line) return take_line(*line, fault);
  if (row_.empty() || lines_.stopped()) return Step::end;
  return give_up_row("the quote that begins in this row is never closed", fault);
}

CsvReader::Step CsvReader::take_line(const TextLine& line, CsvFault& fault) {
  const bool first = row_.empty();
  const std::string longer = "is longer than " + std::to_string(options_.longest_row / 1024) + " KiB";
  if (first && line.cut) {
    fault = {line.number, longer};
    return Step::fault;
  }
  if (first) {
    row_line_ = line.number;
    row_bytes_ = 0;
  }
  row_bytes_ += line.text.size() + 1;
  if (!first && (line.cut || row_bytes_ > options_.longest_row)) {
    row_.push_back({line.number, std::string{line.text}, line.cut});
    return give_up_row("the quote that begins in this row is not closed within " +
                           std::to_string(options_.longest_row / 1024) + " KiB",
                       fault);
  }
  row_parser_ = parser_.get();
  Parser::Result result = parser_->take(line.text, first);
  if (result == Parser::Result::fault && first && lenient_) {
    row_parser_ = lenient_.get();
    result = lenient_->take(line.text, true);
    // Only where that ends it: a quote that began by mistake must not swallow the lines after it.
    if (result == Parser::Result::goes_on) {
      result = Parser::Result::fault;
      lenient_->reset();
    }
  }
  switch (result) {
    case Parser::Result::blank:
      row_.clear();
      return Step::nothing;
    case Parser::Result::goes_on:
      row_.push_back({line.number, std::string{line.text}, line.cut});
      return Step::nothing;
    case Parser::Result::fault:
      row_.push_back({line.number, std::string{line.text}, line.cut});
      return give_up_row(
          "has a quote in the middle of a field; a field with quotes stands in quotes, and each of its "
          "own is doubled",
          fault);
    case Parser::Result::row:
      break;
  }
  row_.clear();
  const std::string why = misfit();
  if (why.empty()) return Step::row;
  fault = {row_line_, why};
  return Step::fault;
}

// Its first line is at fault; the others are read again, each as if a row began there.
CsvReader::Step CsvReader::give_up_row(const std::string& why, CsvFault& fault) {
  fault = {row_.front().number, why};
  kept_.insert(kept_.begin(), std::make_move_iterator(row_.begin() + 1), std::make_move_iterator(row_.end()));
  row_.clear();
  parser_->reset();
  return Step::fault;
}

std::string CsvReader::misfit() const {
  if (row_parser_->count() > options_.most_fields) {
    return "has more than " + std::to_string(options_.most_fields) + " fields";
  }
  if (options_.only_utf8 && !is_utf8(row_parser_->text())) return "is not UTF-8: save the file as CSV in UTF-8";
  return {};
}

}  // namespace simsync
