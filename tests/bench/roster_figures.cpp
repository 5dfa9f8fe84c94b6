#include "tests/bench/roster_figures.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench_setup.h"
#include "tests/bench/longest_transaction.h"

namespace simsync::bench {
namespace {

// As the API's ids look: `sim_` and 28 letters and digits, ascending with time.
constexpr char kSims[] = R"(
INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                         changed_at, confirmed_at)
SELECT 'acme', 'sim_0S' || lpad(i::text, 7, '0') || substr(md5(i::text), 1, 19), '8988' || lpad(i::text, 15, '0'),
       'p3', 'eSIM', 'active', '{}', now() - interval '400 days', '{}', now() - interval '300 days',
       now() - interval '300 days', now() - interval '300 days'
FROM generate_series(1, )";  // how many, and `) i`
constexpr char kProfiles[] = R"(
INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since, last_polled_at,
                                  sim_status, changed_at)
SELECT project, sim_id, 'enabled', now() - interval '200 days', now() - interval '300 days', now() - interval '200 days',
       now() - random() * interval '15 minutes', status, now() - interval '200 days'
FROM simsync.sim WHERE project = 'acme' ON CONFLICT DO NOTHING)";
// The same rows, in the cheapest way to have them: the floor of reading the roster.
constexpr char kRead[] =
    R"(\copy (SELECT s.sim_id, s.status, s.created_at, s.changed_at, p.status, p.updated_at, p.last_polled_at FROM simsync.sim s LEFT JOIN simsync.esim_profile p USING (project, sim_id) WHERE s.project = 'acme' AND s.missing_since IS NULL AND s.type = 'eSIM') TO '/dev/null')";

double seconds_of_psql(const test::TestDatabase& database) {
  const test::TempDir folder;
  const RunFigures run = run_measured({"psql", "-X", "-q", "-c", kRead, database.url()}, folder.file("log"));
  if (run.exit_code != 0) throw std::runtime_error("psql failed: " + test::read_file(folder.file("log")));
  return run.wall_seconds;
}

// From the daemon's log: how long it took to read the roster and to make the schedule.
double seconds_said(const std::string& log) {
  const std::size_t line = log.find("roster of polls is read");
  const std::size_t at = log.find("seconds=", line);
  if (line == std::string::npos || at == std::string::npos) throw std::runtime_error("no roster was read: " + log);
  return std::stod(log.substr(at + 8));
}

}  // namespace

void measure_roster(unsigned profiles, std::vector<Figure>& figures) {
  const test::Simulator simulator{world_of(1000)};
  const test::TestDatabase database;
  test::Settings settings = bench_settings(simulator, database);
  settings.poll_interval = "15m";
  settings.recent_interval = "30s";
  const test::Daemon daemon{settings};
  sync_once(daemon);
  const std::string count = std::to_string(profiles);
  database.run(kSims + count + ") i");
  database.run(kProfiles);
  settle(database);
  const std::string log = daemon.directory().file("roster.log");
  LongestTransaction longest;
  const auto started = std::chrono::steady_clock::now();
  const pid_t id = start_program({SIMSYNC_DAEMON, "--config", daemon.config_file(), "run"}, log);
  std::this_thread::sleep_for(std::chrono::seconds{12});
  const RunFigures run = end_program(id, started);
  const double read = seconds_said(test::read_file(log));
  const double floor = seconds_of_psql(database);
  figures.push_back({count + " profiles, the schedule made at a start (single)", number(read, 2, "s"),
                     "psql, \\copy of the rows " + number(floor, 2, "s"), number(read / floor, 2), "under 2 s"});
  figures.push_back(longest.take(count + " profiles and SIMs, the start"));
  figures.push_back({count + " profiles and SIMs, the daemon's memory in all", number(run.memory_mib, 1, "MiB"), "", "",
                     "under 120 MiB"});
}

}  // namespace simsync::bench
