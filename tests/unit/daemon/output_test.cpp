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

}  // namespace
}  // namespace simsync
