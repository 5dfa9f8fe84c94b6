#include "daemon/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using testing::HasSubstr;

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
