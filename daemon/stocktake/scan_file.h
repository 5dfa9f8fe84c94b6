// The scanned ICCIDs of a text or CSV file: finds the column that has them and hands them over line by line.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "daemon/csv_reader.h"

namespace simsync {

// Belongs to one thread.
class ScanFile {
 public:
  using Scan = std::function<void(std::uint64_t line, std::string_view text)>;
  using Damaged = std::function<void(std::uint64_t line, std::string_view why)>;

  // `path` is "-" for standard input; `column` a name of the header, or a number from 1; empty: it is found. Throws
  // TextFileError, also where there is no such column.
  ScanFile(const std::string& path, const std::string& column, std::stop_token stop);

  // Reads to the end, or until stop is requested, once: `scan` gets what stands in the column, `damaged` the rows that
  // cannot be read. The column is, in this order: the one that is named; that of the header whose name has ICCID in it;
  // the one in which most of the first rows have an ICCID; the only one. Throws TextFileError where none of these is
  // there, and what the callbacks throw.
  void read(const Scan& scan, const Damaged& damaged);

  // After read(): what the first line has in the column, where that line was taken for a header although its words do
  // not say ICCID; empty otherwise.
  [[nodiscard]] const std::string& doubtful_header() const { return doubtful_header_; }
  // How the file is called in messages.
  [[nodiscard]] const std::string& name() const { return reader_.name(); }

 private:
  CsvReader reader_;
  std::optional<std::size_t> column_;
  std::string doubtful_header_;
};

}  // namespace simsync
