// Programs that are handed an alert: what they get, what their end means, and that none of them outlives its time.
#include "daemon/alerts/command_channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "alert_message.h"
#include "daemon/alerts/child_process.h"
#include "daemon/alerts/message_text.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using Outcome = Delivery::Outcome;

// Long enough for any machine; what should not wait for it is seen by its outcome.
constexpr auto kAges = 10min;

bool eventually(const std::function<bool()>& condition) {
  for (int round = 0; round < 3000 && !condition(); ++round) std::this_thread::sleep_for(10ms);
  return condition();
}

// Neither gone nor a zombie.
bool runs(const std::string& process) {
  std::ifstream file{"/proc/" + process + "/stat"};
  std::string stat;
  std::getline(file, stat);
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end, 3) != ") Z";
}

class CommandChannel : public testing::Test {
 protected:
  CommandChannel() {
    std::string name = testing::TempDir() + "command_channel_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder_ = name;
  }
  ~CommandChannel() override { std::filesystem::remove_all(folder_); }

  // Of a script, whose $1 is the file written() reads, and whose further arguments are `arguments`.
  [[nodiscard]] std::unique_ptr<AlertChannel> channel(const std::string& script,
                                                      std::chrono::milliseconds timeout = kAges,
                                                      const std::vector<std::string>& arguments = {}) const {
    CommandOptions options{"/bin/sh", {"-c", script, "sh", file()}, timeout};
    options.args.insert(options.args.end(), arguments.begin(), arguments.end());
    return make_command_channel(options);
  }
  [[nodiscard]] Delivery run(const std::string& script, std::chrono::milliseconds timeout = kAges) const {
    return channel(script, timeout)->deliver(some_message(), {});
  }

  [[nodiscard]] std::string file() const { return folder_ / "written"; }
  [[nodiscard]] std::string written() const {
    std::ostringstream text;
    text << std::ifstream{file()}.rdbuf();
    return text.str();
  }
  // Empty until it is there.
  [[nodiscard]] std::string written_line() const {
    const std::string text = written();
    return text.ends_with('\n') ? text.substr(0, text.size() - 1) : "";
  }

 private:
  std::filesystem::path folder_;
};

AlertMessage large_message() {
  AlertMessage message = some_message();
  for (int i = 0; i < 200; ++i) message.breakdown.push_back({"p" + std::string(900, 'x'), "enabled", "disabled", 1});
  return message;
}

TEST_F(CommandChannel, ReadsOneCloudEventInOneLine) {
  ASSERT_EQ(run("cat > $1").outcome, Outcome::delivered);
  EXPECT_EQ(written(), cloud_event(some_message()) + "\n");
  EXPECT_EQ(std::ranges::count(written(), '\n'), 1);
  const auto event = nlohmann::json::parse(written());
  EXPECT_EQ(event.at("specversion"), "1.0");
  EXPECT_EQ(event.at("id"), some_message().id);
  EXPECT_EQ(event.at("type"), some_message().type);
  EXPECT_EQ(event.at("source"), "/simsyncd/acme");
  EXPECT_EQ(event.at("data").at("rule"), some_message().rule);
}

TEST_F(CommandChannel, GetsItsArgumentsAsTheyAre) {
  const std::vector<std::string> arguments = {"$(id)", "`id`", "$HOME", "a  b", "*", "; exit 3", "", "'\""};
  const auto all = channel("out=$1; shift; printf '<%s>\\n' \"$@\" > $out", kAges, arguments);
  ASSERT_EQ(all->deliver(some_message(), {}).outcome, Outcome::delivered);
  EXPECT_EQ(written(), "<$(id)>\n<`id`>\n<$HOME>\n<a  b>\n<*>\n<; exit 3>\n<>\n<'\">\n");
}

TEST_F(CommandChannel, GetsNothingOfTheMessageInItsArguments) {
  ASSERT_EQ(run("printf '%s\\n' $# \"$0\" > $1").outcome, Outcome::delivered);
  EXPECT_EQ(written(), "1\nsh\n");
}

TEST_F(CommandChannel, GetsNoSecretOfTheDaemonsEnvironment) {
  setenv("SIMSYNC_TOKEN", "T0SECRET", 1);
  setenv("PGPASSWORD", "T0SECRET", 1);
  setenv("TZ", "Europe/Oslo", 1);
  const Delivery delivery = run("cat /proc/self/environ | tr '\\0' '\\n' > $1");
  for (const char* name : {"SIMSYNC_TOKEN", "PGPASSWORD", "TZ"}) unsetenv(name);
  ASSERT_EQ(delivery.outcome, Outcome::delivered);
  EXPECT_THAT(written(), AllOf(HasSubstr("TZ=Europe/Oslo\n"), HasSubstr("PATH=")));
  EXPECT_THAT(written(), Not(HasSubstr("SECRET")));
  // The shell's own besides.
  std::istringstream lines{written()};
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line.substr(0, line.find('=')),
                testing::AnyOf("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_"));
  }
}

