#include "tests/bench/poll_figures.h"

#include <chrono>
#include <thread>

#include "tests/bench/bench_setup.h"

namespace simsync::bench {
namespace {

// About 105,000 profiles: more than can be asked in a second, the shortest interval there is.
constexpr unsigned kPollSims = 300'000;
constexpr unsigned kPollConnections = 32;
constexpr std::chrono::seconds kPollTime{10};
constexpr std::chrono::seconds kWarmUp{3};

struct Asking {
  double per_second = 0;
  double cpu_each = 0;  // seconds of CPU for one request
};

// The peer that does nothing but ask: wrk on one profile, as many connections, one thread. Nothing where there is no
// wrk.
Asking wrk(const test::Simulator& simulator, const std::string& folder) {
  std::string sim;
  for (const auto& line : simulator.truth()) {
    if (!line.at("profile").is_null()) sim = line.at("id").get<std::string>();
    if (!sim.empty()) break;
  }
  const auto& project = simulator.options().projects.front();
  const std::string log = folder + "/wrk.log";
  const auto asked_before = simulator.requests("profile");
  const RunFigures run = run_measured(
      {"wrk", "-c" + std::to_string(kPollConnections), "-t1", "-d5s", "-H", "Authorization: Bearer " + project.token,
       simulator.base_url() + "/projects/" + project.id + "/sims/" + sim + "/eSimProfile"},
      log);
  const std::string said = test::read_file(log);
  const std::size_t at = said.rfind("Requests/sec:");
  if (run.exit_code != 0 || at == std::string::npos) return {};
  const auto asked = static_cast<double>(simulator.requests("profile") - asked_before);
  return {std::stod(said.substr(at + 13)), run.cpu_seconds / asked};
}

struct Polling {
  Asking asking;
  double wal_kib = 0;     // of 10,000 polls, like the next
  double statements = 0;  // below 0: the server does not count them
  RunFigures run;
};

double statements_so_far(const test::TestDatabase& database) {
  return std::stod(
      database.value("SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
                     "WHERE d.datname = current_database()"));
}

bool counts_statements(const test::TestDatabase& database) {
  if (database.value("SELECT current_setting('shared_preload_libraries')") != "pg_stat_statements") return false;
  database.run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  return true;
}

Polling poll_for_a_while(const test::Simulator& simulator, const test::TestDatabase& database,
                         const test::Daemon& daemon) {
  Polling figures;
  const bool counted = counts_statements(database);
  settle(database);
  const auto started = std::chrono::steady_clock::now();
  const pid_t id =
      start_program({SIMSYNC_DAEMON, "--config", daemon.config_file(), "run"}, daemon.directory().file("bench.log"));
  std::this_thread::sleep_for(kWarmUp);
  const auto from = std::chrono::steady_clock::now();
  const auto asked_before = simulator.requests("profile");
  const double cpu_before = cpu_seconds_of(id);
  const std::string wal_before = wal_position(database);
  const double statements_before = counted ? statements_so_far(database) : 0;
  std::this_thread::sleep_for(kPollTime);
  const auto polls = static_cast<double>(simulator.requests("profile") - asked_before);
  figures.asking.per_second = polls / std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  figures.asking.cpu_each = (cpu_seconds_of(id) - cpu_before) / polls;
  figures.wal_kib = wal_kib_since(database, wal_before) / polls * 1e4;
  figures.statements = counted ? (statements_so_far(database) - statements_before) / polls * 1e4 : -1;
  figures.run = end_program(id, started);
  return figures;
}

void add_figures(std::vector<Figure>& figures, const std::string& latency, const Polling& polling, const Asking& peer,
                 const std::string& aim) {
  const std::string what = "polls, " + latency + ", " + std::to_string(kPollConnections) + " connections, ";
  const bool has_peer = peer.per_second > 0;
  const auto ratio = [has_peer](double ours, double theirs) { return has_peer ? number(ours / theirs, 2) : ""; };
  figures.push_back({what + "a second", number(polling.asking.per_second, 0),
                     has_peer ? "wrk -t1 " + number(peer.per_second, 0) : "no wrk here",
                     ratio(polling.asking.per_second, peer.per_second), aim});
  figures.push_back({what + "CPU a poll", number(polling.asking.cpu_each * 1e6, 1, "us"),
                     has_peer ? "wrk -t1 " + number(peer.cpu_each * 1e6, 1, "us") : "no wrk here",
                     ratio(polling.asking.cpu_each, peer.cpu_each), "at most 5 x"});
  figures.push_back({what + "WAL for 10,000 unchanged", number(polling.wal_kib, 0, "KiB"), "", "", ""});
  figures.push_back({what + "statements for 10,000 unchanged",
                     polling.statements < 0 ? "not counted" : number(polling.statements, 0), "", "", ""});
  figures.push_back({what + "memory", number(polling.run.memory_mib, 1, "MiB"), "", "", "under 64 MiB"});
}

}  // namespace

void measure_polls(std::vector<Figure>& figures) {
  const test::Simulator simulator{world_of(kPollSims)};
  const test::TestDatabase database;
  test::Settings settings = bench_settings(simulator, database);
  settings.connections = kPollConnections;
  // Far more than can be had: as fast as it goes.
  settings.poll_interval = settings.recent_interval = settings.retired_interval = "1s";
  const test::Daemon daemon{settings};
  sync_once(daemon);
  for (const int latency : {0, 20}) {
    simulator.post("settings", {{"latency_ms", latency}});
    const Polling polling = poll_for_a_while(simulator, database, daemon);
    add_figures(figures, std::to_string(latency) + " ms", polling, wrk(simulator, daemon.directory().path()),
                latency == 0 ? "at least 0.3 x" : "at least 0.95 x");
  }
}

}  // namespace simsync::bench
