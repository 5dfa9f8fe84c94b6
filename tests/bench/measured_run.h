// Runs a program to its end and says what the operating system counted for it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace simsync::bench {

struct RunFigures {
  int exit_code = -1;
  double wall_seconds = 0;
  double cpu_seconds = 0;  // user and system, of the program and its threads
  double memory_mib = 0;   // largest resident set
};

// Its output goes to `log_file`. Throws std::runtime_error when it cannot be started.
RunFigures run_measured(const std::vector<std::string>& command, const std::string& log_file);

// The same in two halves, for a program that runs until it is told to end (SIGTERM).
// Meanwhile, cpu_seconds_of() says what it has used so far.
pid_t start_program(const std::vector<std::string>& command, const std::string& log_file);
double cpu_seconds_of(pid_t id);
RunFigures end_program(pid_t id, std::chrono::steady_clock::time_point started);

}  // namespace simsync::bench
