-- Three years of history for the bench, made by the server alone: psql -v sims=1000000 -v rows=10000000 -f this.
-- One project; 15 providers, unevenly; of three of them the eSIMs' profiles are polled. Half of the rows are changes of
-- SIMs, half are transitions of profiles, and both were written in the order of time, as the daemon writes them.
-- What a SIM or a profile was some steps ago follows from what it is now, so that every row's old value is the new value
-- of the row before.
\set ON_ERROR_STOP on
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET max_parallel_maintenance_workers = 0;

SELECT setseed(0.5) AS seed \gset
-- Times are parts of the three years, from 0 to 1.
-- Of days and hours alone: a part of a month is not as long in each.
SELECT begins, now() - interval '5 minutes' - begins AS span
FROM (SELECT date_trunc('minute', now() - interval '3 years') AS begins) b \gset

-- ---- SIMs ------------------------------------------------------------------------------------------------------------

-- The last fifth appeared in the course of the three years, one after the other.
CREATE TEMPORARY TABLE world AS
SELECT i, 'sim_0S' || lpad(i::text, 7, '0') || substr(md5(i::text), 1, 19) AS sim_id,
       CASE WHEN h < 200 THEN 'p1' WHEN h < 340 THEN 'p2' WHEN h < 410 THEN 'p3' WHEN h < 500 THEN 'p4'
            WHEN h < 570 THEN 'p5' WHEN h < 630 THEN 'p6' WHEN h < 680 THEN 'p7' WHEN h < 720 THEN 'p8'
            WHEN h < 755 THEN 'p9' WHEN h < 785 THEN 'p10' WHEN h < 810 THEN 'p11' WHEN h < 830 THEN 'p12'
            WHEN h < 846 THEN 'p13' WHEN h < 923 THEN 'p14' ELSE 'p15' END AS provider,
       CASE WHEN t < 70 THEN 'eSIM' ELSE 'pSIM' END AS type,
       CASE WHEN s < 60 THEN 'active' WHEN s < 85 THEN 'inactive' ELSE 'retired' END AS status,
       m < 4 AS missing, m >= 992 AS stuck,
       greatest(0, i - 0.8 * :sims) / (0.2 * :sims) AS seen  -- when: a part of the three years
FROM (SELECT i, mod(hashint4extended(i, 1) & 1048575, 1000) AS h, mod(hashint4extended(i, 2) & 1048575, 100) AS t,
             mod(hashint4extended(i, 3) & 1048575, 100) AS s, mod(hashint4extended(i, 4) & 1048575, 1000) AS m
      FROM generate_series(1, :sims) i) hashed;
CREATE UNIQUE INDEX ON world (i);
ANALYZE world;

CREATE FUNCTION pg_temp.status_before(status text, steps bigint) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN steps = 0 THEN status
              WHEN (steps % 2 = 1) = (status = 'active') THEN 'inactive' ELSE 'active' END $$;
-- JSON text in the order in which PostgreSQL prints it; each step changes one of the keys.
CREATE FUNCTION pg_temp.metadata_before(i int, steps bigint) RETURNS text LANGUAGE sql AS $$
  SELECT format('{"site": "site-%s", "order": "%s", "tariff": "tariff-%s", "customer": "customer %s"}',
                (i + steps / 4) % 2000, 700000 + i + (steps + 1) / 4, (i + (steps + 2) / 4) % 12,
                (i / 50 + (steps + 3) / 4) % 20000) $$;
CREATE FUNCTION pg_temp.iccid_before(i int, steps bigint) RETURNS text LANGUAGE sql AS
  $$ SELECT '8988' || lpad(steps::text, 3, '0') || lpad(i::text, 12, '0') $$;
CREATE FUNCTION pg_temp.provider_before(provider text, steps bigint) RETURNS text LANGUAGE sql AS
  $$ SELECT 'p' || 1 + (substr(provider, 2)::int - 1 + steps * 4) % 15 $$;
CREATE FUNCTION pg_temp.profile_before(status text, steps bigint) RETURNS text LANGUAGE sql AS $$
  SELECT (CASE WHEN status = 'enabled' THEN ARRAY['enabled', 'disabled', 'enabled', 'enabled', 'disabled', 'installed']
               ELSE ARRAY[status, 'enabled', 'disabled', 'enabled', 'enabled', 'disabled'] END)[1 + steps % 6] $$;

-- ---- the history's indexes are made afterwards, all at once: that is quicker -------------------------------------------

CREATE TEMPORARY TABLE dropped AS
SELECT 'CREATE' AS part, indexdef AS statement, format('DROP INDEX simsync.%I', indexname) AS undo FROM pg_indexes
WHERE schemaname = 'simsync' AND tablename IN ('sim_change', 'esim_profile_transition') AND indexname NOT LIKE '%pkey'
UNION ALL
SELECT 'ALTER', format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
       format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
