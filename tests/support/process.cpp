#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace simsync::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void redirect(const std::string& path, int to) {
  const int file = path.empty() ? open("/dev/null", O_RDWR) : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || dup2(file, to) < 0) _exit(126);
}

int status_of(int raw) {
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

}  // namespace

std::vector<std::string> Outcome::err_lines() const {
  std::vector<std::string> lines;
  std::istringstream stream{err};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

Process::Process(Start start) : start_(std::move(start)) {
  std::vector<std::string> arguments = {start_.program};
  arguments.insert(arguments.end(), start_.arguments.begin(), start_.arguments.end());
  std::vector<std::string> environment = environment_with(start_.environment);
  std::vector<char*> argv = pointers_to(arguments);
  std::vector<char*> envp = pointers_to(environment);
  const pid_t parent = getpid();
  id_ = fork();
  if (id_ < 0) fail("fork");
  if (id_ > 0) return;
  // A test that dies takes its programs along.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  redirect("", STDIN_FILENO);
  redirect(start_.out_file, STDOUT_FILENO);
  redirect(start_.err_file, STDERR_FILENO);
  execvpe(start_.program.c_str(), argv.data(), envp.data());
  _exit(127);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  waitpid(id_, nullptr, 0);
}

void Process::signal(int number) const {
  if (!status_) kill(id_, number);
}

std::optional<int> Process::wait_for(Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!status_) {
    int raw = 0;
    rusage used{};
    const pid_t ended = wait4(id_, &raw, WNOHANG, &used);
    if (ended < 0) fail("wait4");
    if (ended == id_) {
      status_ = status_of(raw);
      peak_kib_ = used.ru_maxrss;
    } else if (std::chrono::steady_clock::now() >= end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(Milliseconds{2});
    }
  }
  return status_;
}

Outcome Process::finish(Milliseconds deadline) {
  const std::optional<int> status = wait_for(deadline);
  if (!status) {
    signal(SIGKILL);
    wait_for(std::chrono::minutes{1});
  }
  return {status.value_or(-1), out(), err(), peak_kib_};
}

std::string Process::out() const {
  return read_file(start_.out_file);
}

std::string Process::err() const {
  return read_file(start_.err_file);
}

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void write_file(const std::string& path, const std::string& content, unsigned mode) {
  {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << content;
    if (!file) fail("cannot write " + path);
  }
  if (chmod(path.c_str(), mode) != 0) fail("chmod " + path);
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(socket);
  return ntohs(address.sin_port);
}

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string{base != nullptr ? base : "/tmp"} + "/simsyncd_test_XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) fail("mkdtemp " + path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace simsync::test
