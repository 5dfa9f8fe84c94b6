// Daemons over one table of leases in virtual time: each with a real LeasePlan, the keeper's and the database's part as
// simple as can be. Daemons are killed, frozen, cut off and stopped, the database fails over and loses what was
// committed last, its clock jumps. All by one seed.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sync/leases/lease_plan.h"

namespace simsync {

class LeaseWorld {
 public:
  using Millis = long;

  LeaseWorld(unsigned seed, std::size_t projects);

  // Work on one project, under one lease: transactions, each of which shows the lease at its beginning.
  struct Work {
    Lease lease;
    bool stopping = false;
    Millis ends_at = 0;
    std::optional<Millis> transaction;  // since when one is open
  };
  struct Daemon {
    std::string name;
    unsigned host = 0;
    std::vector<std::string> list;  // of its configuration
    LeasePlan plan;
    std::map<std::string, Work> works;
    std::vector<Lease> to_release;
    Millis next_beat = 0;
    bool alive = true;
    bool frozen = false;
    bool cut = false;  // off the database
    bool leaving = false;
  };

  // With all projects, or those given.
  void add(std::vector<std::string> list = {});
  static void kill(Daemon& daemon);
  static void stop(Daemon& daemon);
  void fail_over(Millis lost);
  void set_clock(Millis forward) { clock_ += forward; }
  // One of these, by chance.
  void any_fault();
  // Whatever is frozen or cut off is not, and somebody with all projects runs.
  void end_all_faults();

  void step();  // a tenth of a second
  void run(Millis time) {
    for (Millis until = now_ + time; now_ < until;) step();
  }

  // Living daemons, in no order.
  [[nodiscard]] std::vector<Daemon*> living();
  [[nodiscard]] Daemon& any();
  [[nodiscard]] std::size_t working() const;  // projects that somebody works on who may
  [[nodiscard]] std::size_t most_of_one() const;
  [[nodiscard]] const std::vector<std::string>& projects() const { return projects_; }
  [[nodiscard]] Millis now() const { return now_; }
  // Since when nobody works on a project who may.
  [[nodiscard]] Millis unheld_since(const std::string& project) const { return held_at_.at(project); }
  // What must never be, in the order it was seen.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] unsigned long takes() const { return takes_; }
  [[nodiscard]] unsigned long writes() const { return writes_; }
  unsigned long random() { return random_(); }

 private:
  struct Row {
    std::int64_t epoch = 0;
    std::string holder;
    Millis expires = 0;  // of the server's clock
    std::int64_t written_epoch = 0;
    std::string writer;  // of the last write, under that epoch
  };
  struct Tables {
    std::map<std::string, Row> leases;
    std::map<std::string, Millis> seen;
  };

  [[nodiscard]] bool shown(const Lease& lease) const;
  [[nodiscard]] LeaseView view_for(const Daemon& daemon) const;
  [[nodiscard]] bool is_dead(const Daemon& asking, const std::string& holder) const;
  void live(Daemon& daemon);
  bool goes_on(Daemon& daemon, Work& work);
  void commit(const Work& work);
  void end_work(Daemon& daemon, const std::string& project);
  void release(Daemon& daemon);
  void beat(Daemon& daemon);
  void take(Daemon& daemon, const LeasePlan::Take& take);
  void end_idle_transactions();
  void look();
  void violate(const std::string& what) { violations_.push_back("at " + std::to_string(now_) + " ms: " + what); }

  static constexpr Millis kLength = 8000;
  static constexpr Millis kBeat = 1000;
  static constexpr Millis kIdle = 5000;
  static constexpr Millis kReleased = -1'000'000'000;

  std::mt19937 random_;
  std::vector<std::string> projects_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
  Tables tables_;
  std::deque<Tables> past_;  // of each step, the youngest first
  Millis now_ = 0;
  Millis clock_ = 1'000'000;  // the server's
  unsigned server_ = 0;
  unsigned made_ = 0;
  unsigned long takes_ = 0;
  unsigned long writes_ = 0;
  std::map<std::string, Millis> held_at_;
  std::vector<std::string> violations_;
};

}  // namespace simsync