FROM pg_constraint
WHERE contype = 'p' AND conrelid IN ('simsync.sim_change'::regclass, 'simsync.esim_profile_transition'::regclass);
SELECT undo FROM dropped \gexec

-- ---- changes of SIMs -------------------------------------------------------------------------------------------------

-- `steps`: how many rows of the same SIM and field came later.
CREATE TEMPORARY TABLE event AS
SELECT i, at, field, appeared, row_number() OVER (PARTITION BY i, field ORDER BY at DESC) - 1 AS steps
FROM (SELECT i, seen AS at, 'status' AS field, true AS appeared FROM world WHERE seen > 0
      UNION ALL
      -- Whoever is there at that time.
      SELECT 1 + floor(random() * (0.8 * :sims + 0.2 * :sims * at - 1))::int, at,
             CASE WHEN f < 0.38 THEN 'status' WHEN f < 0.98 THEN 'metadata' WHEN f < 0.99 THEN 'iccid'
                  ELSE 'provider' END, false
      FROM (SELECT k / (:rows / 2 - 0.2 * :sims)::float8 AS at, random() AS f
            FROM generate_series(1, :rows / 2 - (0.2 * :sims)::int) k) drawn) happened;

INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, not_before, observed_at, provider,
                                type)
SELECT 'acme', w.sim_id,
       CASE WHEN e.appeared THEN 'appeared' WHEN w.missing AND e.steps = 0 AND e.field = 'status' THEN 'disappeared'
            ELSE 'changed' END,
       e.field, CASE WHEN NOT e.appeared THEN b.old_value END,
       CASE WHEN NOT (w.missing AND e.steps = 0 AND e.field = 'status') OR e.appeared THEN b.new_value END,
       :'begins'::timestamptz + e.at * :'span'::interval - CASE WHEN e.appeared THEN NULL ELSE interval '1 hour' END,
       :'begins'::timestamptz + e.at * :'span'::interval,
       CASE WHEN e.field = 'provider' THEN b.new_value ELSE w.provider END, w.type
FROM event e
JOIN world w ON w.i = e.i
-- A SIM that is gone took a step without changing its status.
CROSS JOIN LATERAL (SELECT e.steps - CASE WHEN w.missing THEN 1 ELSE 0 END AS was) s
CROSS JOIN LATERAL (
  SELECT CASE e.field WHEN 'status' THEN pg_temp.status_before(w.status, s.was + 1)
                      WHEN 'metadata' THEN pg_temp.metadata_before(w.i, e.steps + 1)
                      WHEN 'iccid' THEN pg_temp.iccid_before(w.i, e.steps + 1)
                      ELSE pg_temp.provider_before(w.provider, e.steps + 1) END AS old_value,
         CASE e.field WHEN 'status' THEN pg_temp.status_before(w.status, greatest(s.was, 0))
                      WHEN 'metadata' THEN pg_temp.metadata_before(w.i, e.steps)
                      WHEN 'iccid' THEN pg_temp.iccid_before(w.i, e.steps)
                      ELSE pg_temp.provider_before(w.provider, e.steps) END AS new_value) b
ORDER BY e.at;

INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                         changed_at, missing_since, confirmed_at)
SELECT 'acme', w.sim_id, pg_temp.iccid_before(w.i, 0), w.provider, w.type, w.status,
       pg_temp.metadata_before(w.i, 0)::jsonb, f.first_seen - interval '1 minute', '{}', f.first_seen, c.changed,
       CASE WHEN w.missing THEN e.gone END, c.changed
FROM world w
LEFT JOIN (SELECT i, max(at) AS last, max(at) FILTER (WHERE field = 'status' AND steps = 0 AND NOT appeared) AS gone
           FROM event GROUP BY i) l ON l.i = w.i
CROSS JOIN LATERAL (SELECT :'begins'::timestamptz + w.seen * :'span'::interval AS first_seen) f
CROSS JOIN LATERAL (SELECT coalesce(:'begins'::timestamptz + l.last * :'span'::interval, f.first_seen) AS changed) c
CROSS JOIN LATERAL (SELECT :'begins'::timestamptz + l.gone * :'span'::interval AS gone) e
ORDER BY w.i;
DROP TABLE event;

-- ---- profiles --------------------------------------------------------------------------------------------------------

CREATE TEMPORARY TABLE profile AS
SELECT row_number() OVER (ORDER BY w.i) AS n, w.sim_id, w.provider, w.seen, s.missing_since IS NULL AS present,
       w.status AS sim_status,
       CASE w.status WHEN 'active' THEN CASE WHEN w.stuck THEN 'disabled' ELSE 'enabled' END
                     WHEN 'inactive' THEN 'installed' ELSE 'deleted' END AS status
