// `simsyncd stocktake`: scanned ICCIDs against the mirror, and the API for those that it lacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kNobodys[] = "8901260862291477114";

// A shelf of provider p77: the SIMs of this test are made, so that each is what it is to be.
class StocktakeCommand : public testing::Test {
 protected:
  StocktakeCommand() {
    for (unsigned i = 1; i <= 8; ++i) make("acme", i, {{"status", "inactive"}});
    make("acme", 9, {{"status", "active"}});
    make("acme", 10, {{"status", "retired"}});
    make("beta", 11, {{"status", "inactive"}});
    const std::string gone = make("acme", 12, {{"status", "inactive"}});
    scene_.sync_well();
    scene_.simulator.destroy({{"sims", {gone}}});
    scene_.sync_well();
    scene_.simulator.reset_stats();
  }

  // 19 digits.
  static std::string iccid(unsigned number) { return "89770000000000000" + std::to_string(10 + number); }

  std::string make(const std::string& project, unsigned number, Json fields) {
    fields.update({{"count", 1}, {"provider", "p77"}, {"type", "pSIM"}, {"iccid", iccid(number)}});
    return scene_.simulator.create(fields, project).at(0);
  }

  Outcome stocktake(const std::string& content, const std::vector<std::string>& more = {}) {
    const std::string file = scene_.daemon.directory().file("scans.csv");
    write_file(file, content);
    std::vector<std::string> arguments = {"stocktake", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return scene_.daemon.run(arguments);
  }

  Json counted(const std::string& content, std::vector<std::string> more = {}, int status = 0) {
    more.insert(more.end(), {"--output", "json"});
    const Outcome outcome = stocktake(content, more);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    return Json::parse(outcome.out);
  }

  // "LINE ICCID", of each in the list of a category.
  static std::vector<std::string> listed(const Json& report, const std::string& category) {
    std::vector<std::string> all;
    for (const Json& row : report.at(category)) {
      all.push_back((row.at("line").is_null() ? "-" : row.at("line").dump()) + ' ' +
                    row.at(row.at("iccid").is_null() ? "scanned" : "iccid").get<std::string>());
    }
    return all;
  }

  Scene scene_{
      {.projects = {{.id = "acme", .token = "tok-a", .sims = 40}, {.id = "beta", .token = "tok-b", .sims = 20}}}};
};

using Lines = std::vector<std::string>;

TEST_F(StocktakeCommand, EachCardHasItsCategory) {
  const std::string born = make("acme", 13, {{"status", "inactive"}});
  std::string content = "Box;ICCID;Remark\r\n";
  // Lines 2 to 6 match, however they are written.
  for (const std::string& text :
       std::vector<std::string>{iccid(1), iccid(2) + "F", "\"" + iccid(3) + "\"", "8977 0000 0000 0000 014", iccid(5)})
    content += "7;" + text + ";\r\n";
  for (const std::string& text :
       std::vector<std::string>{iccid(9), iccid(10), iccid(11), iccid(12), iccid(13), kNobodys, iccid(1)})
    content += "7;" + text + ";\"a; b\"\r\n";
  const Json report =
      counted(content + "7;8977O;\r\n", {"--project", "acme", "--provider", "p77", "--type", "psim", "--all"}, 1);
  EXPECT_EQ(report.at("summary"), (Json{{"lines", 13},
                                        {"matched", 5},
                                        {"wrong_status", 2},
                                        {"elsewhere", 1},
                                        {"missing", 1},
                                        {"not_recorded", 1},
                                        {"unknown", 1},
                                        {"not_asked", 0},
                                        {"ambiguous", 0},
                                        {"damaged", 1},
                                        {"duplicate", 1},
                                        {"not_scanned", 3}}));
  EXPECT_EQ(listed(report, "matched"),
            (Lines{"2 " + iccid(1), "3 " + iccid(2), "4 " + iccid(3), "5 " + iccid(4), "6 " + iccid(5)}));
  EXPECT_EQ(listed(report, "wrong_status"), (Lines{"7 " + iccid(9), "8 " + iccid(10)}));
  EXPECT_EQ(report.at("wrong_status").at(1).at("status"), "retired");
  EXPECT_EQ(listed(report, "elsewhere"), Lines{"9 " + iccid(11)});
  EXPECT_EQ(report.at("elsewhere").at(0).at("project"), "beta");
  EXPECT_EQ(listed(report, "missing"), Lines{"10 " + iccid(12)});
  EXPECT_EQ(listed(report, "not_recorded"), Lines{"11 " + iccid(13)});
  EXPECT_EQ(listed(report, "unknown"), Lines{std::string{"12 "} + kNobodys});
  EXPECT_EQ(listed(report, "duplicate"), Lines{"13 " + iccid(1)});
  EXPECT_EQ(report.at("duplicate").at(0).at("note"), "first on line 2");
  EXPECT_EQ(listed(report, "damaged"), Lines{"14 8977O"});
  EXPECT_THAT(listed(report, "not_scanned"),
              testing::UnorderedElementsAre("- " + iccid(6), "- " + iccid(7), "- " + iccid(8)));
  // What the search said is in the mirror, as a walk's page would be, and found there the next time.
  EXPECT_EQ(scene_.count("sim", "sim_id = '" + born + "'"), 1);
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + born + "' AND kind = 'appeared'"), 1);
  scene_.expect_equal();
  scene_.expect_true_history();
  scene_.simulator.reset_stats();
  EXPECT_EQ(listed(counted(iccid(13) + "\n", {"--all"}), "matched"), Lines{"1 " + iccid(13)});
  EXPECT_EQ(scene_.simulator.requests("search"), 0U);
}

