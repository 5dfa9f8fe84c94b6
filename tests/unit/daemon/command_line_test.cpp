#include "daemon/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::variant<CommandLine, ExitCode> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "simsyncd");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(CommandLineTest, EachCommand) {
  EXPECT_EQ(std::get<CommandLine>(parse({"run"})).command, CommandName::run);
  EXPECT_EQ(std::get<CommandLine>(parse({"run"})).config_file, "/etc/simsyncd/simsyncd.yaml");
  EXPECT_EQ(std::get<CommandLine>(parse({"--config", "f", "migrate"})).config_file, "f");
  EXPECT_EQ(std::get<CommandLine>(parse({"migrate", "--config", "f"})).config_file, "f");
  const auto sync = std::get<CommandLine>(parse({"sync", "--project", "acme", "--dry-run", "--output", "csv"}));
  EXPECT_EQ(sync.command, CommandName::sync);
  EXPECT_EQ(sync.project, "acme");
  EXPECT_TRUE(sync.dry_run);
  EXPECT_EQ(sync.output, OutputFormat::csv);
  EXPECT_EQ(std::get<CommandLine>(parse({"status", "--output", "json"})).output, OutputFormat::json);
  EXPECT_EQ(std::get<CommandLine>(parse({"check"})).command, CommandName::check);
  EXPECT_FALSE(sync.verify);
  EXPECT_TRUE(std::get<CommandLine>(parse({"sync", "--verify"})).verify);
  const auto approve = std::get<CommandLine>(parse({"approve", "17"}));
  EXPECT_EQ(approve.command, CommandName::approve);
  EXPECT_EQ(approve.walk, 17);
  const auto explain = std::get<CommandLine>(parse({"explain", "sim_1", "--project", "acme", "--output", "json"}));
  EXPECT_EQ(explain.command, CommandName::explain);
  EXPECT_EQ(explain.sim, "sim_1");
  EXPECT_EQ(explain.project, "acme");
  EXPECT_EQ(explain.output, OutputFormat::json);
  EXPECT_FALSE(explain.all);
  EXPECT_TRUE(std::get<CommandLine>(parse({"explain", "--all", "8988307000000753711F"})).all);
}

TEST(CommandLineTest, MistakesAreOneLineAndExitTwo) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{{},
                                                                                     {"frobnicate"},
                                                                                     {"run", "--frob"},
                                                                                     {"status", "--output", "xml"},
                                                                                     {"run", "sync"},
                                                                                     {"--config"},
                                                                                     {"approve"},
                                                                                     {"approve", "x"},
                                                                                     {"approve", "-1"},
                                                                                     {"explain"},
                                                                                     {"explain", ""},
                                                                                     {"explain", "a", "b"}}) {
    testing::internal::CaptureStderr();
    const auto result = parse(words);
    const std::string said = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(std::holds_alternative<ExitCode>(result));
    EXPECT_EQ(std::get<ExitCode>(result), ExitCode::usage);
    EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
    EXPECT_THAT(said, HasSubstr("simsyncd: "));
  }
}

TEST(CommandLineTest, OperationsOfTheApi) {
  const auto sim = [](std::vector<const char*> words) {
    words.insert(words.begin(), "sim");
    const auto line = std::get<CommandLine>(parse(words));
    EXPECT_EQ(line.command, CommandName::sim);
    return line;
  };
  const SimLine list = sim({"list", "--provider", "p3,p4", "--provider", "p5", "--status", "retired,active", "--type",
                            "PSIM", "--user", "usr_1", "--after", "sim_1", "--limit", "250"})
                           .sim_line;
  EXPECT_EQ(list.name, SimName::list);
  EXPECT_THAT(list.providers, testing::ElementsAre("p3", "p4", "p5"));
  EXPECT_THAT(list.statuses, testing::ElementsAre("retired", "active"));
  EXPECT_EQ(list.type, "pSIM");
  EXPECT_EQ(list.user, "usr_1");
  EXPECT_EQ(list.after, "sim_1");
  EXPECT_EQ(list.limit, 250U);
  EXPECT_FALSE(list.all || list.no_record);
  EXPECT_EQ(sim({"list"}).sim_line.limit, 10U);
  EXPECT_TRUE(sim({"list", "--all"}).sim_line.all);
  EXPECT_EQ(sim({"list", "--before", "sim_1"}).sim_line.before, "sim_1");
  const CommandLine get = sim({"get", "sim_1", "--project", "acme", "--no-record", "--output", "json"});
  EXPECT_EQ(get.sim_line.name, SimName::get);
  EXPECT_EQ(get.sim_line.sim, "sim_1");
  EXPECT_EQ(get.project, "acme");
  EXPECT_TRUE(get.sim_line.no_record);
  EXPECT_EQ(get.output, OutputFormat::json);
  EXPECT_EQ(sim({"profile", "sim_1"}).sim_line.name, SimName::profile);
  const SimLine search = sim({"search", "8988307000000753711", "--type", "esim"}).sim_line;
  EXPECT_EQ(search.name, SimName::search);
  EXPECT_EQ(search.iccid, "8988307000000753711");
  EXPECT_EQ(search.type, "eSIM");
  EXPECT_EQ(sim({"search", "--file", "-"}).sim_line.file, "-");
  const SimLine credentials = sim({"credentials", "sim_1", "--png", "f", "--reveal"}).sim_line;
  EXPECT_EQ(credentials.name, SimName::credentials);
  EXPECT_EQ(credentials.png, "f");
  EXPECT_TRUE(credentials.reveal);
}

