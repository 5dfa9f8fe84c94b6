// What the program has in memory stays there: it leaves no core, whatever the limit is that it starts with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <csignal>
#include <filesystem>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// bash says of a program that a signal ended whether the kernel made a core of it, also where cores go to a program.
std::unique_ptr<Process> start_with_cores(const TempDir& cores, std::vector<std::string> command) {
  std::vector<std::string> arguments = {
      "-c", R"(ulimit -c unlimited && cd "$0" && { "$@" & echo $! >"$0/../pid"; wait $!; }; exit 0)", cores.file("in")};
  std::filesystem::create_directory(cores.file("in"));
  arguments.insert(arguments.end(), command.begin(), command.end());
  return std::make_unique<Process>(Process::Start{.program = "bash",
                                                  .arguments = std::move(arguments),
                                                  .environment = {{"LC_ALL", "C"}},
                                                  .out_file = cores.file("out"),
                                                  .err_file = cores.file("err")});
}

pid_t child(const TempDir& cores) {
  EXPECT_TRUE(eventually([&] { return read_file(cores.file("pid")).ends_with('\n'); }));
  return static_cast<pid_t>(std::stol("0" + read_file(cores.file("pid"))));
}

TEST(PrivateMemory, IsInNoCoreOfTheService) {
  const Scene scene;
  const TempDir cores;
  const auto shell = start_with_cores(cores, {SIMSYNC_DAEMON, "--config", scene.daemon.config_file(), "run"});
  const pid_t service = child(cores);
  ASSERT_GT(service, 1);
  const bool walked = eventually([&] { return scene.simulator.requests("list") > 0; });
  EXPECT_TRUE(walked) << shell->err();
  EXPECT_THAT(read_file("/proc/" + std::to_string(service) + "/limits"),
              testing::ContainsRegex("Max core file size +0 +0 "));
  kill(service, SIGABRT);
  const Outcome outcome = shell->finish(std::chrono::minutes{1});
  EXPECT_THAT(outcome.err, HasSubstr("Aborted"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("core dumped")));
  EXPECT_TRUE(std::filesystem::is_empty(cores.file("in")));
}

// Without it the test above would pass on a machine that makes no cores.
TEST(PrivateMemory, OfAnotherProgramIsInACore) {
  const TempDir cores;
  const auto shell = start_with_cores(cores, {"sleep", "60"});
  const pid_t other = child(cores);
  ASSERT_GT(other, 1);
  kill(other, SIGABRT);
  const Outcome outcome = shell->finish(std::chrono::minutes{1});
  EXPECT_THAT(outcome.err, HasSubstr("core dumped")) << "this machine makes no cores (ulimit -Hc, core_pattern)";
}

}  // namespace
}  // namespace simsync::test
