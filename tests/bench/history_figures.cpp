#include "tests/bench/history_figures.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "tests/bench/bench_setup.h"
#include "tests/bench/history_questions.h"

namespace simsync::bench {
namespace {

constexpr int kAsked = 5;          // times, after one that warms the caches
constexpr int kWritten = 200'000;  // half of them changes of SIMs, half transitions of profiles

// What 005 added to the key and beside it. Without: as the tables were before.
constexpr char kDropIndexes[] = R"(
DROP INDEX simsync.sim_change_by_time, simsync.sim_change_provider, simsync.esim_profile_transition_by_time,
  simsync.esim_profile_stuck;
ALTER TABLE simsync.sim_change DROP CONSTRAINT sim_change_pkey, ADD PRIMARY KEY (project, sim_id, change_id);
ALTER TABLE simsync.esim_profile_transition DROP CONSTRAINT esim_profile_transition_pkey,
  ADD PRIMARY KEY (project, sim_id, transition_id))";
constexpr char kPickSims[] = R"(
CREATE TABLE public.picked AS
SELECT row_number() OVER () AS n, sim_id, provider, type, metadata::text AS metadata
FROM (SELECT * FROM simsync.sim WHERE type = 'eSIM' ORDER BY random() LIMIT )";  // how many, and `) drawn`
// A batch of the rows that a walk or the polls write.
constexpr char kWriteChanges[] = R"(
INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, not_before, observed_at, provider,
                                type)
SELECT 'acme', sim_id, 'changed', CASE WHEN n % 5 < 2 THEN 'status' ELSE 'metadata' END,
       CASE WHEN n % 5 < 2 THEN 'inactive' ELSE metadata END, CASE WHEN n % 5 < 2 THEN 'active' ELSE metadata END,
       now() - interval '1 hour', now(), provider, type
FROM public.picked WHERE n > $1::bigint AND n <= $2::bigint)";
constexpr char kWriteTransitions[] = R"(
INSERT INTO simsync.esim_profile_transition (project, sim_id, from_status, to_status, reported_at, not_before,
                                             observed_at, provider, from_since)
SELECT 'acme', sim_id, 'enabled', 'disabled', now(), now() - interval '15 minutes', now(), provider,
       now() - interval '3 days'
FROM public.picked WHERE n > $1::bigint AND n <= $2::bigint)";

void fill(const test::TestDatabase& database, unsigned sims, unsigned rows) {
  const test::TempDir folder;
  const std::string log = folder.file("log");
  const RunFigures run = run_measured({"psql", "-X", "-q", "-v", "sims=" + std::to_string(sims), "-v",
                                       "rows=" + std::to_string(rows), "-f", SIMSYNC_HISTORY_WORLD, database.url()},
                                      log);
  if (run.exit_code != 0) throw std::runtime_error("psql failed: " + test::read_file(log));
}

std::string lines_of(const std::vector<test::DatabaseRow>& rows) {
  std::string text;
  for (const test::DatabaseRow& row : rows) text += row.at(0).value_or("") + '\n';
  return text;
}

double milliseconds_in(const std::string& plan, const std::string& label) {
  const std::size_t at = plan.find(label);
  if (at == std::string::npos) throw std::runtime_error("the plan has no " + label + plan);
  return std::stod(plan.substr(at + label.size()));
}

std::string question_about(std::string sql, const std::string& sim) {
  const std::size_t at = sql.find("$SIM");
  return at == std::string::npos ? sql : sql.replace(at, 4, sim);
}

struct Answer {
  double median = 0;  // milliseconds
  double fastest = 0;
};

// The server's time to plan and to carry out, as its own EXPLAIN says it.
Answer ask(const test::TestDatabase& database, const std::string& sql) {
  std::vector<double> times;
  for (int i = 0; i <= kAsked; ++i) {
    const std::string plan = lines_of(database.rows("EXPLAIN (ANALYZE, TIMING OFF) " + sql));
    times.push_back(milliseconds_in(plan, "Planning Time: ") + milliseconds_in(plan, "Execution Time: "));
  }
  times.erase(times.begin());
  return {median(times), *std::ranges::min_element(times)};
}

struct Written {
  double seconds = 0;
  double wal_mib = 0;
};

Written write_history(const test::TestDatabase& database, long sims) {
  constexpr long kBatch = 1000;
  settle(database);
  const std::string before = wal_position(database);
  const auto started = std::chrono::steady_clock::now();
  for (long n = 0; n < sims; n += kBatch) {
    const std::vector<std::string> batch = {std::to_string(n), std::to_string(n + kBatch)};
    static_cast<void>(database.rows(kWriteChanges, batch));
    static_cast<void>(database.rows(kWriteTransitions, batch));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  return {took.count(), wal_kib_since(database, before) / 1024};
}

void measure_writing(const test::TestDatabase& database, std::vector<Figure>& figures) {
  database.run(kPickSims + std::to_string(kWritten / 2) + ") drawn");
  const long picked = database.number("SELECT count(*) FROM public.picked");  // a small world has fewer
  const Written with = write_history(database, picked);
  database.run(kDropIndexes);
  const Written without = write_history(database, picked);
  const std::string what = std::to_string(2 * picked) + " history rows written with the reports' indexes";
  figures.push_back({what + " (single)", number(with.seconds, 2, "s"), "without " + number(without.seconds, 2, "s"),
                     number(with.seconds / without.seconds, 2), ""});
  figures.push_back({what + ", WAL", number(with.wal_mib, 1, "MiB"), "without " + number(without.wal_mib, 1, "MiB"),
                     number(with.wal_mib / without.wal_mib, 2), ""});
}

}  // namespace

std::vector<std::string> measure_history(unsigned sims, unsigned rows, std::vector<Figure>& figures) {
  const test::Simulator simulator{world_of(1000)};
  const test::TestDatabase database;
  test::Daemon daemon{walk_settings(simulator, database)};
  if (const test::Outcome made = daemon.run({"migrate"}); made.status != 0) {
    throw std::runtime_error("migrate failed: " + made.err);
  }
  fill(database, sims, rows);
  const std::string sim = database.value("SELECT max(sim_id) FROM simsync.esim_profile WHERE status = 'enabled'");
  std::vector<std::string> plans;
  for (const Question& question : kQuestions) {
    const std::string sql = question_about(question.sql, sim);
    const Answer answer = ask(database, sql);
    const bool aims = question.aim > 0;
    const bool slow = aims && answer.median >= question.aim;
    figures.push_back({question.what, number(answer.median, 1, "ms"), "the fastest " + number(answer.fastest, 1, "ms"),
                       "", aims ? "under " + number(question.aim, 0, "ms") + (slow ? ": its plan is below" : "") : ""});
    if (slow) plans.push_back(sql + '\n' + lines_of(database.rows("EXPLAIN (ANALYZE, BUFFERS) " + sql)));
  }
  measure_writing(database, figures);
  return plans;
}

}  // namespace simsync::bench
