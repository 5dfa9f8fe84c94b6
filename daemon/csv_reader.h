// Rows of a text or CSV file (RFC 4180) as people export them: comma, semicolon or tab, with or without a header,
// quotes and line breaks in them. A bad row is told with its line and the rows after it are read. The only file that
// knows libcsv; it refuses to say what the columns mean.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/text_lines.h"

namespace simsync {

enum class CsvHeader {
  none,
  found,     // the first row is one where its fields are words: one has a letter, none more than four digits
  required,  // the first row is one
};

struct CsvOptions {
  CsvHeader header = CsvHeader::found;
  char delimiter = '\0';                  // NUL: found from the first lines
  std::size_t longest_row = 64UL * 1024;  // bytes, with the line breaks in quotes
  std::size_t most_fields = 1000;         // of a row
  // A quote in the middle of a field is text where the row makes sense so, within its line.
  bool stray_quotes = false;
  bool only_utf8 = false;  // a row that is not UTF-8 is a fault
};

struct CsvRow {
  std::uint64_t line = 0;  // where it begins
  // At least one that is not empty. Blanks around a field are left out, those in its quotes are not.
  const std::vector<std::string_view>& fields;
};

struct CsvFault {
  std::uint64_t line = 0;
  std::string why;  // what follows "line N: "
};

// Belongs to one thread.
class CsvReader {
 public:
  using TakeRow = std::function<void(const CsvRow& row)>;
  using TakeFault = std::function<void(const CsvFault& fault)>;

  // Reads the first lines: `path` is "-" for standard input. Throws TextFileError for a file that cannot be read, is no
  // text, or lacks the header that is required.
  CsvReader(const std::string& path, const CsvOptions& options, std::stop_token stop);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Empty where there is none.
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  // The column of that name, in upper or lower case; nullopt where there is none. The first, where there are several.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  [[nodiscard]] char delimiter() const;
  // How the file is called in messages.
  [[nodiscard]] const std::string& name() const { return lines_.name(); }

  // Reads to the end, or until stop is requested, once. What a row holds is only valid during its call. Rows without
  // content are left out. Throws TextFileError, and what the callbacks throw.
  void read(const TakeRow& row, const TakeFault& fault);

 private:
  class Parser;
  struct KeptLine {
    std::uint64_t number;
    std::string text;
    bool cut;
  };
  enum class Step { row, nothing, fault, end };

  Step step(CsvFault& fault);
  Step take_line(const TextLine& line, CsvFault& fault);
  Step give_up_row(const std::string& why, CsvFault& fault);
  std::optional<TextLine> next_line();
  void look_ahead();
  void find_header(CsvHeader wanted);
  [[nodiscard]] std::string misfit() const;

  const CsvOptions options_;
  TextLines lines_;
  std::deque<KeptLine> kept_;  // to be read before what the file has next
  KeptLine current_{};         // that was taken from there
  std::vector<KeptLine> row_;  // the lines of a row that goes on
  std::size_t row_bytes_ = 0;
  std::uint64_t row_line_ = 0;
  std::unique_ptr<Parser> parser_;
  std::unique_ptr<Parser> lenient_;  // for stray quotes
  Parser* row_parser_ = nullptr;     // that has the last row
  std::vector<std::string> header_;
  std::optional<CsvFault> first_fault_;  // of the row that could have been the header
  bool row_waits_ = false;               // the first row, which was none
};

}  // namespace simsync
