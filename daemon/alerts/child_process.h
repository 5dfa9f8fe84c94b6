// A program run once, with some input, until its end, a time limit or a stop. Internal to daemon/alerts/.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace simsync {

struct ChildRun {
  std::string program;
  std::vector<std::string> args;
  std::vector<std::string> environment;  // NAME=value
  std::string input;
  std::chrono::milliseconds timeout{};
};

struct ChildEnd {
  std::optional<int> exit_code;  // none: see `error`
  std::string error;      // not started, ended by a signal, out of time, or stopped; and where it could not be killed
  std::string last_line;  // of what it wrote to its standard output and error; printable, at most 200 bytes
};

// The program leads a process group of its own; out of time or stopped, all of the group is killed. One that cannot be
// killed (it runs as another user by now, or sleeps in the kernel) is waited for a second longer, then left alone. What
// it writes is read for as long as it runs, and forgotten but for the end.
// Its number is added to `left_alone`, which the next call looks through for those that have ended since.
ChildEnd run_child(const ChildRun& run, const std::stop_token& stop, std::vector<int>& left_alone);

}  // namespace simsync
