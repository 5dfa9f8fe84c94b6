#include "daemon/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "config/printable.h"

namespace simsync {
namespace {

std::string text_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  return {};
}

// Columns on a terminal: bytes that continue a UTF-8 character take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

void print_table(std::ostream& out, const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(width_of(printable(column)));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(printable(text_of(row[i]))));
  }
  const auto print_line = [&](const auto& cells, const auto& to_text, const auto& is_number) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string text = printable(to_text(cells[i]));
      const std::string padding(widths[i] - std::min(widths[i], width_of(text)), ' ');
      if (i > 0) line += "  ";
      line += is_number(i) ? padding + text : text + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  const auto is_number = [&](std::size_t column) {
    return !table.rows.empty() && std::holds_alternative<std::int64_t>(table.rows.front()[column]);
  };
  print_line(
      table.columns, [](const std::string& name) { return name; }, is_number);
  for (const auto& row : table.rows) print_line(row, text_of, is_number);
}

void print_json(std::ostream& out, const Table& table) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& row : table.rows) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::visit(
          [&](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
              object[table.columns[i]] = nullptr;
            } else {
              object[table.columns[i]] = value;
            }
          },
          row[i]);
    }
    rows.push_back(std::move(object));
  }
  out << rows.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void print_csv(std::ostream& out, const Table& table) {
  const auto print_line = [&out](const auto& cells, const auto& to_text) {
    const char* separator = "";
    for (const auto& cell : cells) {
      out << separator << csv_field(to_text(cell));
      separator = ",";
    }
    out << "\r\n";
  };
  print_line(table.columns, [](const std::string& name) { return name; });
  for (const auto& row : table.rows) print_line(row, text_of);
}

}  // namespace

void print(std::ostream& out, const Table& table, OutputFormat format) {
  switch (format) {
    case OutputFormat::table:
      print_table(out, table);
      break;
    case OutputFormat::json:
      print_json(out, table);
      break;
    case OutputFormat::csv:
      print_csv(out, table);
      break;
  }
}

}  // namespace simsync
