// Two services against everything that can go wrong around them, for as long as one likes, and a comparison with the
// truth at the end. Exit code 1: something differs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <random>

#include "tests/faults/campaign/faults.h"
#include "tests/faults/campaign/verdict.h"

namespace simsync::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Options {
  unsigned length = 600;  // seconds
  unsigned seed = std::random_device{}();
  std::string logs = "/tmp/simsyncd-campaign-" + std::to_string(getpid());
};

constexpr unsigned kDisk = 1024;  // MiB of each server
constexpr std::chrono::minutes kLongestCalm{1};

class Campaign {
 public:
  Campaign(const Options& options, bool disks)
      : options_(options), stage_(options.seed, disks ? kDisk : 0), faults_(stage_, figures_, options.seed, disks) {}

  void live() {
    stage_.simulator_.live(30, "status=5,profile=5,create=1,delete=0.05");
    for (std::size_t i = 0; i < 2; ++i) stage_.start(i);
    if (!eventually([&] { return stage_.has_begun(0) && stage_.has_begun(1) && stage_.held(); })) {
      throw std::runtime_error("the services do not begin" + stage_.said());
    }
    const auto begun = Clock::now();
    held_ = struck_ = next_fault_ = next_request_ = begun;
    while (Clock::now() - begun < seconds{options_.length}) {
      step(begun);
      std::this_thread::sleep_for(milliseconds{50});
    }
    faults_.end_all();
  }

  int judge() {
    const Differences found = verdict(stage_, figures_);
    figures_.print(seconds{options_.length}, options_.seed);
    if (found.empty()) return 0;
    keep_logs(stage_, options_.logs);
    std::ofstream all{options_.logs + "/differences"};
    for (const std::string& one : found) all << one << '\n';
    std::ofstream{options_.logs + "/faults"} << journal_.str();
    for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 20); ++i) std::cout << found[i] << '\n';
    std::cout << "Logs, faults and differences: " << options_.logs << std::endl;
    return 1;
  }

 private:
  void step(Clock::time_point begun) {
    faults_.tick();
    stage_.supervise();
    note_holder();
    const auto now = Clock::now();
    if (now > next_request_) {
      next_request_ = now + milliseconds{500 + random_() % 2000};
      stage_.with_database([&] {
        stage_.metadata_->ask(5);
        stage_.metadata_->meddle(2);
      });
    }
    if (now > next_fault_) {
      next_fault_ = now + milliseconds{300 + random_() % 3000};
      const std::string name = faults_.strike();
      if (name.empty()) {
        if (now - struck_ > kLongestCalm) {
          throw std::runtime_error("for a minute no fault could begin, the last was: " + last_fault_ + stage_.said());
        }
        return;
      }
      struck_ = now;
      last_fault_ = name;
      std::cout << name << std::endl;
      journal_ << std::chrono::duration<double>(now - begun).count() << " s: " << name << '\n';
    }
  }

  void note_holder() {
    const auto now = Clock::now();
    if (stage_.held()) {
      held_ = Clock::now();
      return;
    }
    const double without = std::chrono::duration<double>(now - held_).count();
    if (without <= figures_.longest_without_holder) return;
    figures_.longest_without_holder = without;
    figures_.longest_after = last_fault_;
  }

  const Options options_;
  Figures figures_;
  Stage stage_;
  Faults faults_;
  std::mt19937 random_{options_.seed + 1};
  std::ostringstream journal_;
  std::string last_fault_;
  Clock::time_point held_;
  Clock::time_point struck_;
  Clock::time_point next_fault_;
  Clock::time_point next_request_;
};

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"Real faults around two services, and a comparison with the truth at the end."};
  app.add_option("--seconds", options.length, "how long there are faults")->check(CLI::Range(1U, 86'400U));
  app.add_option("--seed", options.seed, "the faults of an earlier run, in their order");
  app.add_option("--logs", options.logs, "where logs are kept when something differs");
  CLI11_PARSE(app, argc, argv);
  const bool disks = may_mount();
  std::cout << "seed " << options.seed << ", " << options.length << " s" << std::endl;
  Campaign campaign{options, disks};
  campaign.live();
  return campaign.judge();
}

}  // namespace
}  // namespace simsync::test

int main(int argc, char** argv) {
  try {
    return simsync::test::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "campaign: " << error.what() << std::endl;
    return 2;
  }
}