TEST_F(StocktakeCommand, TheSearchCanBeLeftOrLimited) {
  const std::string born = make("acme", 13, {{"status", "inactive"}});
  const std::string content = iccid(13) + "\n" + iccid(14) + "\n" + kNobodys + "\n";
  Json report = counted(content, {"--no-search"});
  EXPECT_EQ(report.at("summary").at("not_asked"), 3);
  EXPECT_EQ(scene_.simulator.requests("search"), 0U);
  report = counted(content, {"--most-searches", "1", "--no-record", "--project", "acme"});
  EXPECT_EQ(listed(report, "not_recorded"), Lines{"1 " + iccid(13)});
  EXPECT_EQ(report.at("summary").at("not_asked"), 2);
  EXPECT_EQ(
      report.at("not_asked").at(0).at("note"),
      "the API is asked for 1 at the most, unless --most-searches says more; the check digit does not fit: it may "
      "be misread");
  EXPECT_EQ(scene_.simulator.requests("search"), 1U);
  EXPECT_EQ(scene_.count("sim", "sim_id = '" + born + "'"), 0);
}

TEST_F(StocktakeCommand, WithoutTheApiTheCountIsToldAllTheSame) {
  scene_.simulator.fault({{"fault", "status"}, {"status", 401}, {"where", "search"}});
  const Outcome outcome = stocktake(iccid(1) + "\n" + kNobodys + "\n", {"--project", "acme", "--output", "csv"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("simsyncd: acme: the search was given up: "));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("matched,1," + iccid(1) + "," + iccid(1) + ",acme,p77,pSIM,inactive,sim_"),
                                 HasSubstr("not_asked,2," + std::string{kNobodys} + ",,,,,,,"),
                                 HasSubstr("not_scanned,,," + iccid(2) + ",acme,p77,pSIM,inactive,sim_")));
  EXPECT_EQ(outcome.out.rfind("category,line,scanned,iccid,project,provider,type,status,sim_id,note\r\n", 0), 0U);
}

TEST_F(StocktakeCommand, TheTableCountsAndListsWhatDiffers) {
  const Outcome outcome = stocktake(iccid(1) + "\n" + iccid(9) + "\n", {"--provider", "p77", "--project", "acme"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, testing::StartsWith("category      count  meaning\n"
                                               "lines             2  with something on them\n"
                                               "matched           1  in stock, as they should be\n"
                                               "wrong_status      1  not inactive: they should not lie there\n"
                                               "not_scanned       7  should be there, and no line has them\n\n"
                                               "category      line  scanned "));
  EXPECT_THAT(outcome.out, Not(HasSubstr(iccid(1))));
  EXPECT_THAT(outcome.out, HasSubstr("\nwrong_status     2  " + iccid(9) + "  " + iccid(9) + "  acme     p77 "));
}

TEST_F(StocktakeCommand, BadFilesAreRefusedInOneLine) {
  const auto expect_refused = [this](const std::string& content, const std::string& why,
                                     const std::vector<std::string>& more = {}) {
    const Outcome outcome = stocktake(content, more);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(testing::StartsWith("simsyncd: "), HasSubstr(why)));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  };
  expect_refused("", "holds no line to compare");
  expect_refused("iccid\n", "holds no line to compare");
  expect_refused(std::string{"PK\x03\x04\0\0", 6}, "is a spreadsheet or an archive, not text: export it as CSV");
  expect_refused(std::string{"89\0", 3}, "is not text");
  expect_refused("box,shelf\n1,2\n", "name it with --column: it has \"box\", \"shelf\"");
  expect_refused("box,shelf\n1,2\n", "has no column \"iccid\"", {"--column", "iccid"});
  expect_refused(iccid(1) + "\n", "--project nobody is not in", {"--project", "nobody"});
  EXPECT_EQ(stocktake("ERROR\n" + iccid(1) + "\n").err,
            "simsyncd: note: the first line is taken for a header: \"ERROR\"\n");
  expect_refused(iccid(1) + "\n", "--type", {"--type", "iSIM"});
  const Outcome nowhere = scene_.daemon.run({"stocktake", "/nowhere/scans.txt"});
  EXPECT_EQ(nowhere.status, 2);
  EXPECT_EQ(nowhere.err, "simsyncd: \"/nowhere/scans.txt\" cannot be opened: No such file or directory\n");
  // One bad row does not cost the others.
  const Json report = counted("iccid\n" + iccid(1) + "\n\"" + iccid(2) + "\n" + iccid(3) + "\n", {}, 1);
  EXPECT_EQ(report.at("summary").at("matched"), 2);
  EXPECT_EQ(report.at("damaged").at(0).at("line"), 3);
  EXPECT_EQ(report.at("damaged").at(0).at("note"), "the quote that begins in this row is never closed");
}

}  // namespace
}  // namespace simsync::test
