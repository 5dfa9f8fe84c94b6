// The full walks of a running daemon, one after the other, each with what it cost. A daemon's later walks are what it
// does all day; the first one of a process has to load the inventory from the database as well.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "tests/bench/bench_setup.h"

namespace simsync::bench {

struct WalkFigures {
  double wall_seconds = 0;  // as the walk's row says
  double cpu_seconds = 0;   // of the whole daemon, from the end of the walk before
  double wal_kib = 0;       // of the whole server, after a checkpoint
  long changed = 0;
};

class MeasuredWalks {
 public:
  // Starts `simsyncd run` and waits for its first walk, which is not measured. Walks begin `interval` after one
  // another: where that is longer than a walk takes, nothing else falls into what is measured.
  MeasuredWalks(Mirror& mirror, std::chrono::seconds interval);
  // Ends the daemon.
  ~MeasuredWalks();
  MeasuredWalks(const MeasuredWalks&) = delete;
  MeasuredWalks& operator=(const MeasuredWalks&) = delete;

  // Waits for the next walk that begins from now on. Throws where it was not complete.
  WalkFigures next();
  // Of the daemon until now, the largest resident set.
  [[nodiscard]] double peak_memory_mib() const;

 private:
  [[nodiscard]] double cpu_seconds() const;
  void await_walk(const std::string& begun_after);

  Mirror& mirror_;
  std::unique_ptr<test::Process> daemon_;
  std::string walk_;  // the last one's id
};

}  // namespace simsync::bench
