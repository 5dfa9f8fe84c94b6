// What reports rely on beside the mirror and its history: it is written together with them, and must always agree with
// them. One query, a line of text for each fault; nothing when all is well.
#pragma once

namespace simsync::test {

inline constexpr char kReportFaults[] = R"(
SELECT 'counted ' || coalesce(c.sims, 0) || ' but there are ' || coalesce(t.sims, 0) || ' of '
       || concat_ws(' ', project, provider, type, status, profile_status)
FROM (SELECT s.project, left(s.provider, 100) AS provider, left(s.type, 100) AS type, left(s.status, 100) AS status,
             left(coalesce(p.status, ''), 100) AS profile_status, count(*) AS sims
      FROM simsync.sim s LEFT JOIN simsync.esim_profile p USING (project, sim_id)
      WHERE s.missing_since IS NULL GROUP BY 1, 2, 3, 4, 5) t
FULL JOIN (SELECT * FROM simsync.inventory_count WHERE sims <> 0) c USING (project, provider, type, status, profile_status)
WHERE coalesce(c.sims, 0) <> coalesce(t.sims, 0)
UNION ALL
SELECT p.sim_id || ': the profile has the SIM''s status as ' || coalesce(p.sim_status, '(none)') || ', it is '
       || coalesce(CASE WHEN s.missing_since IS NULL THEN s.status END, '(none)')
FROM simsync.esim_profile p LEFT JOIN simsync.sim s USING (project, sim_id)
WHERE p.sim_status IS DISTINCT FROM CASE WHEN s.missing_since IS NULL THEN s.status END
UNION ALL
SELECT s.sim_id || ': changed_at ' || s.changed_at || ' is before its last change ' || c.last
FROM simsync.sim s JOIN (SELECT project, sim_id, max(observed_at) AS last FROM simsync.sim_change GROUP BY 1, 2) c
  USING (project, sim_id) WHERE s.changed_at < c.last
UNION ALL
SELECT sim_id || ': a change without provider or type' FROM simsync.sim_change WHERE provider IS NULL OR type IS NULL
UNION ALL
SELECT p.sim_id || ': the profile changed at ' || t.last || ' but says ' || p.changed_at
FROM simsync.esim_profile p
JOIN (SELECT project, sim_id, max(observed_at) AS last FROM simsync.esim_profile_transition GROUP BY 1, 2) t
  USING (project, sim_id) WHERE p.changed_at <> t.last
UNION ALL
SELECT sim_id || ': from_since ' || coalesce(from_since::text, '(none)') || ' should be ' || coalesce(since::text, '(none)')
FROM (SELECT t.sim_id, t.from_since,
             (SELECT e.reported_at FROM simsync.esim_profile_transition e
              WHERE e.project = t.project AND e.sim_id = t.sim_id AND e.transition_id < t.transition_id
                AND e.from_status IS DISTINCT FROM e.to_status ORDER BY e.transition_id DESC LIMIT 1) AS since
      FROM simsync.esim_profile_transition t) stays
WHERE from_since IS DISTINCT FROM since
UNION ALL
SELECT sim_id || ': the inventory of now is not inventory_at(now)'
FROM (SELECT * FROM (SELECT project, sim_id, iccid, provider, type, status, metadata, created_at, profile_status,
                            profile_status_since
                     FROM simsync.inventory WHERE project IN (SELECT project FROM simsync.history_state)) present
      EXCEPT
      SELECT project, sim_id, iccid, provider, type, status, metadata, created_at, profile_status, profile_status_since
      FROM simsync.inventory_at(greatest(now(), (SELECT max(changed_at) FROM simsync.sim)))) lost
LIMIT 20)";

}  // namespace simsync::test
