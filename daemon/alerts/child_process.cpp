#include "daemon/alerts/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "config/printable.h"

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;

class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  ~File() { close_now(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  void reset(int number) {
    close_now();
    number_ = number;
  }
  void close_now() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

// A file in memory needs no writer, so a program that reads slowly, or not at all, holds up nobody.
bool fill(File& file, const std::string& input) {
  file.reset(memfd_create("alert", MFD_CLOEXEC));
  std::size_t written = 0;
  while (file.open() && written < input.size()) {
    const ssize_t count = write(file.get(), input.data() + written, input.size() - written);
    if (count < 0) return false;
    written += static_cast<std::size_t>(count);
  }
  return file.open() && lseek(file.get(), 0, SEEK_SET) == 0;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What is different in the child: files, group, and signals as a program expects them.
class SpawnSetup {
 public:
  SpawnSetup(int input, int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  int spawn(const ChildRun& run, pid_t& id) const {
    std::vector<std::string> arguments = {run.program};
    arguments.insert(arguments.end(), run.args.begin(), run.args.end());
    std::vector<std::string> environment = run.environment;
    std::vector<char*> argv = pointers_to(arguments);
    std::vector<char*> envp = pointers_to(environment);
    return posix_spawn(&id, run.program.c_str(), &files_, &attributes_, argv.data(), envp.data());
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

// The end of a stream of any length.
class Tail {
 public:
  void append(std::string_view piece) {
    text_.append(piece);
    if (text_.size() > 2 * kMost) text_.erase(0, text_.size() - kMost);
  }
  [[nodiscard]] std::string last_line() const {
    const auto end = text_.find_last_not_of(" \t\r\n");
    if (end == std::string::npos) return {};
    const std::string_view text = std::string_view{text_}.substr(0, end + 1);
    const auto before = text.find_last_of("\r\n");
    return printable(beginning(before == std::string_view::npos ? text : text.substr(before + 1), 200));
  }

 private:
  static constexpr std::size_t kMost = 4096;
  std::string text_;
};

// Reads what is there, without waiting, at most 64 KiB; false at the end of the stream.
bool read_available(int file, Tail& tail) {
  std::array<char, 8192> buffer{};
  for (int round = 0; round < 8; ++round) {
    const ssize_t count = read(file, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    tail.append({buffer.data(), static_cast<std::size_t>(count)});
  }
  return true;
}

class Child {
 public:
  // Who is left alone is added to `left_alone`.
  Child(pid_t id, int process, std::vector<int>& left_alone) : id_(id), process_(process), left_alone_(left_alone) {}
  ~Child() {
    if (id_ <= 0) return;
    kill(-id_, SIGKILL);
    left_alone_.push_back(id_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Waits for its end; false when it was out of time, or stopped.
  bool wait(File& output, int stopped, Clock::time_point deadline, Tail& tail) const {
    // Where no process can be a file (EMFILE, a filter of system calls), it is looked at now and then.
    const std::int64_t longest = process_.open() ? 60'000 : 50;
    while (!has_ended()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return false;
      std::array<pollfd, 3> files{{{process_.get(), POLLIN, 0}, {stopped, POLLIN, 0}, {output.get(), POLLIN, 0}}};
      if (poll(files.data(), files.size(), static_cast<int>(std::min(left, longest))) < 0) continue;
      if (files[2].revents != 0 && !read_available(output.get(), tail)) output.close_now();
      if (files[1].revents != 0) return has_ended();
    }
    return true;
  }

  // False when it does not end for that: it runs as another user by now, or sleeps in the kernel.
  [[nodiscard]] bool kill_group() const {
    // Before it is waited for: until then its number, and so its group's, belongs to nobody else.
    kill(-id_, SIGKILL);
    File no_output;
    Tail unread;
    return wait(no_output, -1, Clock::now() + std::chrono::seconds{1}, unread);
  }

  // After its end, once: as waitpid has it. None where somebody else was told.
  std::optional<int> status() {
    int status = 0;
    const pid_t id = std::exchange(id_, -1);
    return waitpid(id, &status, 0) == id ? std::optional{status} : std::nullopt;
  }

 private:
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  }

  pid_t id_;
  File process_;
  std::vector<int>& left_alone_;
};

// Leaves no zombies of those that ended since.
void reap(std::vector<int>& left_alone) {
  std::erase_if(left_alone, [](int id) { return waitpid(id, nullptr, WNOHANG) != 0; });
}

ChildEnd not_started(const ChildRun& run, int error) {
  return {std::nullopt, printable(run.program) + " cannot be started: " + std::strerror(error), {}};
}

ChildEnd ended(std::optional<int> status, const Tail& tail) {
  if (!status) return {std::nullopt, "how it ended is not known", tail.last_line()};
  if (WIFEXITED(*status)) return {WEXITSTATUS(*status), {}, tail.last_line()};
  return {std::nullopt, "ended by signal " + std::to_string(WTERMSIG(*status)), tail.last_line()};
}

}  // namespace

ChildEnd run_child(const ChildRun& run, const std::stop_token& stop, std::vector<int>& left_alone) {
  reap(left_alone);
  File input;
  std::array<int, 2> ends{-1, -1};
  if (!fill(input, run.input) || pipe2(ends.data(), O_CLOEXEC) != 0) return not_started(run, errno);
  File output{ends[0]};
  File to_output{ends[1]};
  fcntl(output.get(), F_SETFL, O_NONBLOCK);
  const File stopped{eventfd(0, EFD_CLOEXEC)};
  if (!stopped.open()) return not_started(run, errno);
  const std::stop_callback wake{stop, [&stopped] { eventfd_write(stopped.get(), 1); }};
  pid_t id = -1;
  if (const int error = SpawnSetup{input.get(), to_output.get()}.spawn(run, id); error != 0) {
    return not_started(run, error);
  }
  to_output.close_now();
  // By the bare call: Debian 12's header for it does not mix with sys/wait.h.
  Child child{id, static_cast<int>(syscall(SYS_pidfd_open, id, 0)), left_alone};
  Tail tail;
  const bool in_time = child.wait(output, stopped.get(), Clock::now() + run.timeout, tail);
  const std::string why = stop.stop_requested() ? "the daemon stops" : "out of time";
  if (!in_time && !child.kill_group()) return {std::nullopt, why + ", cannot be killed", tail.last_line()};
  if (output.open()) read_available(output.get(), tail);
  const std::optional<int> status = child.status();
  if (in_time || (status && WIFEXITED(*status))) return ended(status, tail);  // or it ended just before the kill
  return {std::nullopt, why, tail.last_line()};
}

}  // namespace simsync
