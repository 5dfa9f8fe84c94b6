#include "tests/bench/measured_run.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
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

double largest_mib_of(pid_t id) {
  std::ifstream file{"/proc/" + std::to_string(id) + "/status"};
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && file >> kib) return kib / 1024;
  }
  throw std::runtime_error("no such process: " + std::to_string(id));
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

double cpu_seconds_of(pid_t id) {
  std::ifstream file{"/proc/" + std::to_string(id) + "/stat"};
  std::string line;
  std::getline(file, line);
  std::istringstream fields{line.substr(line.rfind(')') + 2)};
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  if (!(fields >> user >> system)) throw std::runtime_error("no such process: " + std::to_string(id));
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

RunFigures end_program(pid_t id, std::chrono::steady_clock::time_point started) {
  // What wait4() says of memory counts also what this program had when it forked.
  const double memory = largest_mib_of(id);
  kill(id, SIGTERM);
  RunFigures figures = wait_for(id, started);
  figures.memory_mib = memory;
  return figures;
}

RunFigures run_measured(const std::vector<std::string>& command, const std::string& log_file) {
  const auto started = std::chrono::steady_clock::now();
  return wait_for(start_program(command, log_file), started);
}

}  // namespace simsync::bench