FROM world w JOIN simsync.sim s ON s.project = 'acme' AND s.sim_id = w.sim_id
WHERE w.type = 'eSIM' AND w.provider IN ('p3', 'p14', 'p15');
CREATE UNIQUE INDEX ON profile (n);
ANALYZE profile;
SELECT count(*) AS profiles FROM profile \gset

CREATE TEMPORARY TABLE poll AS
SELECT n, observed, reported, steps, count(*) OVER w AS nth,
       lag(reported, 1) OVER w AS reported_1, lag(reported, 2) OVER w AS reported_2
FROM (SELECT n, :'begins'::timestamptz + at * :'span'::interval AS observed,
             :'begins'::timestamptz + at * :'span'::interval - late * interval '10 minutes' AS reported,
             row_number() OVER (PARTITION BY n ORDER BY at DESC) - 1 AS steps
      FROM (SELECT 1 + floor(random() * :profiles * (0.795 + 0.2 * k / (:rows / 2)::float8))::bigint AS n,
                   k / (:rows / 2)::float8 AS at, random() AS late
            FROM generate_series(1, :rows / 2) k) drawn) happened
WINDOW w AS (PARTITION BY n ORDER BY observed);

INSERT INTO simsync.esim_profile_transition (project, sim_id, from_status, to_status, reported_at, not_before,
                                             observed_at, provider, from_since)
SELECT 'acme', p.sim_id, CASE WHEN e.nth > 1 THEN pg_temp.profile_before(p.status, e.steps + 1) END,
       pg_temp.profile_before(p.status, e.steps), e.reported,
       CASE WHEN e.nth > 1 THEN e.observed - interval '15 minutes' END, e.observed, p.provider,
       -- Where the row before reported the same status anew, its stay began a row earlier.
       CASE WHEN pg_temp.profile_before(p.status, e.steps + 1) = pg_temp.profile_before(p.status, e.steps + 2)
            THEN coalesce(e.reported_2, e.reported_1) ELSE e.reported_1 END
FROM poll e JOIN profile p ON p.n = e.n
ORDER BY e.observed;

INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since, last_polled_at,
                                  sim_status, changed_at)
SELECT 'acme', p.sim_id, p.status, coalesce(l.reported, f.first_seen), coalesce(l.first, f.first_seen),
       coalesce(l.reported, f.first_seen), now() - random() * interval '15 minutes',
       CASE WHEN p.present THEN p.sim_status END, coalesce(l.observed, f.first_seen)
FROM profile p
LEFT JOIN (SELECT n, min(observed) AS first, max(observed) AS observed, max(reported) AS reported FROM poll GROUP BY n) l
  ON l.n = p.n
CROSS JOIN LATERAL (SELECT :'begins'::timestamptz + p.seen * :'span'::interval AS first_seen) f
ORDER BY p.n;
DROP TABLE poll;

-- ---- what the daemon says of itself ----------------------------------------------------------------------------------

INSERT INTO simsync.inventory_count
SELECT s.project, s.provider, s.type, s.status, coalesce(p.status, ''), count(*)
FROM simsync.sim s LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
WHERE s.missing_since IS NULL
GROUP BY 1, 2, 3, 4, 5;
INSERT INTO simsync.history_state (project, exact_since, counted_at) VALUES ('acme', :'begins', now());
-- Every quarter of an hour; each fourth reads the whole list, and now and then one fails.
INSERT INTO simsync.walk (project, kind, started_at, finished_at, outcome, pages, sims, requests)
SELECT 'acme', CASE WHEN k % 4 = 0 THEN 'full' ELSE 'new' END, started, started + interval '40 seconds',
       CASE WHEN k % 400 = 0 THEN 'failed' ELSE 'complete' END, 2000, :sims, 2000
FROM generate_series(100000, 1, -1) k,
     LATERAL (SELECT now() - k * interval '15 minutes' + interval '14 minutes' AS started) s;
INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason, error)
SELECT 'acme', CASE WHEN k % 2 = 0 THEN 'sims' ELSE 'profiles' END, now() - k * interval '3 days',
       now() - k * interval '3 days' + interval '3 hours',
       CASE WHEN k % 3 = 0 THEN 'not running' ELSE 'API not answering' END, 'timeout'
FROM generate_series(300, 1, -1) k;
INSERT INTO simsync.service_run (project, kind, started_at, alive_at, stopped_at, walk_interval, poll_interval)
SELECT 'acme', 'run', now() - k * interval '2 days', now() - (k - 1) * interval '2 days',
       CASE WHEN k > 1 THEN now() - (k - 1) * interval '2 days' END, '1 hour', '15 minutes'
FROM generate_series(500, 1, -1) k;
INSERT INTO simsync.poll_state (project, saved_at, profiles, overdue, longest_overdue, needed_per_second, quiet_interval)
VALUES ('acme', now(), :profiles, 0, '0', 170, '15 minutes');

SELECT statement FROM dropped ORDER BY part \gexec
VACUUM ANALYZE;
CHECKPOINT;
