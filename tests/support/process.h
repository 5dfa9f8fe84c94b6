// A program under test as a child process: what it says goes to files, every wait has a deadline, and it never
// outlives the test, not even a test that crashes. Refuses shells: arguments reach the program as they are.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace simsync::test {

// How a program ended and what it said.
struct Outcome {
  int status = -1;  // the exit code; 128 + N when signal N ended it; -1 when it was killed at the deadline
  std::string out;
  std::string err;
  long peak_kib = 0;  // most memory it ever had resident

  // Of err, without their ends; empty lines are left out.
  [[nodiscard]] std::vector<std::string> err_lines() const;
};

class Process {
 public:
  using Milliseconds = std::chrono::milliseconds;

  struct Start {
    std::string program;  // found by PATH when it holds no slash
    std::vector<std::string> arguments = {};
    std::map<std::string, std::string> environment = {};  // added to the test's own
    std::string out_file = {};
    std::string err_file = {};
  };

  // Throws std::runtime_error when it cannot be started.
  explicit Process(Start start);
  ~Process();  // SIGKILL, if need be
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t id() const { return id_; }
  void signal(int number) const;
  // As Outcome::status; nullopt when it still runs at the deadline.
  std::optional<int> wait_for(Milliseconds deadline);
  [[nodiscard]] bool running() { return !wait_for(Milliseconds{0}); }
  // Waits, and kills at the deadline.
  Outcome finish(Milliseconds deadline);

  // What it has said until now.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

 private:
  Start start_;
  pid_t id_ = -1;
  std::optional<int> status_;
  long peak_kib_ = 0;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& content, unsigned mode = 0644);

// Of loopback, free just now.
int free_port();

// Tries `condition` until it holds; false when it does not within `deadline`.
template <typename Condition>
bool eventually(const Condition& condition, std::chrono::milliseconds deadline = std::chrono::seconds{60}) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

// A directory of its own under TMPDIR, removed with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace simsync::test
