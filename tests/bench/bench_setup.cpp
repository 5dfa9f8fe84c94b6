#include "tests/bench/bench_setup.h"

#include <algorithm>
#include <stdexcept>

namespace simsync::bench {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

test::SimulatorOptions world_of(unsigned sims) {
  test::SimulatorOptions options;
  options.projects.front().sims = sims;
  return options;
}

test::Settings bench_settings(const test::Simulator& simulator, const test::TestDatabase& database) {
  test::Settings settings = test::settings_for(simulator, database);
  settings.connections = kConnections;
  settings.timeout = "30s";
  return settings;
}

test::Settings walk_settings(const test::Simulator& simulator, const test::TestDatabase& database) {
  test::Settings settings = bench_settings(simulator, database);
  settings.providers = "[none]";
  return settings;
}

RunFigures sync_once(const test::Daemon& daemon) {
  const RunFigures figures =
      run_measured({SIMSYNC_DAEMON, "--config", daemon.config_file(), "sync"}, daemon.directory().file("bench.log"));
  if (figures.exit_code != 0) {
    throw std::runtime_error("sync failed: " + test::read_file(daemon.directory().file("bench.log")));
  }
  return figures;
}

// By psql: VACUUM is refused inside a transaction.
void settle(const test::TestDatabase& database) {
  const test::TempDir folder;
  const std::string log = folder.file("log");
  const RunFigures run =
      run_measured({"psql", "-X", "-q", "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT", database.url()}, log);
  if (run.exit_code != 0) throw std::runtime_error("psql failed: " + test::read_file(log));
}

std::string wal_position(const test::TestDatabase& database) {
  return database.value("SELECT pg_current_wal_lsn()");
}

double wal_kib_since(const test::TestDatabase& database, const std::string& before) {
  return std::stod(database.value("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)", {before})) / 1024;
}

Mirror::Mirror(const test::Simulator& from)
    : simulator(from), settings(walk_settings(simulator, database)), daemon(settings), first(sync_once(daemon)) {}

}  // namespace simsync::bench
