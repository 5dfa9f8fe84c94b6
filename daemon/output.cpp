#include "daemon/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "config/printable.h"
#include "storage/pg_text.h"

namespace simsync {
namespace {

std::string text_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  if (const auto* json = std::get_if<JsonText>(&cell)) return json->text;
  return {};
}

// Columns on a terminal: bytes that continue a UTF-8 character take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

void print_table(std::ostream& out, const Table& table, const std::string& indent = {}) {
  std::vector<std::size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(width_of(printable(column)));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(printable(text_of(row[i]))));
  }
  const auto print_line = [&](const auto& cells, const auto& to_text, const auto& is_number) {
    std::string line = indent;
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

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_of(const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return "null";
  if (const auto* text = std::get_if<std::string>(&cell)) return json_string(*text);
  return text_of(cell);
}

using Member = std::pair<std::string, std::string>;  // a key, and its value as JSON

// What stands between the brackets, which begin on a line of this indent.
std::string json_lines(const std::vector<std::string>& lines, const std::string& indent) {
  const std::string line_end = "\n" + indent;
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += ',';
    text.append(line_end).append("  ").append(line);
  }
  return lines.empty() ? text : text + line_end;
}

std::string json_object(const std::vector<Member>& members, const std::string& indent) {
  std::vector<std::string> lines;
  lines.reserve(members.size());
  for (const auto& [key, value] : members) lines.push_back(json_string(key) + ": " + value);
  return "{" + json_lines(lines, indent) + "}";
}

std::string json_array(const std::vector<std::string>& values, const std::string& indent) {
  return "[" + json_lines(values, indent) + "]";
}

std::string json_row(const Table& table, const std::vector<Cell>& row, const std::string& indent) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < row.size(); ++i) members.emplace_back(table.columns[i], json_of(row[i]));
  return json_object(members, indent);
}

std::string json_rows(const Table& table, const std::string& indent) {
  std::vector<std::string> rows;
  for (const auto& row : table.rows) rows.push_back(json_row(table, row, indent + "  "));
  return json_array(rows, indent);
}

std::string json_document(const Document& document, const std::string& indent) {
  const std::string inner = indent + "  ";
  std::vector<Member> members;
  for (const Section& section : document) {
    const Table& table = section.table;
    if (section.shape == Section::Shape::list) {
      members.emplace_back(section.name, json_rows(table, inner));
    } else {
      members.emplace_back(section.name, table.rows.empty() ? "null" : json_row(table, table.rows.front(), inner));
    }
    if (!section.note.empty()) members.emplace_back(section.name + "_note", json_string(section.note));
  }
  return json_object(members, indent);
}

// Names and values side by side, without a heading.
void print_row(std::ostream& out, const Table& table, const std::string& indent) {
  std::size_t width = 0;
  for (const std::string& column : table.columns) width = std::max(width, column.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::string line = indent + table.columns[i] + std::string(width + 2 - table.columns[i].size(), ' ');
    line += printable(text_of(table.rows.front()[i]));
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
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

Cell time_cell(const std::optional<TimePoint>& time) {
  if (!time) return std::monostate{};
  // PostgreSQL writes the same but for a blank in the middle and the zone as +00.
  std::string text = to_pg(*time);
  text.replace(text.find(' '), 1, "T");
  return text.replace(text.rfind("+00"), 3, "Z");
}

Cell json_cell(const std::string& text) {
  if (nlohmann::json::accept(text)) return JsonText{text};
  return text;
}

void print(std::ostream& out, const Table& table, OutputFormat format) {
  switch (format) {
    case OutputFormat::table:
      print_table(out, table);
      break;
    case OutputFormat::json:
      out << json_rows(table, "") << '\n';
      break;
    case OutputFormat::csv:
      print_csv(out, table);
      break;
  }
}

void print_sections(std::ostream& out, const std::vector<Document>& documents) {
  const char* separator = "";
  for (const Document& document : documents) {
    for (const Section& section : document) {
      out << separator << section.name << (section.note.empty() ? "" : ": " + printable(section.note)) << '\n';
      separator = "\n";
      if (section.table.rows.empty()) {
        out << "  none\n";
      } else if (section.shape == Section::Shape::one) {
        print_row(out, section.table, "  ");
      } else {
        print_table(out, section.table, "  ");
      }
    }
  }
}

void print_json(std::ostream& out, const std::vector<Document>& documents) {
  std::vector<std::string> values;
  values.reserve(documents.size());
  for (const Document& document : documents) values.push_back(json_document(document, "  "));
  out << json_array(values, "") << '\n';
}

}  // namespace simsync