TEST(CommandLineTest, MistakesOfOperationsSayWhatToDo) {
  const auto said = [](std::vector<const char*> words) {
    words.insert(words.begin(), "sim");
    testing::internal::CaptureStderr();
    const auto result = parse(words);
    std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(std::holds_alternative<ExitCode>(result));
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    return text;
  };
  said({});
  EXPECT_THAT(said({"get"}), HasSubstr("sim is required"));
  EXPECT_THAT(said({"get", ""}), HasSubstr("sim: must not be empty"));
  EXPECT_THAT(said({"get", "\xFF"}), HasSubstr(R"(sim: "\xff" is not UTF-8)"));
  EXPECT_THAT(said({"search"}), HasSubstr("give one ICCID, or a --file of them"));
  EXPECT_THAT(said({"search", "1", "--file", "f"}), HasSubstr("give one ICCID, or a --file of them"));
  EXPECT_THAT(said({"search", "1", "2"}), HasSubstr("2"));
  EXPECT_THAT(said({"list", "--limit", "-1"}), HasSubstr("--limit"));
  EXPECT_THAT(said({"list", "--limit", "99999999999999999999"}), HasSubstr("--limit"));
  EXPECT_THAT(said({"list", "--limit", "1", "--all"}), HasSubstr("excludes"));
  EXPECT_THAT(said({"list", "--before", "a", "--after", "b"}), HasSubstr("excludes"));
  EXPECT_THAT(said({"list", "--before", "a", "--all"}), HasSubstr("excludes"));
  EXPECT_THAT(said({"list", "--before", "a", "--limit", "201"}), HasSubstr("a --limit of 200 at most"));
  EXPECT_THAT(said({"list", "--status", "active,gone"}), HasSubstr("gone"));
  EXPECT_THAT(said({"list", "--type", "x\033[2J"}), Not(HasSubstr("\033")));
  EXPECT_THAT(said({"list", "--provider", ""}), HasSubstr("--provider"));
}

TEST(CommandLineTest, Reports) {
  const auto report = [](std::vector<const char*> words) {
    words.insert(words.begin(), "report");
    return std::get<CommandLine>(parse(words));
  };
  const CommandLine inventory = report({"inventory", "--at", "2024-03-01T14:00:00+02:00", "--provider", "p3", "--sims",
                                        "--project", "acme", "--output", "csv"});
  EXPECT_EQ(inventory.command, CommandName::report);
  EXPECT_EQ(inventory.report.name, ReportName::inventory);
  EXPECT_EQ(inventory.report.at, TimePoint{std::chrono::sys_days{std::chrono::year{2024} / 3 / 1}} + 12h);
  EXPECT_EQ(inventory.report.provider, "p3");
  EXPECT_TRUE(inventory.report.sims);
  EXPECT_EQ(inventory.project, "acme");
  EXPECT_EQ(inventory.output, OutputFormat::csv);
  EXPECT_FALSE(report({"inventory"}).report.at);

  const ReportLine day = report({"transitions"}).report;
  EXPECT_EQ(*day.until - *day.since, 24h);
  EXPECT_LE(*day.until, wall_clock());
  const ReportLine before = report({"transitions", "--until", "2024-03-01T00:00:00Z"}).report;
  EXPECT_EQ(*before.since, TimePoint{std::chrono::sys_days{std::chrono::year{2024} / 2 / 29}});
  const ReportLine gaps = report({"gaps"}).report;
  EXPECT_EQ(*gaps.until - *gaps.since, 30 * 24h);
  const ReportLine week = report({"gaps", "--since", "7d"}).report;
  EXPECT_EQ(*week.until - *week.since, 7 * 24h);
  EXPECT_EQ(report({"stock"}).report.name, ReportName::stock);
  EXPECT_FALSE(report({"stuck"}).report.since);
}