TEST_F(CommandChannel, GetsNoOpenFileOfTheDaemon) {
  const int file = open("/dev/null", O_RDONLY);  // NOLINT(android-cloexec-open): one that forgets to close itself
  EXPECT_EQ(run("test ! -e /proc/self/fd/" + std::to_string(file)).outcome, Outcome::delivered);
  close(file);
}

TEST_F(CommandChannel, IsDeliveredWithExitCodeZero) {
  const Delivery delivery = run("echo all is well");
  EXPECT_EQ(delivery.outcome, Outcome::delivered);
  EXPECT_THAT(delivery.error, IsEmpty());
}

TEST_F(CommandChannel, IsTriedAgainAfterAnyOtherExitCodeButOne) {
  for (const int code : {1, 2, 64, 66, 70, 75, 126, 127, 255}) {
    const Delivery delivery = run("exit " + std::to_string(code));
    EXPECT_EQ(delivery.outcome, Outcome::try_again) << code;
    EXPECT_EQ(delivery.error, "exit code " + std::to_string(code));
    EXPECT_FALSE(delivery.retry_after);
  }
}

TEST_F(CommandChannel, RefusesAMessageForGoodWith65) {
  const Delivery delivery = run("echo not for me; exit 65");
  EXPECT_EQ(delivery.outcome, Outcome::refused);
  EXPECT_EQ(delivery.error, "exit code 65: not for me");
}

TEST_F(CommandChannel, SaysTheLastLineOfWhatItWrote) {
  EXPECT_EQ(run("echo begun; echo no route >&2; exit 1").error, "exit code 1: no route");
  EXPECT_EQ(run("printf 'one\\ntwo'; exit 1").error, "exit code 1: two");
  EXPECT_EQ(run("printf 'words\\r\\n \\n\\n'; exit 1").error, "exit code 1: words");
}

TEST_F(CommandChannel, SaysItHarmlessly) {
  const std::string error = run("printf 'a\\033[31m\\377b'; exit 1").error;
  EXPECT_EQ(error, "exit code 1: a?[31m?b");
}

TEST_F(CommandChannel, IsTriedAgainAfterASignal) {
  const Delivery delivery = run("echo oh; kill -KILL $$");
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_EQ(delivery.error, "ended by signal 9: oh");
}

TEST_F(CommandChannel, IsTriedAgainWhereItCannotBeStarted) {
  const Delivery missing = make_command_channel({file(), {}, kAges})->deliver(some_message(), {});
  EXPECT_EQ(missing.outcome, Outcome::try_again);
  EXPECT_EQ(missing.error, file() + " cannot be started: No such file or directory");
  std::ofstream{file()} << "#!/bin/sh\n";
  const Delivery no_program = make_command_channel({file(), {}, kAges})->deliver(some_message(), {});
  EXPECT_EQ(no_program.outcome, Outcome::try_again);
  EXPECT_EQ(no_program.error, file() + " cannot be started: Permission denied");
}

TEST_F(CommandChannel, IsOutOfTimeWhenItHangs) {
  const auto begin = std::chrono::steady_clock::now();
  const Delivery delivery = run("echo waiting; sleep 60", 200ms);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_THAT(delivery.error, StartsWith("out of time"));
}

TEST_F(CommandChannel, IsOutOfTimeWhenItHangsAndIgnoresAllSignals) {
  EXPECT_THAT(run("trap '' HUP INT QUIT TERM; sleep 60; sleep 60", 200ms).error, StartsWith("out of time"));
}

TEST_F(CommandChannel, TakesItsChildrenWithItWhenItIsOutOfTime) {
  // On a slow machine it takes some attempts until there is a child.
  for (int attempt = 0; attempt < 50 && written_line().empty(); ++attempt) {
    EXPECT_EQ(run("sleep 60 & echo $! > $1; wait", 200ms).outcome, Outcome::try_again);
  }
  ASSERT_THAT(written_line(), Not(IsEmpty()));
  EXPECT_TRUE(eventually([&] { return !runs(written_line()); }));
}

TEST_F(CommandChannel, EndsWithTheDaemonAndSoDoItsChildren) {
  std::stop_source stop;
  auto attempt = std::async(std::launch::async, [&] {
    return channel("sleep 60 & echo $! > $1; wait")->deliver(some_message(), stop.get_token());
  });
  EXPECT_TRUE(eventually([&] { return !written_line().empty(); }));
  stop.request_stop();
  const Delivery delivery = attempt.get();
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_EQ(delivery.error, "the daemon stops");
  EXPECT_TRUE(eventually([&] { return !runs(written_line()); }));
}

TEST_F(CommandChannel, DoesNotBeginWellWhenTheDaemonStopsAlready) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(channel("sleep 60")->deliver(some_message(), stop.get_token()).error, "the daemon stops");
}

TEST_F(CommandChannel, IsNotWaitedForLongerThanItRuns) {
  // What it left behind holds its output open.
  EXPECT_EQ(run("sleep 60 & echo $! > $1").outcome, Outcome::delivered);
  EXPECT_TRUE(runs(written_line()));
  kill(std::stoi(written_line()), SIGKILL);
}

