#include "daemon/stocktake/scan_file.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "config/printable.h"
#include "sync/iccid.h"

namespace simsync {
namespace {

constexpr std::size_t kLookedAt = 200;            // rows that say which column has the ICCIDs
constexpr std::size_t kLongestRow = 16UL * 1024;  // a scan has 20 digits: what is longer lost its quotes or line breaks
constexpr std::size_t kNamesShown = 10;

struct KeptRow {
  std::uint64_t line;
  std::vector<std::string> fields;
};

// Letters and digits alone, in lower case.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      plain += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) {
      plain += c;
    }
  }
  return plain;
}

std::optional<std::size_t> column_by_header(const std::vector<std::string>& header) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string name = plain_name(header[i]);
    if (name == "iccid") return i;
    if (!found && name.find("iccid") != std::string::npos) found = i;
  }
  return found;
}

std::optional<std::size_t> column_by_content(const std::vector<KeptRow>& rows) {
  std::vector<std::size_t> counts;
  for (const KeptRow& row : rows) {
    if (counts.size() < row.fields.size()) counts.resize(row.fields.size());
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      if (std::holds_alternative<Iccid>(read_iccid(row.fields[i]))) ++counts[i];
    }
  }
  const auto most = std::ranges::max_element(counts);
  if (most != counts.end() && *most > 0) return static_cast<std::size_t>(most - counts.begin());
  if (counts.size() == 1) return 0;  // damaged, all of them, and each is told
  return std::nullopt;
}

std::string names_of(const std::vector<std::string>& header) {
  std::string names;
  for (std::size_t i = 0; i < std::min(header.size(), kNamesShown); ++i) {
    names += (names.empty() ? "" : ", ") + in_quotes(header[i]);
  }
  return header.size() > kNamesShown ? names + ", …" : names;
}

std::size_t column_named(const CsvReader& reader, const std::string& name) {
  if (const auto column = reader.column(name)) return *column;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size() && number > 0) return number - 1;
  if (reader.header().empty()) {
    throw TextFileError(reader.name() + " has no header, so no column " + in_quotes(name) +
                        "; name the column by its number, the first is 1");
  }
  throw TextFileError(reader.name() + " has no column " + in_quotes(name) + "; it has " + names_of(reader.header()));
}

std::size_t column_by_content(const CsvReader& reader, const std::vector<KeptRow>& rows) {
  if (const auto column = column_by_content(rows)) return *column;
  throw TextFileError("no column of " + reader.name() + " has ICCIDs in its first rows; name it with --column" +
                      (reader.header().empty() ? "" : ": it has " + names_of(reader.header())));
}

}  // namespace

ScanFile::ScanFile(const std::string& path, const std::string& column, std::stop_token stop)
    : reader_(path, {.longest_row = kLongestRow, .stray_quotes = true}, std::move(stop)),
      column_(column.empty() ? column_by_header(reader_.header()) : column_named(reader_, column)) {}

void ScanFile::read(const Scan& scan, const Damaged& damaged) {
  std::vector<KeptRow> kept;  // until the column is known
  const auto pass_on = [&](std::uint64_t line, const auto& fields) {
    if (*column_ < fields.size()) {
      scan(line, fields[*column_]);
    } else {
      damaged(line, "has no column " + std::to_string(*column_ + 1));
    }
  };
  const auto choose = [&] {
    column_ = column_by_content(reader_, kept);
    if (*column_ < reader_.header().size()) doubtful_header_ = reader_.header()[*column_];
    for (const KeptRow& row : kept) pass_on(row.line, row.fields);
    kept.clear();
  };
  const auto take = [&](const CsvRow& row) {
    if (column_) return pass_on(row.line, row.fields);
    kept.push_back({row.line, {row.fields.begin(), row.fields.end()}});
    if (kept.size() == kLookedAt) choose();
  };
  reader_.read(take, [&](const CsvFault& fault) { damaged(fault.line, fault.why); });
  if (!kept.empty()) choose();
}

}  // namespace simsync
