#include "tests/bench/psql_floor.h"

#include <stdexcept>

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

PsqlFloor::PsqlFloor(const test::TestDatabase& source) : source_(source) {
  target_.run(std::string{kTable} + ")");
  take_rows("true");
}

void PsqlFloor::take_rows(const std::string& where) {
  const std::string script = folder_.file("take.sql");
  test::write_file(script,
                   "\\copy (SELECT project, sim_id, iccid, provider, type, status, metadata, created_at, extra"
                   " FROM simsync.sim WHERE " +
                       where + " ORDER BY created_at DESC) TO '" + folder_.file("rows") + "'\n");
  run_psql(source_.url(), script, folder_.file("log"));
}

double PsqlFloor::load() {
  const std::string script = folder_.file("load.sql");
  test::write_file(script, load_script(folder_.file("rows")));
  return run_psql(target_.url(), script, folder_.file("log"));
}

double PsqlFloor::whole() {
  return load();
}

double PsqlFloor::changed(const std::string& since) {
  take_rows("changed_at >= '" + since + "'");
  return load();
}

}  // namespace simsync::bench
