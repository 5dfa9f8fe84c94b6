// Prints rows as people and scripts expect them: an aligned table, a JSON array of objects, or CSV (RFC 4180).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

namespace simsync {

enum class OutputFormat { table, json, csv };

// Null prints as nothing (table, CSV) or null (JSON).
using Cell = std::variant<std::monostate, std::string, std::int64_t, bool>;

inline Cell count_cell(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

struct Table {
  std::vector<std::string> columns;     // snake_case; the JSON keys and the CSV header
  std::vector<std::vector<Cell>> rows;  // each as long as columns
};

// Nothing that moves a terminal's cursor or reorders its text reaches it: the table shows control characters, bidi
// marks and bytes that are not UTF-8 as '?'. JSON and CSV are for programs and keep what they can hold.
void print(std::ostream& out, const Table& table, OutputFormat format);

}  // namespace simsync