TEST(CommandLineTest, MistakesOfReportsSayWhatToDo) {
  const auto said = [](std::vector<const char*> words) {
    words.insert(words.begin(), "report");
    testing::internal::CaptureStderr();
    const auto result = parse(words);
    std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(std::holds_alternative<ExitCode>(result));
    if (const auto* code = std::get_if<ExitCode>(&result)) {
      EXPECT_EQ(*code, ExitCode::usage);
    }
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    return text;
  };
  EXPECT_THAT(said({}), HasSubstr("report is required"));
  EXPECT_THAT(said({"stok"}), HasSubstr("there is no report \"stok\"; did you mean stock?"));
  EXPECT_THAT(said({"\033[2J"}), Not(HasSubstr("\033")));
  EXPECT_THAT(said({"stuck", "--since", "7d"}), HasSubstr("takes no --since, that is for: transitions, gaps"));
  EXPECT_THAT(said({"inventory", "--until", "7d"}), HasSubstr("report inventory takes no --until"));
  EXPECT_THAT(said({"stock", "--at", "7d"}), HasSubstr("report stock takes no --at, that is for: inventory"));
  EXPECT_THAT(said({"gaps", "--sims"}), HasSubstr("report gaps takes no --sims"));
  EXPECT_THAT(said({"gaps", "--provider", "p3"}), HasSubstr("inventory, transitions, stock, stuck"));
  EXPECT_THAT(said({"stock", "--provider", ""}), HasSubstr("--provider"));
  EXPECT_THAT(said({"stock", "--provider", "\xFF"}), HasSubstr("--provider"));
  EXPECT_THAT(said({"gaps", "--since", ""}), HasSubstr("--since \"\" is no time; write 2026-03-01"));
  EXPECT_THAT(said({"gaps", "--until", "2026-02-30"}), HasSubstr("--until \"2026-02-30\" is no time"));
  EXPECT_THAT(said({"gaps", "--since", "x\033[2J\n"}), Not(HasSubstr("\033")));
  EXPECT_THAT(said({"gaps", "--since", "9000-01-01"}), HasSubstr("--since has to be before now"));
  EXPECT_THAT(said({"gaps", "--since", "2024-01-02", "--until", "2024-01-02"}), HasSubstr("before --until"));
  EXPECT_THAT(said({"gaps", "--until", "0001-01-01T00:00:00Z"}), HasSubstr("before --until"));
  EXPECT_THAT(said({"inventory", "--at", "9000-01-01"}), HasSubstr("is yet to come"));
}

TEST(CommandLineTest, StocktakeTakesAFileAndItsScope) {
  const auto line =
      std::get<CommandLine>(parse({"stocktake", "scans.csv", "--type", "psim", "--column", "2", "--all"}));
  EXPECT_EQ(line.command, CommandName::stocktake);
  EXPECT_EQ(line.stocktake.file, "scans.csv");
  EXPECT_EQ(line.stocktake.type, "pSIM");
  EXPECT_EQ(line.stocktake.column, "2");
  EXPECT_EQ(line.stocktake.most_searches, 1000U);
  EXPECT_TRUE(line.all);
  EXPECT_EQ(std::get<CommandLine>(parse({"stocktake", "-"})).stocktake.file, "-");
  for (const std::vector<const char*>& wrong : {std::vector<const char*>{"stocktake"},
                                                {"stocktake", ""},
                                                {"stocktake", "a", "b"},
                                                {"stocktake", "a", "--type", "SIM"},
                                                {"stocktake", "a", "--provider", ""},
                                                {"stocktake", "a", "--column", "\xFF"},
                                                {"stocktake", "a", "--most-searches", "0"},
                                                {"stocktake", "a", "--most-searches", "5", "--no-search"}}) {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(std::holds_alternative<ExitCode>(parse(wrong)));
    EXPECT_EQ(std::ranges::count(testing::internal::GetCapturedStderr(), '\n'), 1);
  }
}

// Below the options, also of the commands of a command.
TEST(CommandLineTest, HelpHasExamples) {
  for (const std::vector<const char*>& command :
       {std::vector<const char*>{"sync", "--help"}, {"alerts", "list", "--help"}, {"stocktake", "--help"}}) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(std::get<ExitCode>(parse(command)), ExitCode::done);
    EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("Examples:\n  simsyncd "));
  }
}

TEST(CommandLineTest, HelpIsNoMistake) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(std::get<ExitCode>(parse({"--help"})), ExitCode::done);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("sync"));
}

TEST(CommandLineTest, HelpSaysWhatCsvIsOfASim) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(std::get<ExitCode>(parse({"explain", "--help"})), ExitCode::done);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("csv (the timeline only)"));
}

}  // namespace
}  // namespace simsync
