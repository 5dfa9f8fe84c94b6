// Lives, one for each seed, one after the other; see --help. Prints each seed that failed with what was wrong
// and how to have it again. Exit code 1 if any did.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <random>
#include <string>

#include "config/log.h"
#include "tests/simulation/apart.h"

namespace {

using namespace simsync;

struct Options {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t lives = 100;
  unsigned minutes = 30;
  bool log = false;
};

// "7" or "1-10000".
std::string read_seeds(const std::string& text, Options& options) {
  std::size_t end = 0;
  try {
    options.first = options.last = std::stoull(text, &end);
    if (end == text.size()) return "";
    std::size_t rest = 0;
    options.last = std::stoull(text.substr(end + 1), &rest);
    if (text[end] == '-' && end + 1 + rest == text.size() && options.last >= options.first) return "";
  } catch (const std::exception&) {
  }
  return "seeds are a number or two, such as 1-10000";
}

void add(simulation::LifeReport& sum, const simulation::LifeReport& life) {
  sum.simulated += life.simulated;
  for (const auto figure : simulation::kFigures) sum.*figure += life.*figure;
}

void print(const simulation::LifeReport& sum, std::uint64_t lives, std::uint64_t failed) {
  std::cout << lives << " lives, " << failed << " failed; " << sum.simulated.count() / 3600 << " h simulated, "
            << sum.walks << " walks, " << sum.world_changes << " changes of the world, " << sum.history_rows
            << " rows of history, " << sum.alerts << " alerts, " << sum.asked << " SIMs asked for by somebody else, "
            << sum.kills << " kills, " << sum.stops << " stops, " << sum.freezes << " freezes, " << sum.outages
            << " outages, " << sum.clock_jumps << " clock jumps, " << sum.steps << " steps\n";
}

}  // namespace

int main(int argc, char** argv) {
  // The lines are made in any case: the locks that they take are part of a life.
  LogConfig log_config;
  log_config.level = LogLevel::debug;
  log::configure(log_config);
  if (const auto code = simulation::live_if_told({argv, static_cast<std::size_t>(argc)})) return *code;

  Options options;
  CLI::App app{"The whole of sync/ on a virtual clock, with faults drawn from a seed."};
  app.add_option("--seeds", "These, such as 7 or 1-10000; otherwise new ones")
      ->type_name("FROM-TO")
      ->each([&](const std::string& text) {
        if (const std::string wrong = read_seeds(text, options); !wrong.empty()) throw CLI::ValidationError(wrong);
      });
  app.add_option("--lives", options.lives, "How many new seeds")->capture_default_str()->type_name("N");
  app.add_option("--minutes", options.minutes, "Of trouble in each life, before peace")
      ->capture_default_str()
      ->type_name("N");
  app.add_flag("--log", options.log, "What the daemons log");
  CLI11_PARSE(app, argc, argv);
  if (app.count("--seeds") == 0) {
    options.first = std::random_device{}();
    options.last = options.first + options.lives - 1;
    std::cout << "seeds " << options.first << '-' << options.last << std::endl;
  }
  std::uint64_t failed = 0;
  simulation::LifeReport sum;
  for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
    const simulation::LifeReport report = simulation::live_apart(
        seed, std::chrono::minutes{options.minutes}, options.log ? simulation::Show::log : simulation::Show::nothing);
    add(sum, report);
    if (report.faults.empty()) continue;
    ++failed;
    std::cout << "FAILED " << report.description << '\n';
    for (const std::string& fault : report.faults) std::cout << "  " << fault << '\n';
    std::cout << "  again: " << argv[0] << " --seeds " << seed << " --minutes " << options.minutes << " --log"
              << std::endl;
  }
  print(sum, options.last - options.first + 1, failed);
  return failed == 0 ? 0 : 1;
}
