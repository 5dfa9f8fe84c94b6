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

struct Table {
  std::vector<std::string> columns;     // snake_case; the JSON keys and the CSV header
  std::vector<std::vector<Cell>> rows;  // each as long as columns
};

// Control characters never reach a terminal: the table shows them as '?'.
void print(std::ostream& out, const Table& table, OutputFormat format);

}  // namespace simsync
