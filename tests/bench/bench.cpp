// What the main job costs: a first sync, an unchanged one, and polling, against the simulator on loopback and a real
// PostgreSQL, each beside a floor of the same run. Repeats what can be repeated and prints the median.
//   simsync-bench [SIMS]   (100000); SIMSYNC_TEST_DATABASE names the server
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

#include "tests/bench/figures.h"
#include "tests/bench/measured_run.h"
#include "tests/bench/psql_floor.h"
#include "tests/support/daemon.h"
#include "tests/support/simulator.h"
#include "tests/support/test_database.h"

namespace simsync::bench {
namespace {

constexpr int kRounds = 3;
constexpr unsigned kPollSims = 100'000;  // about 35,000 profiles to poll
constexpr unsigned kConnections = 16;
constexpr std::chrono::seconds kPollTime{8};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

test::Settings bench_settings(const test::Simulator& simulator, const test::TestDatabase& database) {
  test::Settings settings = test::settings_for(simulator, database);
  settings.connections = kConnections;
  settings.timeout = "30s";
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

struct WalkRounds {
  std::vector<double> first, floor_first, again, floor_again, again_cpu, first_memory, again_memory, wal_kib;
};

void measure_round(const test::Simulator& simulator, WalkRounds& rounds) {
  const test::TestDatabase database;
  test::Settings settings = bench_settings(simulator, database);
  settings.providers = "[none]";  // walks only
  const test::Daemon daemon{settings};
  const RunFigures first = sync_once(daemon);
  rounds.first.push_back(first.wall_seconds);
  rounds.first_memory.push_back(first.memory_mib);
  database.run("CHECKPOINT");
  const std::string before = database.value("SELECT pg_current_wal_lsn()");
  const RunFigures again = sync_once(daemon);
  rounds.wal_kib.push_back(
      std::stod(database.value("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)", {before})) / 1024);
  rounds.again.push_back(again.wall_seconds);
  rounds.again_cpu.push_back(again.cpu_seconds);
  rounds.again_memory.push_back(again.memory_mib);
  const test::TempDir folder;
  const FloorFigures floor = measure_floor(database, folder.path());
  rounds.floor_first.push_back(floor.first_seconds);
  rounds.floor_again.push_back(floor.again_seconds);
}

void measure_walks(unsigned sims, std::vector<Figure>& figures) {
  test::SimulatorOptions options;
  options.projects.front().sims = sims;
  const test::Simulator simulator{options};
  WalkRounds rounds;
  for (int i = 0; i < kRounds; ++i) measure_round(simulator, rounds);
  const std::string count = std::to_string(sims) + " SIMs, ";
  figures.push_back({count + "first sync", number(median(rounds.first), 2, "s"),
                     "psql floor " + number(median(rounds.floor_first), 2, "s"),
                     number(median(rounds.first) / median(rounds.floor_first), 2), "at most 2.5 x floor"});
  figures.push_back({count + "unchanged sync", number(median(rounds.again), 2, "s"),
                     "psql floor " + number(median(rounds.floor_again), 2, "s"),
                     number(median(rounds.again) / median(rounds.floor_again), 2), ""});
  figures.push_back({count + "unchanged, daemon CPU", number(median(rounds.again_cpu), 2, "s"), "", "", "under 0.5 s"});
  figures.push_back({count + "unchanged, WAL", number(median(rounds.wal_kib), 1, "KiB"), "", "", "under 128 KiB"});
  figures.push_back(
      {count + "first sync, memory", number(median(rounds.first_memory), 1, "MiB"), "", "", "under 64 MiB"});
  figures.push_back(
      {count + "unchanged, memory", number(median(rounds.again_memory), 1, "MiB"), "", "", "under 64 MiB"});
}

// The peer that does nothing but ask: wrk on one profile, as many connections, one thread. 0 where there is no wrk.
double wrk_per_second(const test::Simulator& simulator, const std::string& folder) {
  std::string sim;
  for (const auto& line : simulator.truth()) {
    if (!line.at("profile").is_null()) sim = line.at("id").get<std::string>();
    if (!sim.empty()) break;
  }
  const auto& project = simulator.options().projects.front();
  const std::string log = folder + "/wrk.log";
  const RunFigures run = run_measured(
      {"wrk", "-c" + std::to_string(kConnections), "-t1", "-d5s", "-H", "Authorization: Bearer " + project.token,
       simulator.base_url() + "/projects/" + project.id + "/sims/" + sim + "/eSimProfile"},
      log);
  const std::string said = test::read_file(log);
  const std::size_t at = said.find("Requests/sec:");
  return run.exit_code != 0 || at == std::string::npos ? 0 : std::stod(said.substr(at + 13));
}

void measure_polls(std::vector<Figure>& figures) {
  test::SimulatorOptions options;
  options.projects.front().sims = kPollSims;
  const test::Simulator simulator{options};
  const test::TestDatabase database;
  test::Settings settings = bench_settings(simulator, database);
  settings.poll_interval = "1s";  // far more than can be had: as fast as it goes
  settings.recent_interval = "1s";
  const test::Daemon daemon{settings};
  sync_once(daemon);
  const auto started = std::chrono::steady_clock::now();
  const pid_t id =
      start_program({SIMSYNC_DAEMON, "--config", daemon.config_file(), "run"}, daemon.directory().file("bench.log"));
  std::this_thread::sleep_for(std::chrono::seconds{2});
  const auto from = std::chrono::steady_clock::now();
  const auto asked_before = simulator.requests("profile");
  const std::string wal_before = database.value("SELECT pg_current_wal_lsn()");
  std::this_thread::sleep_for(kPollTime);
  const auto polls = static_cast<double>(simulator.requests("profile") - asked_before);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  const double wal =
      std::stod(database.value("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)", {wal_before})) / 1024;
  const RunFigures run = end_program(id, started);
  const double wrk = wrk_per_second(simulator, daemon.directory().path());
  const std::string with = std::to_string(kConnections) + " connections";
  figures.push_back({"polls a second, " + with, number(polls / seconds, 0),
                     wrk > 0 ? "wrk " + number(wrk, 0) : "no wrk here", wrk > 0 ? number(polls / seconds / wrk, 2) : "",
                     "at least 10000"});
  figures.push_back({"daemon CPU for 10,000 polls",
                     number(run.cpu_seconds / run.wall_seconds * seconds / polls * 1e4, 2, "s"), "", "", ""});
  figures.push_back({"WAL for 10,000 unchanged polls", number(wal / polls * 1e4, 0, "KiB"), "", "", ""});
  figures.push_back({"polling, memory", number(run.memory_mib, 1, "MiB"), "", "", "under 64 MiB"});
}

}  // namespace
}  // namespace simsync::bench

int main(int argc, char** argv) {
  try {
    const unsigned sims = argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 100'000;
    std::vector<simsync::bench::Figure> figures;
    simsync::bench::measure_walks(sims, figures);
    simsync::bench::measure_polls(figures);
    simsync::bench::print(figures);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "simsync-bench: " << error.what() << '\n';
    return 1;
  }
}
