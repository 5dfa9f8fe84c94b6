// The SQL texts of what is known about the watching itself: the daemon's runs, gaps in the history, and how much of it
// is kept. As storage/statements.h has it.
#pragma once

#include <string>

namespace simsync::statements {

// $1 project, $2 kind, $3 started at, $4 and $5 intervals of walks and polls in milliseconds. What ended before begins
// to be a gap here, and whoever was killed is closed where it last wrote. A pass beside the service that runs is no run
// of its own: returns no row. Other passes may still fail before they poll; what they end is noted with their end.
inline constexpr char kBeginWatch[] = R"(
WITH last AS (
  SELECT max(coalesce(stopped_at, alive_at)) FILTER (WHERE polled OR stopped_at IS NULL) AS ended_at,
         bool_or(kind = 'run' AND stopped_at IS NULL AND alive_at > now() - interval '2 minutes') AS runs
  FROM ((SELECT * FROM simsync.service_run WHERE project = $1 ORDER BY run_id DESC LIMIT 10)
        UNION
        (SELECT * FROM simsync.service_run WHERE project = $1 AND polled ORDER BY run_id DESC LIMIT 1)) latest
), wanted AS (
  SELECT WHERE NOT ($2 = 'sync' AND coalesce((SELECT runs FROM last), false))
), outage AS (
  INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason, error)
  SELECT $1, 'profiles', s.failing_since, greatest(s.failing_since, last.ended_at),
         coalesce(s.failure, 'API not answering'), s.last_error
  FROM wanted, last, simsync.poll_state s WHERE s.project = $1 AND s.failing_since IS NOT NULL
), absence AS (
  INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason)
  SELECT $1, 'profiles', last.ended_at, $3::timestamptz, 'not running'
  FROM wanted, last
  WHERE $2 = 'run' AND $3::timestamptz - last.ended_at > $5::bigint * interval '1 millisecond'
), answered AS (
  UPDATE simsync.poll_state SET failing_since = NULL, failure = NULL
  WHERE project = $1 AND failing_since IS NOT NULL AND EXISTS (SELECT FROM wanted)
), killed AS (
  UPDATE simsync.service_run SET stopped_at = alive_at
  WHERE project = $1 AND stopped_at IS NULL AND EXISTS (SELECT FROM wanted)
    AND (kind = $2 OR alive_at < now() - interval '2 minutes')
)
INSERT INTO simsync.service_run (project, kind, started_at, alive_at, walk_interval, poll_interval, polled)
SELECT $1, $2, $3::timestamptz, $3::timestamptz, $4::bigint * interval '1 millisecond',
       $5::bigint * interval '1 millisecond', $2 = 'run'
FROM wanted RETURNING run_id)";
inline constexpr char kStillWatching[] = R"(
UPDATE simsync.service_run SET alive_at = greatest(alive_at, $3::timestamptz)
WHERE project = $1 AND run_id = $2::bigint)";
// $1 project, $2 run_id, $3 stopped at, $4 whether profiles were polled.
inline constexpr char kEndWatch[] = R"(
WITH ended AS (
  UPDATE simsync.service_run
  SET alive_at = greatest(alive_at, $3::timestamptz), stopped_at = $3::timestamptz, polled = $4::boolean
  WHERE project = $1 AND run_id = $2::bigint RETURNING kind, started_at, poll_interval
)
INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason)
SELECT $1, 'profiles', last.ended_at, ended.started_at, 'not running'
FROM ended
CROSS JOIN (SELECT coalesce(stopped_at, alive_at) AS ended_at FROM simsync.service_run
            WHERE project = $1 AND run_id < $2::bigint AND polled ORDER BY run_id DESC LIMIT 1) last
WHERE ended.kind = 'sync' AND $4::boolean AND ended.started_at - last.ended_at > ended.poll_interval)";

