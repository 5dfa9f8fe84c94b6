#include "tests/faults/writers.h"

namespace simsync::test {
namespace {

constexpr char kAudit[] = R"(
CREATE TABLE IF NOT EXISTS written (place bigserial, who text, project text, epoch bigint);
CREATE OR REPLACE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.written (who, project, epoch)
    SELECT current_setting('application_name'), NEW.project, l.epoch
    FROM simsync.lease l WHERE l.project = NEW.project;
  RETURN NULL;
END $$;
CREATE TRIGGER note_writer AFTER INSERT ON simsync.sim_change FOR EACH ROW EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT ON simsync.esim_profile_transition FOR EACH ROW EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT ON simsync.walk FOR EACH ROW EXECUTE FUNCTION note_writer())";

}  // namespace

void note_writers(const TestDatabase& database) {
  database.run(kAudit);
}

Differences writer_faults(const TestDatabase& database) {
  Differences found;
  if (database.number("SELECT count(*) FROM written WHERE who <> 'simsyncd'") == 0) {
    found.emplace_back("the triggers note nobody");
  }
  for (const DatabaseRow& row :
       database.rows("SELECT project, epoch, string_agg(DISTINCT who, ' and ') FROM written WHERE who <> 'simsyncd' "
                     "GROUP BY 1, 2 HAVING count(DISTINCT who) > 1")) {
    found.push_back(*row[2] + " wrote for " + *row[0] + " in epoch " + *row[1]);
  }
  for (const DatabaseRow& row : database.rows(
           "SELECT project, epoch, earlier FROM (SELECT *, max(epoch) OVER (PARTITION BY project ORDER BY place "
           "ROWS UNBOUNDED PRECEDING) AS earlier FROM written) w WHERE epoch < earlier LIMIT 5")) {
    found.push_back("a write for " + *row[0] + " of epoch " + *row[1] + " after one of " + *row[2]);
  }
  return found;
}

}  // namespace simsync::test
