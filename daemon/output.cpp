#include "daemon/output.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "config/printable.h"
#include "storage/pg_text.h"

namespace simsync {
namespace {

std::string text_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  if (const auto* json = std::get_if<JsonText>(&cell)) return json->text;
  if (const auto* decimal = std::get_if<Decimal>(&cell)) return decimal->text;
  return {};
}

// Columns on a terminal: bytes that continue a UTF-8 character take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

using Row = std::vector<Cell>;

TableLayout layout_of(const std::vector<std::string>& columns) {
  TableLayout layout{{}, std::vector<bool>(columns.size())};
  for (const std::string& column : columns) layout.widths.push_back(width_of(printable(column)));
  return layout;
}

void widen(TableLayout& layout, const Row& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    layout.widths[i] = std::max(layout.widths[i], width_of(printable(text_of(row[i]))));
    if (std::holds_alternative<std::int64_t>(row[i]) || std::holds_alternative<Decimal>(row[i])) layout.right[i] = true;
  }
}

const char* escape_of(Tone tone) {
  switch (tone) {
    case Tone::strong:
      return "\033[1m";
    case Tone::warning:
      return "\033[33m";
    case Tone::bad:
      return "\033[31m";
    case Tone::plain:
      break;
  }
  return "";
}

std::string toned(const std::string& text, Tone tone) {
  return tone == Tone::plain || text.empty() ? text : escape_of(tone) + text + "\033[m";
}

std::string table_line(const TableLayout& layout, const std::vector<std::string>& texts,
                       const std::function<Tone(std::size_t)>& tone = {}) {
  std::string line;
  std::size_t blanks = 0;  // none at the end of a line
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = printable(texts[i]);
    const std::size_t padding = layout.widths[i] - width_of(text);
    if (layout.right[i]) blanks += padding;
    if (!text.empty()) {
      line.append(std::exchange(blanks, 0), ' ').append(toned(text, tone ? tone(i) : Tone::plain));
    }
    blanks += layout.right[i] ? 2 : padding + 2;
  }
  return line + '\n';
}

std::vector<std::string> texts_of(const Row& row) {
  std::vector<std::string> texts;
  texts.reserve(row.size());
  for (const Cell& cell : row) texts.push_back(text_of(cell));
  return texts;
}

void print_table(std::ostream& out, const Table& table, const std::string& indent = {}) {
  TableLayout layout = layout_of(table.columns);
  for (const Row& row : table.rows) widen(layout, row);
  out << indent << table_line(layout, table.columns);
  for (const Row& row : table.rows) out << indent << table_line(layout, texts_of(row));
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

std::string json_members(const std::vector<Member>& members, const std::string& indent) {
  std::vector<std::string> lines;
  lines.reserve(members.size());
  for (const auto& [key, value] : members) lines.push_back(json_string(key) + ": " + value);
  return json_object(lines, indent);
}

std::string json_array(const std::vector<std::string>& values, const std::string& indent) {
  return "[" + json_lines(values, indent) + "]";
}

std::string json_row(const Table& table, const std::vector<Cell>& row, const std::string& indent) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < row.size(); ++i) members.emplace_back(table.columns[i], json_of(row[i]));
  return json_members(members, indent);
}

std::string json_rows(const Table& table, const std::string& indent) {
  std::vector<std::string> rows;
  for (const auto& row : table.rows) rows.push_back(json_row(table, row, indent + "  "));
  return json_array(rows, indent);
}

std::string json_document(const Document& document, const std::string& indent) {
  const std::string inner = indent + "  ";
  std::vector<Member> members;
  for (const OutputSection& section : document) {
    const Table& table = section.table;
    if (section.shape == OutputSection::Shape::list) {
      members.emplace_back(section.name, json_rows(table, inner));
    } else {
      members.emplace_back(section.name, table.rows.empty() ? "null" : json_row(table, table.rows.front(), inner));
    }
    if (!section.note.empty()) members.emplace_back(section.name + "_note", json_string(section.note));
  }
  return json_members(members, indent);
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

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  const char* separator = "";
  for (const std::string& field : fields) {
    line.append(std::exchange(separator, ",")).append(csv_field(field));
  }
  return line + "\r\n";
}

}  // namespace