// $1 project, $2 profiles, $3 overdue, $4 longest overdue and $6 quiet interval in milliseconds, $5 needed a second,
// $7 failing since, $8 last error, $9 planned a second, 0: no limit, $10 what the failing is. An outage that is over,
// or a time in which nothing could be written, becomes a gap here.
inline constexpr char kSavePollState[] = R"(
WITH before AS (
  SELECT failing_since, failure, last_error FROM simsync.poll_state WHERE project = $1
), run AS (
  SELECT run_id, alive_at FROM simsync.service_run
  WHERE project = $1 AND kind = 'run' ORDER BY run_id DESC LIMIT 1
), alive AS (
  -- Whoever slept may have been taken for dead meanwhile.
  UPDATE simsync.service_run s SET alive_at = greatest(s.alive_at, now()), stopped_at = NULL
  FROM run WHERE s.project = $1 AND s.run_id = run.run_id
), gap AS (
  INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason, error)
  SELECT $1, 'profiles', failing_since, greatest(failing_since, now()), coalesce(failure, 'API not answering'), last_error
  FROM before WHERE failing_since IS DISTINCT FROM nullif($7, '')::timestamptz AND failing_since IS NOT NULL
  UNION ALL
  SELECT $1, 'profiles', alive_at, now(), 'nothing written', NULL FROM run WHERE alive_at < now() - interval '2 minutes'
)
INSERT INTO simsync.poll_state (project, saved_at, profiles, overdue, longest_overdue, needed_per_second,
                                quiet_interval, failing_since, last_error, planned_per_second, failure)
VALUES ($1, now(), $2::bigint, $3::bigint, $4::bigint * interval '1 millisecond', $5::double precision,
        $6::bigint * interval '1 millisecond', nullif($7, '')::timestamptz, nullif($8, ''),
        nullif($9::double precision, 0), nullif($10, ''))
ON CONFLICT (project) DO UPDATE
SET saved_at = excluded.saved_at, profiles = excluded.profiles, overdue = excluded.overdue,
    longest_overdue = excluded.longest_overdue, needed_per_second = excluded.needed_per_second,
    quiet_interval = excluded.quiet_interval, failing_since = excluded.failing_since, last_error = excluded.last_error,
    planned_per_second = excluded.planned_per_second, failure = excluded.failure)";

// $1 project, $2 walk_id, of a full walk that is complete. The first one begins the history, also if an earlier one's
// clock was ahead; one that begins long after
// the end of the one before closes a gap.
inline constexpr char kBeginHistory[] = R"(
INSERT INTO simsync.history_state (project, exact_since)
SELECT project, finished_at FROM simsync.walk
WHERE project = $1 AND walk_id = $2::bigint AND outcome = 'complete'
ON CONFLICT (project) DO UPDATE SET exact_since = excluded.exact_since
WHERE history_state.exact_since > excluded.exact_since)";
inline constexpr char kCloseWalkGap[] = R"(
INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason, error)
SELECT $1, 'sims', before.finished_at, this.started_at,
       CASE WHEN failed.token_refused THEN 'token refused'
            WHEN EXISTS (SELECT FROM simsync.service_run v
                         WHERE v.project = $1 AND v.started_at <= before.finished_at + run.walk_interval
                           AND (v.stopped_at IS NULL OR v.stopped_at >= this.started_at))
              OR failed.error NOT IN ('the program ended before the walk did', 'stopped before its end')
            THEN 'no complete walk'
            ELSE 'not running' END,
       failed.error
FROM (SELECT started_at FROM simsync.walk WHERE project = $1 AND walk_id = $2::bigint AND outcome = 'complete') this
CROSS JOIN (SELECT finished_at FROM simsync.walk
            WHERE project = $1 AND kind = 'full' AND outcome = 'complete' AND walk_id <> $2::bigint
            ORDER BY started_at DESC LIMIT 1) before
CROSS JOIN (SELECT walk_interval FROM simsync.service_run
            WHERE project = $1 ORDER BY run_id DESC LIMIT 1) run
LEFT JOIN LATERAL (SELECT w.error, w.token_refused FROM simsync.walk w
                   WHERE w.project = $1 AND w.kind = 'full' AND w.outcome <> 'complete' AND w.walk_id < $2::bigint
                     AND w.finished_at > before.finished_at
                   ORDER BY w.walk_id DESC LIMIT 1) failed ON true
WHERE this.started_at - before.finished_at > 2 * run.walk_interval)";

// ---- how much is kept ---------------------------------------------------------------------------------------------

