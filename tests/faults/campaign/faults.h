// The faults of a campaign: one after the other from the seed, each kind once before any comes again.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <random>
#include <string>
#include <vector>

#include "tests/faults/campaign/figures.h"
#include "tests/faults/campaign/stage.h"

namespace simsync::test {

// Belongs to the stage's thread.
class Faults {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Faults(Stage& stage, Figures& figures, unsigned seed, bool disks);

  // The next that does not hit what is hit already; returns its name, or none.
  std::string strike();
  // Ends those whose time is over.
  void tick();
  void end_all();

 private:
  using Clock = std::chrono::steady_clock;
  // Begins it for one of the two daemons. False: not just now.
  using Begin = std::function<bool(std::size_t which)>;
  struct Kind {
    std::string name;
    std::string hits;     // two that hit the same are not at the same time
    bool of_one = false;  // of the two daemons
    Begin begin;
  };
  struct Ongoing {
    std::string hits;
    Clock::time_point until;
    std::function<void()> end;
  };

  void add(const std::string& name, const std::string& hits, bool of_one, Begin begin);
  void add_daemons();
  void add_servers(bool disks);
  void add_ways(const std::string& name, const std::vector<std::unique_ptr<Gate>>& gates);
  void add_api();
  bool freeze(std::size_t which, Milliseconds time);
  bool order_api_fault();
  [[nodiscard]] bool is_hit(const std::string& what) const;
  // Of the kind that begins just now: ends it after this time.
  void last(Milliseconds time, std::function<void()> end);
  Milliseconds any(int from, int to);

  Stage& stage_;
  Figures& figures_;
  std::mt19937 random_;
  std::vector<Kind> kinds_;
  std::vector<std::size_t> deck_;
  std::list<Ongoing> ongoing_;
  std::string hits_;  // of the kind that begins
  std::size_t next_api_fault_ = 0;
};

}  // namespace simsync::test
