// Prints rows as people and scripts expect them: an aligned table, a JSON array of objects, or CSV (RFC 4180); and what
// is more than one table as sections under their names, or JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "storage/sim.h"

namespace simsync {

enum class OutputFormat { table, json, csv };

// Valid JSON that stands in JSON as it is, so that no digit of a number is lost; text elsewhere.
struct JsonText {
  std::string text;
};

// A number as PostgreSQL's numeric writes it, with its digits.
struct Decimal {
  std::string text;
};

// Null prints as nothing (table, CSV) or null (JSON).
using Cell = std::variant<std::monostate, std::string, std::int64_t, bool, JsonText, Decimal>;

inline Cell count_cell(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

// Bytes of a text in a table for people: metadata would push the columns apart.
inline constexpr std::size_t kLongestInTable = 60;

// RFC 3339 in UTC, with microseconds where they are not zero.
Cell time_cell(const std::optional<TimePoint>& time);

// A JsonText where `text` is JSON, else a text.
Cell json_cell(const std::string& text);

// A JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
std::string json_string(const std::string& text);
// An object over several lines, of `"key": value` each, which begins on a line of this indent.
std::string json_object(const std::vector<std::string>& members, const std::string& indent);

struct Table {
  std::vector<std::string> columns;     // snake_case; the JSON keys and the CSV header
  std::vector<std::vector<Cell>> rows;  // each as long as columns
};

// Nothing that moves a terminal's cursor or reorders its text reaches it: the table shows control characters, bidi
// marks and bytes that are not UTF-8 as '?'. JSON and CSV are for programs and keep what they can hold.
void print(std::ostream& out, const Table& table, OutputFormat format);

// How a table shows a cell on a terminal that has colours.
enum class Tone { plain, strong, warning, bad };

struct TableStyle {
  bool colours = false;
  std::function<Tone(const std::vector<Cell>& row, std::size_t column)> tone = {};
};

struct TableLayout {
  std::vector<std::size_t> widths;
  std::vector<bool> right;  // numbers stand at the right
};

// Rows as they come, so that there may be more of them than memory holds; what comes out is what print() prints. The
// columns of a table are as wide as the first rows need, and grow where later ones need more.
class RowPrinter {
 public:
  RowPrinter(std::ostream& out, std::vector<std::string> columns, OutputFormat format, TableStyle style = {});

  void add(std::vector<std::vector<Cell>> rows);
  // A line below a table; nothing in JSON and CSV, which are for programs.
  void add_total(std::vector<Cell> row);
  void finish();

 private:
  void print_waiting();

  std::ostream& out_;
  Table waiting_;  // until more come, or the total: they share their columns' widths
  OutputFormat format_;
  TableStyle style_;
  TableLayout layout_;
  std::optional<std::vector<Cell>> total_;
  bool begun_ = false;
};

// A part of what is known of one thing. Not "Section", which is the configuration's: two classes of one name are one to
// the linker, and the destructor of either was called for both.
struct OutputSection {
  enum class Shape {
    one,   // a row or none: a line for each column; in JSON an object or null
    list,  // a table; in JSON an array of objects
  };

  std::string name;  // snake_case: the heading, and the JSON key
  Shape shape = Shape::list;
  Table table;
  std::string note = {};  // beside the heading; in JSON the key NAME_note, where it is not empty
};

using Document = std::vector<OutputSection>;

// Sections and documents one below the other, an empty line between them; the same guard.
void print_sections(std::ostream& out, const std::vector<Document>& documents);
// An array with an object for each document.
void print_json(std::ostream& out, const std::vector<Document>& documents);

// One JSON object, member by member; its lists may be longer than memory holds.
class JsonObjectPrinter {
 public:
  explicit JsonObjectPrinter(std::ostream& out) : out_(out) {}

  // A member that is an object, from the table's one row.
  void add(const std::string& name, const Table& row);
  // A member that is an array of objects: rows until the next member.
  void begin_list(const std::string& name, std::vector<std::string> columns);
  void add_row(const std::vector<Cell>& row);
  void finish();

 private:
  void begin_member(const std::string& name);
  void end_list();

  std::ostream& out_;
  Table list_;  // the columns of the list that goes on
  bool in_list_ = false;
  bool list_empty_ = true;
  bool begun_ = false;
};

}  // namespace simsync
