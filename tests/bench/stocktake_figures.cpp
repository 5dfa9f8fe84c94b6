#include "tests/bench/stocktake_figures.h"

#include <stdexcept>

#include "tests/bench/bench_setup.h"

namespace simsync::bench {
namespace {

// Two of three are in stock.
constexpr char kSims[] = R"(
INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                         changed_at, confirmed_at)
SELECT 'acme', 'sim_0S' || lpad(i::text, 7, '0') || substr(md5(i::text), 1, 19), '8988' || lpad(i::text, 15, '0'),
       'p9', 'pSIM', CASE i % 3 WHEN 0 THEN 'active' ELSE 'inactive' END, '{}', now() - interval '400 days', '{}',
       now() - interval '300 days', now() - interval '300 days', now() - interval '300 days'
FROM generate_series(1, )";  // how many, and `) i`
// One of ten is not scanned, one of ten lines is of nobody's card.
constexpr char kLines[] =
    "\\copy (SELECT '8988' || lpad((i + i % 10 / 9 * 100000000)::text, 15, '0') FROM generate_series(1, ";
constexpr char kJoin[] = R"(
SELECT s.line, s.iccid, m.sim_id, m.provider, m.type, m.status
FROM scan s FULL JOIN (SELECT * FROM simsync.sim WHERE project = 'acme') m ON m.iccid = s.iccid
)";

double seconds_of_psql(const test::TestDatabase& database, const test::TempDir& folder, const std::string& script) {
  test::write_file(folder.file("script.sql"), script);
  const RunFigures run =
      run_measured({"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", folder.file("script.sql"), database.url()},
                   folder.file("log"));
  if (run.exit_code != 0) throw std::runtime_error("psql failed: " + test::read_file(folder.file("log")));
  return run.wall_seconds;
}

}  // namespace

void measure_stocktake(unsigned sims, std::vector<Figure>& figures) {
  const test::Simulator simulator{world_of(1000)};
  const test::TestDatabase database;
  const test::Daemon daemon{walk_settings(simulator, database)};
  sync_once(daemon);
  const std::string count = std::to_string(sims);
  database.run(kSims + count + ") i");
  settle(database);
  const test::TempDir folder;
  const std::string scans = folder.file("scans");
  seconds_of_psql(database, folder, kLines + count + ") i ORDER BY md5(i::text)) TO '" + scans + "'\n");

  std::vector<double> ours;
  std::vector<double> floors;
  double memory = 0;
  for (int round = 0; round < kRounds; ++round) {
    const RunFigures run = run_measured(
        {SIMSYNC_DAEMON, "--config", daemon.config_file(), "stocktake", scans, "--no-search", "--output", "csv"},
        folder.file("compared"));
    if (run.exit_code != 0) throw std::runtime_error("stocktake failed");
    ours.push_back(run.wall_seconds);
    memory = run.memory_mib;
    floors.push_back(seconds_of_psql(database, folder,
                                     "CREATE TEMPORARY TABLE scan (line bigint GENERATED ALWAYS AS IDENTITY, iccid "
                                     "text);\n\\copy scan (iccid) FROM '" +
                                         scans + "'\n\\o " + folder.file("joined") + "\n\\pset format csv\n" + kJoin +
                                         ";\n"));
  }
  figures.push_back({count + " lines against " + count + " SIMs, without the API", number(median(ours), 2, "s"),
                     "psql, \\copy of the lines and a join " + number(median(floors), 2, "s"),
                     number(median(ours) / median(floors), 2), "under 10 s"});
  figures.push_back({"memory for that", number(memory, 0, "MiB"), "", "", "under 300 MiB"});
}

}  // namespace simsync::bench
