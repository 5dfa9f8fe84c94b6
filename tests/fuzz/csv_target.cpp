// Files that commands read. The first byte says how; the even ones take the rest as a file, the odd ones as the fields
// of one that is then written and read.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "config/printable.h"
#include "daemon/csv_reader.h"
#include "daemon/stocktake/scan_file.h"
#include "daemon/text_lines.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

// A file in memory.
class File {
 public:
  explicit File(std::string_view bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_ < 0 || ::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

using Row = std::vector<std::string>;

struct Contents {
  std::vector<Row> rows;
  std::vector<std::string> faults;
};

Contents read(const File& file, const CsvOptions& options) {
  Contents contents;
  CsvReader reader(file.path(), options, {});
  std::uint64_t last = 0;
  const auto in_order = [&last](std::uint64_t line) {
    promise(line > last, "lines that go backwards");
    last = line;
  };
  reader.read(
      [&](const CsvRow& row) {
        in_order(row.line);
        contents.rows.emplace_back(row.fields.begin(), row.fields.end());
      },
      [&](const CsvFault& fault) {
        in_order(fault.line);
        contents.faults.push_back(fault.why);
      });
  return contents;
}

// Lines as text_lines.h has them, by a slow reading of the whole.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with("\r\n")) {
      text.remove_prefix(2);
    } else if (!text.empty()) {
      text.remove_prefix(1);
    }
  }
  return lines;
}

void check_lines(const File& file, std::string_view text) {
  constexpr std::size_t kLongest = 50;
  TextLines lines(file.path(), kLongest, {});
  std::size_t count = 0;
  const std::vector<std::string> expected = lines_of(text);
  while (const std::optional<TextLine> line = lines.next()) {
    promise(count < expected.size() && line->number == count + 1, "more lines than there are");
    promise(line->text == expected[count].substr(0, kLongest), "another line");
    promise(line->cut == (expected[count].size() > kLongest), "cut or not");
    ++count;
  }
  promise(count == expected.size(), "fewer lines than there are");
}

void any_file(std::string_view text, unsigned choice) {
  CsvOptions options;
  options.header = static_cast<CsvHeader>(choice % 3);
  options.stray_quotes = (choice & 4U) != 0;
  options.only_utf8 = (choice & 8U) != 0;
  options.most_fields = 5;
  options.longest_row = 100;
  const File file(text);
  try {
    check_lines(file, text);
    for (const Row& row : read(file, options).rows) {
      promise(row.size() <= options.most_fields, "more fields than may be");
      std::size_t bytes = 0;
      for (const std::string& field : row) {
        bytes += field.size();
        promise(!options.only_utf8 || is_utf8(field), "a field that is not UTF-8");
      }
      promise(bytes > 0, "a row without content");
      promise(bytes <= options.longest_row, "a row that is longer than may be");
    }
    ScanFile scans(file.path(), "", {});
    scans.read([](std::uint64_t line, std::string_view) { promise(line > 0, "line 0"); },
               [](std::uint64_t line, std::string_view why) { promise(line > 0 && !why.empty(), "no reason"); });
  } catch (const TextFileError& error) {
    promise(is_utf8(error.what()), "an error that cannot be printed");
  }
}

std::string quoted(std::string_view field) {
  std::string text = "\"";
  for (const char c : field) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

// RFC 4180: fields with marks in them stand in quotes, and so do the others where `always`.
std::string written(const std::vector<Row>& rows, char delimiter, bool always) {
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool marks = row[i].find_first_of("\"\n \t,;") != std::string::npos;
      if (i > 0) text += delimiter;
      text += marks || always ? quoted(row[i]) : row[i];
    }
    text += '\n';
  }
  return text;
}

// Rows of what stands between U+0001, fields of what stands between U+0002.
std::vector<Row> rows_of(std::string_view text) {
  std::vector<Row> rows(1);
  rows.back().emplace_back();
  for (const char c : text) {
    if (c == '\x01') rows.emplace_back(1);
    if (c == '\x02') rows.back().emplace_back();
    if (c > '\x02' && c != '\r') rows.back().back() += c;
  }
  return rows;
}

void round_trip(std::string_view text, unsigned choice) {
  constexpr std::array kDelimiters = {',', ';', '\t'};
  CsvOptions options;
  options.header = CsvHeader::none;
  options.delimiter = kDelimiters[choice % kDelimiters.size()];
  options.stray_quotes = (choice & 8U) != 0;
  options.most_fields = 10'000;
  std::vector<Row> rows = rows_of(text);
  const std::string file_text = written(rows, options.delimiter, (choice & 16U) != 0);
  if (file_text.starts_with("PK\x03\x04") || file_text.starts_with("%PDF")) return;
  const Contents contents = read(File(file_text), options);
  promise(contents.faults.empty(), "a fault of a file that is as it should be");
  std::erase_if(rows, [](const Row& row) { return std::ranges::all_of(row, [](const auto& f) { return f.empty(); }); });
  promise(contents.rows == rows, "other rows than were written");
}

}  // namespace

void csv(std::string_view input) {
  const unsigned choice = take_choice(input);
  if (choice % 2 == 0) {
    any_file(input, choice / 2);
  } else {
    round_trip(input, choice / 2);
  }
}

}  // namespace simsync::fuzz
