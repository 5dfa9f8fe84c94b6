// What the figures share: how the program is set up, run and asked.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/measured_run.h"
#include "tests/support/daemon.h"
#include "tests/support/simulator.h"
#include "tests/support/test_database.h"

namespace simsync::bench {

constexpr unsigned kConnections = 16;
constexpr int kRounds = 3;  // of what can be repeated; the median counts

double median(std::vector<double> values);

// A simulator with one project.
test::SimulatorOptions world_of(unsigned sims);

test::Settings bench_settings(const test::Simulator& simulator, const test::TestDatabase& database);
// The same, and no profile is polled.
test::Settings walk_settings(const test::Simulator& simulator, const test::TestDatabase& database);

// `simsyncd sync`; throws where it fails.
RunFigures sync_once(const test::Daemon& daemon);

// Leaves autovacuum nothing to do, and the next checkpoint little, while other things are measured.
void settle(const test::TestDatabase& database);

// KiB written to the log (WAL) of the whole server since `before`.
std::string wal_position(const test::TestDatabase& database);
double wal_kib_since(const test::TestDatabase& database, const std::string& before);

// A database that a first sync has filled.
struct Mirror {
  explicit Mirror(const test::Simulator& from);

  const test::Simulator& simulator;
  test::TestDatabase database;
  test::Settings settings;
  test::Daemon daemon;
  RunFigures first;  // the first sync
};

}  // namespace simsync::bench
