// What reaches the journal, with its native protocol. The socket's path is fixed, so the real sink is heard in a mount
// namespace of its own, which takes root; without, that part is skipped.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "config/log.h"
#include "config/log_line.h"
#include "tests/unit/config/fixture.h"

namespace simsync::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> fields_of(std::string_view event, const std::vector<log::Field>& fields) {
  return log::journal_fields(event, fields);
}

TEST(Journal, AFieldForEachKey) {
  EXPECT_THAT(fields_of("walk finished", {{"project", "acme"}, {"sims", 12}, {"error", "a b"}}),
              ElementsAre("MESSAGE=walk finished project=acme sims=12 error=\"a b\"", "SIMSYNC_EVENT=walk finished",
                          "SIMSYNC_PROJECT=acme", "SIMSYNC_SIMS=12", "SIMSYNC_ERROR=a b"));
}

TEST(Journal, NothingFromOutsideMakesAFieldOfItsOwn) {
  const auto fields = fields_of("e\nPRIORITY=0", {{"a b=\n", std::string("x\nPRIORITY=0\0y", 14)}});
  EXPECT_THAT(fields, ElementsAre(HasSubstr("MESSAGE="), "SIMSYNC_EVENT=e\\nPRIORITY=0",
                                  "SIMSYNC_A_B__=x\\nPRIORITY=0\\u0000y"));
  EXPECT_EQ(log::unpacked(log::packed(fields)), (std::vector<std::string_view>{fields.begin(), fields.end()}));
}

TEST(Journal, NamesAndValuesAreBounded) {
  const auto fields = fields_of("e", {{std::string(200, 'k'), std::string(100'000, 'x')}});
  EXPECT_EQ(fields[2].find('='), 64U);
  EXPECT_LT(fields[2].size(), 2200U);
}

// In a child: makes a journal of its own, logs, and writes what came to `out`; 77 where it may not.
void log_to_own_journal(int out) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", "/run", "tmpfs", 0, nullptr) != 0) {
    _exit(77);
  }
  mkdir("/run/systemd", 0755);
  mkdir("/run/systemd/journal", 0755);
  const int journal = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{AF_UNIX, "/run/systemd/journal/socket"};
  if (bind(journal, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) _exit(1);
  log::configure({LogLevel::info, LogFormat::journal});
  log::debug("not this");
  log::warning("walk finished", {{"project", "acme"}, {"pages", 3}});
  log::info("second");
  std::array<char, 4096> buffer{};
  for (int i = 0; i < 2; ++i) {
    const ssize_t size = recv(journal, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0 || write(out, buffer.data(), static_cast<std::size_t>(size)) != size || write(out, "--\n", 3) != 3)
      _exit(1);
  }
  _exit(0);
}

TEST(Journal, EntriesArriveWithPriorityAndFields) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) log_to_own_journal(pipe_ends[1]);
  close(pipe_ends[1]);
  std::string came;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    came.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(pipe_ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mount namespace: the journal was not heard";
  ASSERT_EQ(status, 0);
  EXPECT_EQ(came,
            "MESSAGE=walk finished project=acme pages=3\nSIMSYNC_EVENT=walk finished\nSIMSYNC_PROJECT=acme\n"
            "SIMSYNC_PAGES=3\nPRIORITY=4\nSYSLOG_IDENTIFIER=simsyncd\n--\n"
            "MESSAGE=second\nSIMSYNC_EVENT=second\nPRIORITY=6\nSYSLOG_IDENTIFIER=simsyncd\n--\n");
}

// Text on stderr that systemd reads bears its priority, as sd-daemon(3) has it. Each in a child: it is looked at once.
std::string text_of_child(bool names_stderr) {
  char name[] = "/tmp/simsync_stderr_XXXXXX";
  const int file = mkstemp(name);
  const pid_t child = fork();
  if (child == 0) {
    dup2(file, STDERR_FILENO);
    struct stat status {};
    fstat(file, &status);
    const auto inode = status.st_ino + (names_stderr ? 0 : 1);
    const ScopedVariable stream("JOURNAL_STREAM", std::to_string(status.st_dev) + ":" + std::to_string(inode));
    log::configure({LogLevel::debug, LogFormat::json});
    log::error("a");
    log::warning("b");
    log::info("c");
    log::debug("d");
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::string text(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(file, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  close(file);
  unlink(name);
  return text;
}

TEST(Journal, StderrThatIsTheJournalGetsPriorities) {
  EXPECT_THAT(text_of_child(true), testing::MatchesRegex("<3>\\{[^\n]*\n<4>\\{[^\n]*\n<6>\\{[^\n]*\n<7>\\{[^\n]*\n"));
  EXPECT_THAT(text_of_child(false), testing::MatchesRegex("\\{[^\n]*\n\\{[^\n]*\n\\{[^\n]*\n\\{[^\n]*\n"));
}

}  // namespace
}  // namespace simsync::test
