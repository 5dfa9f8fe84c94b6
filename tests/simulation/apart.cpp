#include "tests/simulation/apart.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

namespace simsync::simulation {
namespace {

using Json = nlohmann::json;

constexpr char kOneLife[] = "--one-life";

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string written(const LifeReport& report) {
  Json figures;
  for (const auto figure : kFigures) figures.push_back(report.*figure);
  return Json{{"description", report.description},
              {"faults", report.faults},
              {"seconds", report.simulated.count()},
              {"figures", figures}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

LifeReport read(const std::string& text) {
  const Json all = Json::parse(text);
  LifeReport report;
  report.description = all.at("description");
  report.faults = all.at("faults").get<Faults>();
  report.simulated = std::chrono::seconds{all.at("seconds").get<std::int64_t>()};
  for (std::size_t i = 0; i < kFigures.size(); ++i) report.*kFigures[i] = all.at("figures").at(i);
  return report;
}

std::string lived(std::uint64_t seed, std::chrono::seconds length) {
  try {
    return written(live(seed, length));
  } catch (const std::exception& error) {
    LifeReport report;
    report.description = "seed " + std::to_string(seed);
    report.faults = {error.what()};
    return written(report);
  }
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t got = ::read(from, bytes.data(), bytes.size());
    if (got > 0) text.append(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) return text;
  }
}

// The program itself, anew: what the parent has in memory is no part of the life.
[[noreturn]] void become(std::uint64_t seed, std::chrono::seconds length, Show log, int out) {
  const std::string number = std::to_string(seed);
  const std::string seconds = std::to_string(length.count());
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0 && dup2(out, STDOUT_FILENO) >= 0 && (log == Show::log || dup2(nowhere, STDERR_FILENO) >= 0)) {
    execl("/proc/self/exe", "simulation", kOneLife, number.c_str(), seconds.c_str(), nullptr);
  }
  _exit(127);
}

}  // namespace

std::optional<int> live_if_told(std::span<char*> arguments) {
  if (arguments.size() != 4 || std::string_view{arguments[1]} != kOneLife) return std::nullopt;
  std::cout << lived(std::stoull(arguments[2]), std::chrono::seconds{std::stol(arguments[3])}) << std::flush;
  return std::cout ? 0 : 1;
}

LifeReport live_apart(std::uint64_t seed, std::chrono::seconds length, Show log) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) become(seed, length, log, ends[1]);
  close(ends[1]);
  const std::string text = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return read(text);
  LifeReport report;
  report.description = "seed " + std::to_string(seed);
  report.faults = {WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                                       : "ended with status " + std::to_string(WEXITSTATUS(status))};
  return report;
}

}  // namespace simsync::simulation
