#include "tests/bench/poll_figures.h"

#include <chrono>
#include <thread>

#include "tests/bench/bench_setup.h"

namespace simsync::bench {
namespace {

constexpr unsigned kPollSims = 100'000;  // about 35,000 profiles to poll
constexpr std::chrono::seconds kPollTime{8};

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

struct PollFigures {
  double polls = 0;
  double seconds = 0;
  double wal_kib = 0;
  RunFigures run;  // of the daemon, from its start to its end
};

PollFigures poll_for_a_while(const test::Simulator& simulator, const test::TestDatabase& database,
                             const test::Daemon& daemon) {
  PollFigures figures;
  const auto started = std::chrono::steady_clock::now();
  const pid_t id =
      start_program({SIMSYNC_DAEMON, "--config", daemon.config_file(), "run"}, daemon.directory().file("bench.log"));
  std::this_thread::sleep_for(std::chrono::seconds{2});
  const auto from = std::chrono::steady_clock::now();
  const auto asked_before = simulator.requests("profile");
  const std::string wal_before = wal_position(database);
  std::this_thread::sleep_for(kPollTime);
  figures.polls = static_cast<double>(simulator.requests("profile") - asked_before);
  figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  figures.wal_kib = wal_kib_since(database, wal_before);
  figures.run = end_program(id, started);
  return figures;
}

}  // namespace

void measure_polls(std::vector<Figure>& figures) {
  const test::Simulator simulator{world_of(kPollSims)};
  const test::TestDatabase database;
  test::Settings settings = bench_settings(simulator, database);
  settings.poll_interval = "1s";  // far more than can be had: as fast as it goes
  settings.recent_interval = "1s";
  const test::Daemon daemon{settings};
  sync_once(daemon);
  const PollFigures polling = poll_for_a_while(simulator, database, daemon);
  const double wrk = wrk_per_second(simulator, daemon.directory().path());
  const double per_second = polling.polls / polling.seconds;
  const double cpu = polling.run.cpu_seconds / polling.run.wall_seconds * polling.seconds / polling.polls * 1e4;
  figures.push_back({"polls a second, " + std::to_string(kConnections) + " connections", number(per_second, 0),
                     wrk > 0 ? "wrk " + number(wrk, 0) : "no wrk here", wrk > 0 ? number(per_second / wrk, 2) : "",
                     "at least 10000"});
  figures.push_back({"daemon CPU for 10,000 polls", number(cpu, 2, "s"), "", "", ""});
  figures.push_back(
      {"WAL for 10,000 unchanged polls", number(polling.wal_kib / polling.polls * 1e4, 0, "KiB"), "", "", ""});
  figures.push_back({"polling, memory", number(polling.run.memory_mib, 1, "MiB"), "", "", "under 64 MiB"});
}

}  // namespace simsync::bench
