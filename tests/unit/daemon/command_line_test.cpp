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
