#include "tests/bench/psql_floor.h"

#include <stdexcept>

#include "tests/support/process.h"

namespace simsync::bench {
namespace {

constexpr char kTable[] = R"(
CREATE TABLE sim (project text COLLATE "C" NOT NULL, sim_id text COLLATE "C" NOT NULL, iccid text NOT NULL,
  provider text NOT NULL, type text NOT NULL, status text NOT NULL, metadata jsonb NOT NULL,
  created_at timestamptz NOT NULL, extra jsonb NOT NULL, PRIMARY KEY (project, sim_id))";

std::string load_script(const std::string& file) {
  return "BEGIN;\nCREATE TEMPORARY TABLE incoming (LIKE sim) ON COMMIT DROP;\n\\copy incoming FROM '" + file + "'\n" +
         R"(INSERT INTO sim SELECT i.* FROM incoming i LEFT JOIN sim s USING (project, sim_id) WHERE s.sim_id IS NULL;
UPDATE sim s SET iccid = i.iccid, provider = i.provider, type = i.type, status = i.status, metadata = i.metadata,
  created_at = i.created_at, extra = i.extra
FROM incoming i WHERE s.project = i.project AND s.sim_id = i.sim_id
  AND (s.iccid, s.provider, s.type, s.status, s.metadata, s.created_at, s.extra)
      IS DISTINCT FROM (i.iccid, i.provider, i.type, i.status, i.metadata, i.created_at, i.extra);
COMMIT;
)";
}

double run_psql(const std::string& url, const std::string& script, const std::string& log) {
  const RunFigures figures = run_measured({"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, url}, log);
  if (figures.exit_code != 0) throw std::runtime_error("psql failed: " + test::read_file(log));
  return figures.wall_seconds;
}

}  // namespace

FloorFigures measure_floor(const test::TestDatabase& source, const std::string& folder) {
  const std::string rows = folder + "/rows.copy";
  const std::string script = folder + "/floor.sql";
  const std::string log = folder + "/psql.log";
  test::write_file(script,
                   "\\copy (SELECT project, sim_id, iccid, provider, type, status, metadata, created_at, extra"
                   " FROM simsync.sim ORDER BY created_at DESC) TO '" +
                       rows + "'\n");
  run_psql(source.url(), script, log);
  const test::TestDatabase target;
  target.run(std::string{kTable} + ")");
  test::write_file(script, load_script(rows));
  FloorFigures figures;
  figures.first_seconds = run_psql(target.url(), script, log);
  figures.again_seconds = run_psql(target.url(), script, log);
  return figures;
}

}  // namespace simsync::bench