// $1 project, $2 the bound, $3 how many rows at most of each table. Nothing but rows from before the bound goes, and
// inventory_at needs none of them for later moments; it refuses earlier ones from the first step on. The fields are
// named so that the index on them and the time is used. Of walks and gaps the oldest are looked at, and the walks that
// the daemon goes by stay. Returns how many rows went.
inline constexpr char kForgetHistory[] = R"(
WITH bound AS (
  UPDATE simsync.history_state SET exact_since = $2::timestamptz WHERE project = $1 AND exact_since < $2::timestamptz
), changes AS (
  DELETE FROM simsync.sim_change WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM simsync.sim_change
    WHERE project = $1 AND observed_at < $2::timestamptz
      AND field = ANY ('{status,metadata,iccid,provider,type,extra,created_at}') LIMIT $3::bigint))
  RETURNING 1
), transitions AS (
  DELETE FROM simsync.esim_profile_transition WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM simsync.esim_profile_transition
    WHERE project = $1 AND observed_at < $2::timestamptz LIMIT $3::bigint))
  RETURNING 1
), walks AS (
  DELETE FROM simsync.walk WHERE ctid = ANY (ARRAY(
    SELECT o.ctid FROM (SELECT w.ctid, w.walk_id, w.finished_at FROM simsync.walk w
                        WHERE w.project = $1 ORDER BY w.walk_id LIMIT $3::bigint) o
    WHERE o.finished_at < $2::timestamptz
      AND o.walk_id < (SELECT min(k.walk_id) FROM (SELECT walk_id FROM simsync.walk
                                                   WHERE project = $1 AND kind = 'full' AND outcome = 'complete'
                                                   ORDER BY started_at DESC LIMIT 1) k)))
  RETURNING 1
), gaps AS (
  DELETE FROM simsync.watch_gap WHERE ctid = ANY (ARRAY(
    SELECT o.ctid FROM (SELECT g.ctid, g.ended_at FROM simsync.watch_gap g
                        WHERE g.project = $1 ORDER BY g.gap_id LIMIT $3::bigint) o
    WHERE o.ended_at < $2::timestamptz))
  RETURNING 1
)
SELECT (SELECT count(*) FROM changes) + (SELECT count(*) FROM transitions) + (SELECT count(*) FROM walks)
       + (SELECT count(*) FROM gaps))";

// $1 project. The counts as the tables say, for those that somebody changed by hand: nothing is written where they are
// right. Returns how many groups were wrong.
inline constexpr char kCountAnew[] = R"(
WITH truth AS (
  SELECT left(s.provider, 100) AS provider, left(s.type, 100) AS type, left(s.status, 100) AS status,
         left(coalesce(p.status, ''), 100) AS profile_status, count(*) AS sims
  FROM simsync.sim s LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
  WHERE s.project = $1 AND s.missing_since IS NULL
  GROUP BY 1, 2, 3, 4
), wrong AS (
  SELECT provider, type, status, profile_status, coalesce(t.sims, 0) AS sims
  FROM truth t
  FULL JOIN (SELECT * FROM simsync.inventory_count WHERE project = $1) c USING (provider, type, status, profile_status)
  WHERE coalesce(t.sims, 0) <> coalesce(c.sims, 0)
), written AS (
  INSERT INTO simsync.inventory_count (project, provider, type, status, profile_status, sims)
  SELECT $1, provider, type, status, profile_status, sims FROM wrong
  ON CONFLICT (project, provider, type, status, profile_status) DO UPDATE SET sims = excluded.sims
), noted AS (
  UPDATE simsync.history_state SET counted_at = now() WHERE project = $1
)
SELECT count(*) FROM wrong)";
// Profiles whose copy of their SIM's status is not right, as above. Returns how many.
inline constexpr char kCorrectProfiles[] = R"(
WITH corrected AS (
  UPDATE simsync.esim_profile p SET sim_status = CASE WHEN s.missing_since IS NULL THEN s.status END
  FROM simsync.sim s
  WHERE p.project = $1 AND s.project = $1 AND s.sim_id = p.sim_id
    AND p.sim_status IS DISTINCT FROM CASE WHEN s.missing_since IS NULL THEN s.status END
  RETURNING 1
)
SELECT count(*) FROM corrected)";

}  // namespace simsync::statements