Cell time_cell(const std::optional<TimePoint>& time) {
  if (!time) return std::monostate{};
  // PostgreSQL writes the same but for a blank in the middle and the zone as +00.
  std::string text = to_pg(*time);
  text.replace(text.find(' '), 1, "T");
  return text.replace(text.rfind("+00"), 3, "Z");
}

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_object(const std::vector<std::string>& members, const std::string& indent) {
  return "{" + json_lines(members, indent) + "}";
}

Cell json_cell(const std::string& text) {
  if (nlohmann::json::accept(text)) return JsonText{text};
  return text;
}

void print(std::ostream& out, const Table& table, OutputFormat format) {
  RowPrinter printer{out, table.columns, format};
  printer.add(table.rows);
  printer.finish();
}

RowPrinter::RowPrinter(std::ostream& out, std::vector<std::string> columns, OutputFormat format, TableStyle style)
    : out_(out),
      waiting_{std::move(columns), {}},
      format_(format),
      style_(std::move(style)),
      layout_(layout_of(waiting_.columns)) {}

void RowPrinter::add(std::vector<std::vector<Cell>> rows) {
  if (!waiting_.rows.empty()) print_waiting();
  waiting_.rows = std::move(rows);
}

void RowPrinter::add_total(std::vector<Cell> row) {
  if (format_ == OutputFormat::table) total_ = std::move(row);
}

void RowPrinter::print_waiting() {
  const bool first = !std::exchange(begun_, true);
  if (format_ == OutputFormat::json) {
    const char* separator = first ? "[\n  " : ",\n  ";
    for (const Row& row : waiting_.rows) out_ << std::exchange(separator, ",\n  ") << json_row(waiting_, row, "  ");
  } else if (format_ == OutputFormat::csv) {
    if (first) out_ << csv_line(waiting_.columns);
    for (const Row& row : waiting_.rows) out_ << csv_line(texts_of(row));
  } else {
    for (const Row& row : waiting_.rows) widen(layout_, row);
    const auto strong = [this](std::size_t) { return style_.colours ? Tone::strong : Tone::plain; };
    if (first) out_ << table_line(layout_, waiting_.columns, strong);
    for (const Row& row : waiting_.rows) {
      out_ << table_line(layout_, texts_of(row), [&](std::size_t column) {
        return style_.colours && style_.tone ? style_.tone(row, column) : Tone::plain;
      });
    }
  }
}

void RowPrinter::finish() {
  if (total_) widen(layout_, *total_);
  const bool empty = !begun_ && waiting_.rows.empty();
  if (format_ == OutputFormat::json && empty) {
    out_ << "[]\n";
    return;
  }
  print_waiting();
  if (format_ == OutputFormat::json) out_ << "\n]\n";
  if (total_) {
    out_ << table_line(layout_, texts_of(*total_),
                       [this](std::size_t) { return style_.colours ? Tone::strong : Tone::plain; });
  }
}

void print_sections(std::ostream& out, const std::vector<Document>& documents) {
  const char* separator = "";
  for (const Document& document : documents) {
    for (const OutputSection& section : document) {
      out << separator << section.name << (section.note.empty() ? "" : ": " + printable(section.note)) << '\n';
      separator = "\n";
      if (section.table.rows.empty()) {
        out << "  none\n";
      } else if (section.shape == OutputSection::Shape::one) {
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

void JsonObjectPrinter::begin_member(const std::string& name) {
  end_list();
  out_ << (std::exchange(begun_, true) ? ",\n  " : "{\n  ") << json_string(name) << ": ";
}

void JsonObjectPrinter::add(const std::string& name, const Table& row) {
  begin_member(name);
  out_ << json_row(row, row.rows.front(), "  ");
}

void JsonObjectPrinter::begin_list(const std::string& name, std::vector<std::string> columns) {
  begin_member(name);
  out_ << '[';
  list_ = {std::move(columns), {}};
  in_list_ = true;
  list_empty_ = true;
}

void JsonObjectPrinter::add_row(const std::vector<Cell>& row) {
  out_ << (std::exchange(list_empty_, false) ? "\n    " : ",\n    ") << json_row(list_, row, "    ");
}

void JsonObjectPrinter::end_list() {
  if (std::exchange(in_list_, false)) out_ << (list_empty_ ? "]" : "\n  ]");
}

void JsonObjectPrinter::finish() {
  end_list();
  out_ << (begun_ ? "\n}\n" : "{}\n");
}

}  // namespace simsync
