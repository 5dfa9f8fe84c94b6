#include "daemon/output.h"

#include <gtest/gtest.h>

#include <sstream>

namespace simsync {
namespace {

const Table kTable{{"project", "sims", "error"},
                   {{std::string{"acme"}, std::int64_t{20000}, std::monostate{}},
                    {std::string{"b,\"ü\""}, std::int64_t{7}, std::string{"two\nlines\033[1m"}}}};

std::string printed(OutputFormat format) {
  std::ostringstream out;
  print(out, kTable, format);
  return out.str();
}

TEST(Output, TableIsAlignedAndSafeForATerminal) {
  EXPECT_EQ(printed(OutputFormat::table),
            "project   sims  error\n"
            "acme     20000\n"
            "b,\"ü\"        7  two?lines?[1m\n");
}

TEST(Output, NothingOfACellCanMoveTheCursorOrTurnTheText) {
  const Table table{{"sim", "next"},
                    {{std::string{"\xC2\x9B"
                                  "2J\xE2\x80\xAE"
                                  "x\xFF"},
                      std::string{"y"}}}};
  std::ostringstream out;
  print(out, table, OutputFormat::table);
  EXPECT_EQ(out.str(), "sim     next\n?2J?x?  y\n");
}

TEST(Output, CsvQuotes) {
  EXPECT_EQ(printed(OutputFormat::csv),
            "project,sims,error\r\nacme,20000,\r\n\"b,\"\"ü\"\"\",7,\"two\nlines\033[1m\"\r\n");
}

TEST(Output, JsonKeepsTypesAndOrder) {
  const std::string json = printed(OutputFormat::json);
  EXPECT_NE(json.find("\"project\": \"acme\",\n    \"sims\": 20000,\n    \"error\": null"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("two\nlines\u001b[1m")"), std::string::npos) << json;
}

TEST(Output, JsonIsJsonWhateverIsInIt) {
  const Table table{{"a", "b", "c", "d"},
                    {{JsonText{R"({"n": 12345678901234567890.10})"}, true, std::string{"\xFF"}, std::monostate{}}}};
  std::ostringstream out;
  print(out, table, OutputFormat::json);
  EXPECT_EQ(out.str(),
            "[\n  {\n    \"a\": {\"n\": 12345678901234567890.10},\n    \"b\": true,\n    \"c\": \"\xEF\xBF\xBD\",\n"
            "    \"d\": null\n  }\n]\n");
  out.str("");
  print(out, Table{{"a"}, {}}, OutputFormat::json);
  EXPECT_EQ(out.str(), "[]\n");
}

TEST(Output, TimesAreThoseOfRfc3339) {
  const TimePoint second = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::seconds{3661};
  EXPECT_EQ(std::get<std::string>(time_cell(second)), "2026-03-01T01:01:01Z");
  EXPECT_EQ(std::get<std::string>(time_cell(second + std::chrono::microseconds{20})), "2026-03-01T01:01:01.000020Z");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(time_cell(std::nullopt)));
}

TEST(Output, OnlyJsonIsTakenForJson) {
  EXPECT_EQ(std::get<JsonText>(json_cell(R"({"a": 1})")).text, R"({"a": 1})");
  EXPECT_EQ(std::get<std::string>(json_cell(R"({"a": 1}, "b": 2)")), R"({"a": 1}, "b": 2)");
}

std::vector<std::vector<Cell>> rows_named(const std::vector<std::string>& names) {
  std::vector<std::vector<Cell>> rows;
  for (const std::string& name : names) rows.push_back({name, std::monostate{}, Decimal{"0.50"}});
  return rows;
}

std::string in_parts(OutputFormat format, bool total = false, const TableStyle& style = {}) {
  std::ostringstream out;
  RowPrinter printer{out, {"name", "note", "left"}, format, style};
  printer.add(rows_named({"a"}));
  printer.add(rows_named({"longer name"}));
  printer.add(rows_named({"b"}));
  if (total) printer.add_total({std::string{"total"}, std::monostate{}, std::int64_t{1000000}});
  printer.finish();
  return out.str();
}

TEST(Output, PartsAreOneWhole) {
  for (const OutputFormat format : {OutputFormat::json, OutputFormat::csv}) {
    std::ostringstream whole;
    print(whole, {{"name", "note", "left"}, rows_named({"a", "longer name", "b"})}, format);
    EXPECT_EQ(in_parts(format), whole.str());
    EXPECT_EQ(in_parts(format, true), whole.str()) << "a total is for people";
  }
  EXPECT_NE(in_parts(OutputFormat::json).find("\"left\": 0.50\n"), std::string::npos) << "a number, with its digits";
}

TEST(Output, ColumnsGrowWithTheParts) {
  EXPECT_EQ(in_parts(OutputFormat::table),
            "name  note  left\n"
            "a           0.50\n"
            "longer name        0.50\n"
            "b                  0.50\n");
  EXPECT_EQ(in_parts(OutputFormat::table, true),
            "name  note  left\n"
            "a           0.50\n"
            "longer name        0.50\n"
            "b                     0.50\n"
            "total              1000000\n")
      << "the last part stands as the total does";
}

TEST(Output, ColoursTakeNoRoom) {
  const auto tone = [](const std::vector<Cell>& row, std::size_t column) {
    return column == 2 && std::get<std::string>(row[0]) == "b" ? Tone::bad : Tone::plain;
  };
  EXPECT_EQ(in_parts(OutputFormat::table, true, {true, tone}),
            "\033[1mname\033[m  \033[1mnote\033[m  \033[1mleft\033[m\n"
            "a           0.50\n"
            "longer name        0.50\n"
            "b                     \033[31m0.50\033[m\n"
            "\033[1mtotal\033[m              \033[1m1000000\033[m\n");
  EXPECT_EQ(in_parts(OutputFormat::table, true, {false, tone}), in_parts(OutputFormat::table, true));
  EXPECT_EQ(in_parts(OutputFormat::csv, true, {true, tone}), in_parts(OutputFormat::csv));
}

std::vector<Document> documents() {
  const auto document = [](const std::string& id) {
    return Document{{"sim",
                     OutputSection::Shape::one,
                     {{"sim_id", "iccid", "metadata"}, {{id, std::monostate{}, JsonText{"{\"a\": \"\u009b\"}"}}}}},
                    {"profile", OutputSection::Shape::one, {{"status"}, {}}},
                    {"timeline", OutputSection::Shape::list, kTable, "3 older\n"},
                    {"pending", OutputSection::Shape::list, {{"kind"}, {}}}};
  };
  return {document("sim_1\033[2J"), document("sim_2")};
}

TEST(Output, SectionsStandUnderTheirNamesSafeForATerminal) {
  std::ostringstream out;
  print_sections(out, documents());
  const std::string rest =
      "  iccid\n"
      "  metadata  {\"a\": \"?\"}\n"
      "\nprofile\n  none\n"
      "\ntimeline: 3 older?\n"
      "  project   sims  error\n"
      "  acme     20000\n"
      "  b,\"ü\"        7  two?lines?[1m\n"
      "\npending\n  none\n";
  EXPECT_EQ(out.str(), "sim\n  sim_id    sim_1?[2J\n" + rest + "\nsim\n  sim_id    sim_2\n" + rest);
}

TEST(Output, DocumentsAreOneArray) {
  std::ostringstream out;
  print_json(out, documents());
  EXPECT_NE(out.str().find("[\n  {\n    \"sim\": {\n      \"sim_id\": \"sim_1\\u001b[2J\",\n      \"iccid\": null,\n"),
            std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("    \"profile\": null,\n    \"timeline\": [\n      {\n        \"project\": \"acme\",\n"),
            std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("\n    ],\n    \"timeline_note\": \"3 older\\n\",\n    \"pending\": []\n  },\n  {\n"),
            std::string::npos)
      << out.str();
  out.str("");
  print_json(out, {});
  EXPECT_EQ(out.str(), "[]\n");
}

TEST(Output, AJsonObjectIsWrittenMemberByMember) {
  std::ostringstream out;
  JsonObjectPrinter printer{out};
  printer.add("summary", {{"lines", "text"}, {{std::int64_t{3}, std::string{"a\"b"}}}});
  printer.begin_list("none", {"x"});
  printer.begin_list("some", {"x", "y"});
  printer.add_row({std::string{"1"}, std::monostate{}});
  printer.add_row({std::string{"2"}, true});
  printer.finish();
  EXPECT_EQ(out.str(), R"({
  "summary": {
    "lines": 3,
    "text": "a\"b"
  },
  "none": [],
  "some": [
    {
      "x": "1",
      "y": null
    },
    {
      "x": "2",
      "y": true
    }
  ]
}
)");
  std::ostringstream empty;
  JsonObjectPrinter{empty}.finish();
  EXPECT_EQ(empty.str(), "{}\n");
}

}  // namespace
}  // namespace simsync
