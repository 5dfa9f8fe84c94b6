// One random world for the model test: a list that moves, requests answered in any order, a writer that is late, a
// database that survives crashes. Everything follows from the seed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sync/walk/walk_plan.h"
#include "tests/unit/sync/walk/simulated_list.h"

namespace simsync {

struct WorldReport {
  std::string error;  // empty: all is right
  WalkOutcome outcome = WalkOutcome::failed;
  std::string reason;      // of the outcome
  bool faultless = false;  // no failure was injected
  bool gave_up = false;    // though no failure was injected: too much was deleted under its feet
  std::uint64_t resumed = 0;
  std::uint64_t scouted = 0;  // pages of filtered lists
  std::uint64_t segments = 0;
  std::uint64_t pages = 0;
  std::uint64_t sims = 0;  // read, the same one several times included
};

class WalkWorld {
 public:
  explicit WalkWorld(std::uint64_t seed);
  WorldReport run();

 private:
  using Number = SimulatedList::Number;

  // How the world behaves. Chances are per step.
  struct Manners {
    double motion = 0;   // something is created, deleted or changed
    double deletes = 0;  // share of it
    double faults = 0;   // of an answer
    double crash = 0;
    unsigned crashes_left = 0;
    double stop = 0;
    double short_page = 0;
    double write = 0.2;  // the writer goes a step on
    double save = 0.05;
    double stale = 0.3;  // an answer is made some time before it arrives
  };

  // A row of the database.
  struct Row {
    bool stored = false;
    bool present = false;
    std::uint8_t content = 0;
    std::uint64_t confirmed = 0;
  };

  // What the checks need to know of each SIM.
  struct Story {
    bool always = false;         // has existed since the walk began
    bool gone_before = false;    // did not exist when the walk began
    bool steady = true;          // its content has not changed since then
    std::uint16_t contents = 0;  // that it has had since it was first read, one bit each
  };

  struct Pending {
    PageRequest request;
    std::optional<DetourRequest> detour;
    std::uint64_t asked = 0;
    bool answered = false;
    bool gone = false;
    SimPage page;
    std::vector<SimKey> keys;
  };

  struct Reading {
    Sim sim;
    SimKey key;
    std::uint64_t asked = 0;
  };
  struct Batch {
    std::vector<std::uint64_t> pages;
    std::vector<Reading> readings;
    std::optional<WalkProgress> progress;
    std::vector<std::size_t> stored;  // with `progress`: how many of each segment's pages
    std::uint64_t late = 0;
    bool applied = false;
  };

  // What was read of a segment since what is stored of it.
  struct Unstored {
    std::uint64_t number = 0;  // 0: nothing to write
    std::uint64_t sims = 0;
  };

  double fraction() { return static_cast<double>(roll() >> 11U) * 0x1.0p-53; }
  std::uint64_t roll();
  bool chance(double probability) { return probability > 0 && fraction() < probability; }
  std::uint32_t number(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(roll() % (std::uint64_t{high} - low + 1));
  }
  std::uint32_t skewed(std::uint32_t most);  // small ones more often

  void make_list();
  void create();
  void make_mirror();
  void choose_manners();
  void fail(const std::string& what);

  void begin_walk();
  void load(std::optional<std::uint64_t> since);
  void resume();
  void crash();
  void stop();
  void walk();
  void step();
  bool ask();
  bool answer_one();
  void make_answer(Pending& pending);
  void deliver(Pending& pending);
  bool spoil(Pending& pending);
  void deliver_page(Pending& pending);
  void answer_detour(const DetourRequest& detour);

  bool write_step();
  void begin_batch();
  void apply_batch();
  void end_batch();
  static bool write(Row& row, std::uint8_t content, std::uint64_t asked);
  std::optional<WalkProgress> progress(const std::vector<std::uint64_t>& pages);
  [[nodiscard]] std::vector<std::size_t> stored_with(const std::vector<std::uint64_t>& pages) const;
  void store(WalkProgress progress, const std::vector<std::size_t>& stored);
  void save();

  void move();
  void erase_some();
  void erase(Number number);
  void erase_stretch(Number newest, std::uint32_t count);
  std::optional<Number> somewhere();

  void check();
  [[nodiscard]] bool honest_reason() const;
  void check_sim(Number number);
  void check_effort();
  void ask_for_missing();
  void walk_quietly();

  const std::uint64_t seed_;
  std::uint64_t random_;
  SimulatedList list_;
  std::vector<Row> mirror_;
  std::vector<Story> stories_;
  Manners manners_;
  WalkGrain grain_;
  unsigned parallel_ = 1;
  std::size_t page_cap_ = 200;
  unsigned lies_left_ = 2;
  int second_ = 0;
  int tie_ = 1;                 // so many SIMs share a second
  std::uint32_t disorder_ = 0;  // by how many seconds the list is out of order
  bool deleted_ = false;
  std::uint64_t clock_ = 1;
  std::uint64_t walk_started_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t born_ = 0;

  std::optional<KnownSims> known_;
  std::optional<WalkPlan> plan_;
  std::deque<Pending> pending_;
  Batch queue_;
  std::optional<Batch> batch_;
  std::optional<WalkProgress> stored_progress_;
  std::vector<Number> cursors_;  // asked for so far
  std::vector<std::deque<Unstored>> unstored_;
  std::uint64_t read_again_ = 0;  // at most, because of crashes
  std::uint64_t sims_read_ = 0;   // of this walk
  WorldReport report_;
};

}  // namespace simsync
