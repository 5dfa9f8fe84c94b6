#include "tests/bench/measured_run.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace simsync::bench {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

RunFigures wait_for(pid_t id, std::chrono::steady_clock::time_point started) {
  int status = 0;
  rusage usage{};
  if (wait4(id, &status, 0, &usage) != id) throw std::runtime_error("wait4 failed");
  RunFigures figures;
  figures.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  figures.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  figures.memory_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  return figures;
}

}  // namespace

pid_t start_program(const std::vector<std::string>& command, const std::string& log_file) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t id = fork();
  if (id < 0) throw std::runtime_error("fork failed");
  if (id > 0) return id;
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

RunFigures end_program(pid_t id, std::chrono::steady_clock::time_point started) {
  kill(id, SIGTERM);
  return wait_for(id, started);
}

RunFigures run_measured(const std::vector<std::string>& command, const std::string& log_file) {
  const auto started = std::chrono::steady_clock::now();
  return wait_for(start_program(command, log_file), started);
}

}  // namespace simsync::bench