TEST_F(CommandChannel, NeedNotReadALargeMessage) {
  ASSERT_GT(cloud_event(large_message()).size(), 128U << 10) << "more than a pipe holds";
  EXPECT_EQ(channel("exit 0")->deliver(large_message(), {}).outcome, Outcome::delivered);
  EXPECT_EQ(channel("exec <&-; exit 1")->deliver(large_message(), {}).outcome, Outcome::try_again);
}

TEST_F(CommandChannel, ReadsAllOfALargeMessageHoweverSlowly) {
  EXPECT_EQ(channel("head -c 1 > $1; sleep 0.1; cat >> $1")->deliver(large_message(), {}).outcome, Outcome::delivered);
  EXPECT_EQ(written(), cloud_event(large_message()) + "\n");
}

TEST_F(CommandChannel, MayWriteMegabytes) {
  const Delivery lines = run("yes a line of it | head -c 8000000; echo; echo the end; exit 1");
  EXPECT_EQ(lines.error, "exit code 1: the end");
  const Delivery one_line = run("head -c 8000000 /dev/zero | tr '\\0' x; exit 1");
  EXPECT_THAT(one_line.error, AllOf(StartsWith("exit code 1: xxx"), SizeIs(testing::Lt(300U))));
}

TEST_F(CommandChannel, MayWriteWithoutEndUntilItIsOutOfTime) {
  EXPECT_THAT(run("exec yes", 200ms).error, StartsWith("out of time"));
}

// Uses up the numbers of files but for so many.
class FewFiles {
 public:
  explicit FewFiles(rlim_t left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    while (used_.empty() || used_.back() < 200) used_.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(used_.back()) + 1 + left;
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewFiles() {
    setrlimit(RLIMIT_NOFILE, &before_);
    for (const int file : used_) close(file);
  }
  FewFiles(const FewFiles&) = delete;
  FewFiles& operator=(const FewFiles&) = delete;

 private:
  rlimit before_{};
  std::vector<int> used_;
};

// Without the channel around it: for a virtual call, the checks of a sanitizer need files too, now and then.
ChildEnd run_with_few_files(rlim_t left, const std::string& script, std::chrono::milliseconds timeout = kAges) {
  const ChildRun run{"/bin/sh", {"-c", script}, {"PATH=/usr/bin:/bin"}, "input", timeout};
  std::vector<int> left_alone;
  const FewFiles few{left};
  return run_child(run, {}, left_alone);
}

// Its input, both ends of its output, and what a stop wakes: then none is left for the process itself.
TEST_F(CommandChannel, IsWaitedForAlsoWhereNoFileIsLeftForIt) {
  EXPECT_EQ(run_with_few_files(4, "sleep 0.2").exit_code, 0);
  EXPECT_EQ(run_with_few_files(4, "exec >&- 2>&-; sleep 0.2; exit 3").exit_code, 3);
  EXPECT_THAT(run_with_few_files(4, "sleep 60", 200ms).error, StartsWith("out of time"));
}

TEST_F(CommandChannel, IsTriedAgainWhereNoFileIsLeftAtAll) {
  for (const rlim_t left : {0, 1, 2, 3}) {
    const ChildEnd end = run_with_few_files(left, "exit 0");
    EXPECT_EQ(end.exit_code, std::nullopt) << "with " << left << " files";
    EXPECT_EQ(end.error, "/bin/sh cannot be started: Too many open files") << "with " << left << " files";
  }
}

TEST_F(CommandChannel, IsTriedAgainWhereItsEndIsToldToNobody) {
  std::signal(SIGCHLD, SIG_IGN);
  const Delivery delivery = run("exit 1");
  std::signal(SIGCHLD, SIG_DFL);
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_EQ(delivery.error, "how it ended is not known");
}

// For this thread alone.
bool give_up_killing_others() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return false;
  sets[0].effective &= ~(1U << CAP_KILL);
  return syscall(SYS_capset, &header, sets.data()) == 0;
}

TEST_F(CommandChannel, IsGivenUpWhereItCannotBeKilled) {
  if (geteuid() != 0 || access("/usr/bin/setpriv", X_OK) != 0) GTEST_SKIP() << "needs root, to be another user";
  const std::string script =
      "[ -e $1.end ] && exit 0; echo $$ > $1; "
      "exec setpriv --reuid 65534 --clear-groups --regid 65534 sleep 60";
  const std::unique_ptr<AlertChannel> as_nobody = channel(script, 200ms);
  Delivery delivery;
  std::thread{[&] {
    if (!give_up_killing_others()) return;
    // On a slow machine it takes some attempts until it is somebody else.
    for (int attempt = 0; attempt < 50 && !delivery.error.ends_with("cannot be killed"); ++attempt) {
      delivery = as_nobody->deliver(some_message(), {});
    }
  }}.join();
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_EQ(delivery.error, "out of time, cannot be killed");
  ASSERT_TRUE(runs(written_line()));
  kill(std::stoi(written_line()), SIGKILL);
  std::ofstream{file() + ".end"};
  EXPECT_TRUE(eventually([&] {
    as_nobody->deliver(some_message(), {});
    return !std::filesystem::exists("/proc/" + written_line());
  })) << "a zombie is left";
}

}  // namespace
}  // namespace simsync
