-- The world of the examples in docs/sql.md, as the daemon would have written it: what was first seen of each SIM,
-- and what was seen to happen since. Everything else, each old_value, the present rows, the counts and the walks, is
-- made of these two, so that no chain can be broken. What happened in January to March 2026 lies on fixed dates; the
-- rest lies a number of hours before now(), which is the time of the transaction: whoever asks in the same
-- transaction gets the same answer on every day.

DO $$ BEGIN
  IF now() < '2026-06-01' THEN RAISE EXCEPTION 'the examples lie in the future: is the clock right?'; END IF;
END $$;

CREATE TEMPORARY TABLE first_sight (
  project text, sim_id text, iccid text, provider text, type text, status text, metadata jsonb, created_at timestamptz,
  seen timestamptz, appeared boolean) ON COMMIT DROP;
-- field: a column of sim; or profile, then with the API's updatedAt. A null status is a SIM that is gone.
CREATE TEMPORARY TABLE happened (
  event bigint GENERATED ALWAYS AS IDENTITY, project text, sim_id text, field text, value text, seen timestamptz,
  lead interval DEFAULT '15 minutes', reported timestamptz) ON COMMIT DROP;

CREATE FUNCTION pg_temp.sim(number integer) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT 'sim_' || lpad(number::text, 3, '0') $$;

-- ---- the SIMs -------------------------------------------------------------------------------------------------------

INSERT INTO first_sight
  SELECT b.project, pg_temp.sim(n), '894902000000' || lpad(n::text, 7, '0'), b.provider, b.type,
         CASE WHEN n <= b.active THEN 'active' WHEN n <= b.inactive THEN 'inactive' ELSE 'retired' END,
         CASE WHEN n % 7 = 0 THEN '{}' WHEN n % 5 = 0 THEN '{"fleet": "trucks"}'
              ELSE jsonb_build_object('fleet', (ARRAY['trucks', 'vans', 'trailers'])[n % 3 + 1],
                                      'customer', 'c-' || n % 4)
         END,
         '2025-09-01 08:30Z'::timestamptz + n % 100 * interval '29 hours', b.seen, false
  FROM (VALUES ('acme', 1, 20, 'p3', 'eSIM', 12, 18, '2025-12-15 06:00Z'::timestamptz),
               ('acme', 31, 40, 'p14', 'eSIM', 35, 39, '2025-12-15 06:00Z'),
               ('acme', 51, 70, 'p9', 'pSIM', 60, 70, '2025-12-15 06:00Z'),
               ('globex', 201, 208, 'p3', 'eSIM', 205, 207, '2026-02-10 09:00Z'),
               ('globex', 211, 216, 'p9', 'pSIM', 214, 216, '2026-02-10 09:00Z'))
    AS b (project, first, last, provider, type, active, inactive, seen)
  CROSS JOIN LATERAL generate_series(b.first, b.last) n;
-- One ICCID in two projects, and one in two SIMs.
UPDATE first_sight SET iccid = '8949020000000000020' WHERE sim_id = 'sim_208';
UPDATE first_sight SET iccid = '8949020000000000060' WHERE sim_id = 'sim_070';

-- New ones, found by a look at the newest page less than a minute after they were created.
INSERT INTO first_sight
  SELECT 'acme', pg_temp.sim(b.number + n), '894902000000' || lpad((b.number + n)::text, 7, '0'), b.provider, b.type,
         'inactive', CASE WHEN b.provider = 'p14' THEN '{}' ELSE '{"fleet": "vans", "customer": "c-3"}'::jsonb END,
         b.created_at, b.created_at + interval '40 seconds', true
  FROM (VALUES (21, 1, 'p3', 'eSIM', '2026-01-12 08:20Z'::timestamptz), (22, 1, 'p3', 'eSIM', '2026-01-26 12:05Z'),
               (23, 1, 'p3', 'eSIM', '2026-02-09 07:50Z'), (41, 1, 'p14', 'eSIM', '2026-02-16 14:30Z'),
               (24, 1, 'p3', 'eSIM', '2026-02-23 09:15Z'), (42, 1, 'p14', 'eSIM', '2026-03-02 10:40Z'),
               (25, 1, 'p3', 'eSIM', '2026-03-09 15:25Z'), (71, 8, 'p9', 'pSIM', '2026-03-16 06:10Z'),
               (81, 20, 'p3', 'eSIM', '2026-03-30 07:00Z')) AS b (number, count, provider, type, created_at)
  CROSS JOIN LATERAL generate_series(0, b.count - 1) n;

-- ---- what happened --------------------------------------------------------------------------------------------------

INSERT INTO happened (project, sim_id, field, value, seen)
  SELECT CASE WHEN number > 200 THEN 'globex' ELSE 'acme' END, pg_temp.sim(number), 'status', value, seen
  FROM (VALUES
    (13, 'active', '2026-01-07 09:10Z'::timestamptz), (61, 'active', '2026-01-09 08:05Z'),
    (21, 'active', '2026-01-13 09:35Z'), (63, 'active', '2026-01-13 10:20Z'), (64, 'active', '2026-01-13 10:20Z'),
    (14, 'active', '2026-01-14 13:40Z'), (3, 'retired', '2026-01-20 12:00Z'), (65, 'active', '2026-01-22 15:35Z'),
    (52, 'retired', '2026-01-27 09:45Z'), (22, 'active', '2026-01-28 08:00Z'), (62, 'active', '2026-01-31 23:07Z'),
    (8, NULL, '2026-02-03 11:15Z'), (66, 'active', '2026-02-04 10:10Z'), (67, 'active', '2026-02-04 10:10Z'),
    (8, 'active', '2026-02-05 16:45Z'), (23, 'active', '2026-02-09 13:20Z'), (15, 'active', '2026-02-10 07:55Z'),
    (5, 'retired', '2026-02-11 14:25Z'), (36, 'active', '2026-02-12 11:30Z'), (58, NULL, '2026-02-14 07:34Z'),
    (68, 'active', '2026-02-14 07:34Z'), (58, 'active', '2026-02-16 09:00Z'), (41, 'active', '2026-02-18 08:40Z'),
    (53, 'retired', '2026-02-19 16:05Z'), (204, 'retired', '2026-02-20 10:00Z'), (16, 'active', '2026-02-24 12:50Z'),
    (69, 'active', '2026-03-03 09:25Z'), (70, 'active', '2026-03-03 09:25Z'), (42, 'active', '2026-03-04 10:15Z'),
    (54, 'retired', '2026-03-05 13:10Z'), (206, 'active', '2026-03-06 08:00Z'), (37, 'active', '2026-03-10 15:00Z'),
    (25, 'active', '2026-03-12 07:45Z'), (59, NULL, '2026-03-12 18:20Z'), (32, 'retired', '2026-03-17 11:40Z'),
    (55, 'retired', '2026-03-17 11:40Z')) AS e (number, value, seen);
-- The daemon did not run in the night to 14 February.
UPDATE happened SET lead = '09:49' WHERE seen = '2026-02-14 07:34Z';

INSERT INTO happened (project, sim_id, field, value, seen)
  SELECT project, sim_id, 'metadata', ((metadata || e.set) - e.remove)::text, e.seen
  FROM (VALUES (5, '{"fleet": "vans"}'::jsonb, '', '2026-01-08 10:05Z'::timestamptz),
               (2, '{"fleet": "vans"}', '', '2026-02-06 10:05Z'), (4, '{"customer": "c-9"}', '', '2026-02-06 10:05Z'),
               (6, '{}', 'fleet', '2026-02-17 15:20Z'),
               (7, '{"fleet": "trailers", "customer": "c-1"}', '', '2026-02-25 08:35Z'),
               (203, '{"fleet": "vans"}', '', '2026-02-26 09:00Z')) AS e (number, set, remove, seen)
  JOIN first_sight f ON f.sim_id = pg_temp.sim(e.number);
INSERT INTO happened (project, sim_id, field, value, seen)
  VALUES ('acme', 'sim_035', 'provider', 'p15', '2026-02-18 12:00Z');

-- ---- the last weeks -------------------------------------------------------------------------------------------------

INSERT INTO happened (project, sim_id, field, value, seen)
  SELECT 'acme', pg_temp.sim(number), 'status', 'active', now() - hours * interval '1 hour'
  FROM (VALUES (86, 653), (73, 603), (85, 533), (84, 389), (72, 291), (83, 245), (81, 74), (71, 51), (82, 9))
    AS e (number, hours);

-- ---- the profiles ---------------------------------------------------------------------------------------------------

-- First sights.
INSERT INTO happened (project, sim_id, field, value, seen, reported)
  SELECT project, sim_id, 'profile',
         CASE status WHEN 'active' THEN 'enabled' WHEN 'inactive' THEN 'unknown' ELSE 'deleted' END,
         seen + interval '8 minutes', created_at + interval '2 minutes'
  FROM first_sight WHERE type = 'eSIM' ORDER BY seen, sim_id;
-- Each as reported, and seen by a poll so many minutes later.
INSERT INTO happened (project, sim_id, field, value, reported, seen)
  SELECT CASE WHEN number > 200 THEN 'globex' ELSE 'acme' END, pg_temp.sim(number), 'profile', value, reported,
         reported + minutes * interval '1 minute'
  FROM (VALUES
    (13, 'installed', '2026-01-06 15:10Z'::timestamptz, 4), (13, 'enabled', '2026-01-07 09:02Z', 3),
    (21, 'installed', '2026-01-12 16:30Z', 6), (21, 'enabled', '2026-01-13 09:28Z', 1),
    (14, 'installed', '2026-01-14 07:00Z', 9), (14, 'enabled', '2026-01-14 13:31Z', 2),
    (10, 'disabled', '2026-01-18 21:14Z', 34), (22, 'installed', '2026-01-27 18:20Z', 5),
    (22, 'enabled', '2026-01-28 07:56Z', 2), (5, 'disabled', '2026-02-02 17:45Z', 11),
    (5, 'enabled', '2026-02-03 06:30Z', 2), (23, 'installed', '2026-02-09 12:40Z', 3),
    (23, 'enabled', '2026-02-09 13:12Z', 1), (15, 'installed', '2026-02-06 09:00Z', 8),
    (15, 'enabled', '2026-02-10 07:48Z', 4), (36, 'installed', '2026-02-11 20:05Z', 7),
    (36, 'enabled', '2026-02-12 11:21Z', 3), (5, 'deleted', '2026-02-11 15:00Z', 12),
    (41, 'installed', '2026-02-17 09:10Z', 5), (41, 'enabled', '2026-02-18 08:33Z', 1),
    (33, 'disabled', '2026-02-20 05:50Z', 6), (16, 'installed', '2026-02-24 11:05Z', 5),
    (16, 'enabled', '2026-02-24 12:44Z', 1), (10, 'disabled', '2026-02-25 10:00Z', 14),
    (203, 'disabled', '2026-03-01 19:20Z', 10), (42, 'installed', '2026-03-03 08:25Z', 4),
    (42, 'enabled', '2026-03-04 10:09Z', 2), (206, 'installed', '2026-03-05 18:00Z', 5),
    (206, 'enabled', '2026-03-06 07:52Z', 3), (37, 'installed', '2026-03-10 09:30Z', 9),
    (37, 'enabled', '2026-03-10 14:51Z', 2), (12, 'disabled', '2026-03-11 13:05Z', 7),
    (25, 'installed', '2026-03-11 17:15Z', 3), (25, 'enabled', '2026-03-12 07:40Z', 2),
    (32, 'deleted', '2026-03-17 12:10Z', 13), (34, 'deleted', '2026-03-19 08:45Z', 12))
    AS e (number, value, reported, minutes)
  ORDER BY reported;
INSERT INTO happened (project, sim_id, field, value, reported, seen)
  SELECT 'acme', pg_temp.sim(number), 'profile', value, now() - hours * interval '1 hour',
         now() - hours * interval '1 hour' + interval '2 minutes'
  FROM (VALUES (86, 'installed', 660), (86, 'enabled', 654), (85, 'installed', 540), (85, 'enabled', 532),
               (84, 'installed', 396), (84, 'enabled', 388), (83, 'installed', 250), (87, 'installed', 200),
               (81, 'installed', 76), (82, 'installed', 10)) AS e (number, value, hours)
  ORDER BY hours DESC;

-- ---- and what the daemon made of it ---------------------------------------------------------------------------------

-- What the SIM said of itself at each event: its provider then, and the value before.
CREATE TEMPORARY VIEW chain AS
  SELECT h.*, coalesce((SELECT p.value FROM happened p
                        WHERE p.project = h.project AND p.sim_id = h.sim_id AND p.field = 'provider'
                          AND p.seen <= h.seen
                        ORDER BY p.seen DESC LIMIT 1), f.provider) AS provider, f.type,
         lag(h.value, 1, CASE h.field WHEN 'status' THEN f.status WHEN 'metadata' THEN f.metadata::text
                                      WHEN 'provider' THEN f.provider END) OVER of_field AS old_value,
         row_number() OVER of_field = 1 AS is_first
  FROM happened h JOIN first_sight f ON f.project = h.project AND f.sim_id = h.sim_id
  WINDOW of_field AS (PARTITION BY h.project, h.sim_id, h.field ORDER BY h.seen, h.event);

INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, not_before, observed_at, provider,
                                type)
  SELECT project, sim_id,
         CASE WHEN value IS NULL THEN 'disappeared' WHEN old_value IS NULL THEN 'reappeared' ELSE 'changed' END, field,
         old_value, value, seen - lead, seen, provider, type
  FROM chain WHERE field <> 'profile'
  UNION ALL
  SELECT project, sim_id, 'appeared', 'status', NULL, status, seen - interval '10 minutes', seen, provider, type
  FROM first_sight WHERE appeared
  ORDER BY 8, 2;

INSERT INTO simsync.esim_profile_transition (project, sim_id, from_status, to_status, reported_at, not_before,
                                             observed_at, provider, from_since)
  SELECT project, sim_id, old_value, value, reported, CASE WHEN NOT is_first THEN seen - lead END, seen, provider,
         -- Of a status that was reported anew, the first time counts.
         (SELECT b.reported FROM chain b
          WHERE b.project = c.project AND b.sim_id = c.sim_id AND b.field = 'profile' AND b.seen < c.seen
            AND b.value IS DISTINCT FROM b.old_value ORDER BY b.seen DESC LIMIT 1)
  FROM chain c WHERE field = 'profile' ORDER BY seen, sim_id;

INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                         changed_at, missing_since, confirmed_at)
  SELECT f.project, f.sim_id, f.iccid, coalesce(l.provider, f.provider), f.type, coalesce(l.status, f.status),
         coalesce(l.metadata, f.metadata), f.created_at, '{}', f.seen, greatest(f.seen, l.changed_at),
         CASE WHEN l.gone THEN l.status_seen END, greatest(f.seen, l.read_at)
  FROM first_sight f
  CROSS JOIN LATERAL (
    SELECT max(seen) AS changed_at, max(seen) FILTER (WHERE value IS NOT NULL) AS read_at,
           max(seen) FILTER (WHERE field = 'status') AS status_seen,
           (array_agg(value ORDER BY seen DESC) FILTER (WHERE field = 'provider'))[1] AS provider,
           (array_agg(value ORDER BY seen DESC) FILTER (WHERE field = 'status' AND value IS NOT NULL))[1] AS status,
           (array_agg(value ORDER BY seen DESC) FILTER (WHERE field = 'metadata'))[1]::jsonb AS metadata,
           (array_agg(value IS NULL ORDER BY seen DESC) FILTER (WHERE field = 'status'))[1] AS gone
    FROM happened h WHERE h.project = f.project AND h.sim_id = f.sim_id AND h.field <> 'profile') l;

INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since, last_polled_at,
                                  sim_status, changed_at)
  SELECT s.project, s.sim_id, l.status, l.updated_at, l.first_seen,
         (SELECT max(c.reported) FROM chain c
          WHERE c.project = s.project AND c.sim_id = s.sim_id AND c.field = 'profile'
            AND c.value IS DISTINCT FROM c.old_value),
         now() - interval '7 minutes', CASE WHEN s.missing_since IS NULL THEN s.status END, l.last_seen
  FROM simsync.sim s
  JOIN (SELECT project, sim_id, min(seen) AS first_seen, max(seen) AS last_seen, max(reported) AS updated_at,
               (array_agg(value ORDER BY seen DESC))[1] AS status
        FROM happened WHERE field = 'profile' GROUP BY project, sim_id) l
    ON l.project = s.project AND l.sim_id = s.sim_id;

INSERT INTO simsync.inventory_count
  SELECT s.project, s.provider, s.type, s.status, coalesce(p.status, ''), count(*)
  FROM simsync.sim s LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
  WHERE s.missing_since IS NULL
  GROUP BY 1, 2, 3, 4, 5;

-- ---- the walks and runs that saw it ---------------------------------------------------------------------------------

-- Of all walks, those that confirmed an old value and those that found a new one, the first, and the last of each
-- project. acme is up to date; globex's token is refused since five hours ago.
INSERT INTO simsync.walk (project, kind, started_at, finished_at, outcome, pages, sims, created, changed, disappeared,
                          requests, error)
  SELECT w.project, 'full', w.started_at, w.finished_at, w.outcome, CASE w.outcome WHEN 'complete' THEN 1 ELSE 0 END,
         (SELECT count(*) FROM first_sight f
          WHERE w.outcome = 'complete' AND f.project = w.project AND f.seen <= w.finished_at),
         (SELECT count(*) FROM first_sight f WHERE f.project = w.project AND NOT f.appeared AND f.seen = w.started_at),
         count(DISTINCT h.sim_id) FILTER (WHERE h.value IS NOT NULL),
         count(h.sim_id) FILTER (WHERE h.value IS NULL), 1, w.error
  FROM (SELECT project, seen - lead AS started_at, seen - lead + interval '1 minute' AS finished_at,
               'complete' AS outcome, NULL AS error
        FROM happened WHERE field <> 'profile'
        UNION
        SELECT project, seen - interval '10 seconds', seen + interval '50 seconds', 'complete', NULL
        FROM happened WHERE field <> 'profile'
        UNION
        SELECT project, seen, seen + interval '4 minutes', 'complete', NULL FROM first_sight WHERE NOT appeared
        UNION
        SELECT project, now() - started, now() - finished, outcome, error
        FROM (VALUES ('acme', interval '6 minutes', interval '5 minutes', 'complete', NULL),
                     ('globex', '5 hours 1 minute', '5 hours', 'complete', NULL),
                     ('globex', '4 minutes', '4 minutes', 'failed', 'the API refused the token (401)'))
          AS l (project, started, finished, outcome, error)) w
  LEFT JOIN happened h
    ON h.project = w.project AND h.field <> 'profile' AND h.seen > w.started_at AND h.seen <= w.finished_at
  GROUP BY w.project, w.started_at, w.finished_at, w.outcome, w.error
  ORDER BY w.started_at;

INSERT INTO simsync.history_state (project, exact_since, counted_at)
  SELECT project, min(finished_at), now() - interval '3 hours'
  FROM simsync.walk WHERE outcome = 'complete' GROUP BY project;

INSERT INTO simsync.service_run (project, kind, started_at, alive_at, stopped_at, walk_interval, poll_interval) VALUES
  ('acme', 'run', '2025-12-15 06:00Z', '2026-02-13 22:00Z', '2026-02-13 22:00Z', '15 minutes', '15 minutes'),
  ('globex', 'run', '2026-02-10 09:00Z', now() - interval '10 seconds', NULL, '15 minutes', '15 minutes'),
  ('acme', 'run', '2026-02-14 07:33Z', now() - interval '10 seconds', NULL, '15 minutes', '15 minutes');

INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason, error) VALUES
  ('acme', 'sims', '2026-02-13 21:46Z', '2026-02-14 07:33:50Z', 'not running', NULL),
  ('acme', 'profiles', '2026-02-13 22:00Z', '2026-02-14 07:33Z', 'not running', NULL),
  ('globex', 'profiles', '2026-03-21 02:10Z', '2026-03-21 03:40Z', 'API not answering', 'timeout');

INSERT INTO simsync.poll_state (project, saved_at, profiles, overdue, longest_overdue, needed_per_second,
                                planned_per_second, quiet_interval, failing_since, last_error, failure)
  SELECT project, now() - interval '10 seconds', count(*), CASE project WHEN 'globex' THEN 5 ELSE 0 END,
         CASE project WHEN 'globex' THEN interval '4:46' ELSE '0' END, round(count(*) / 900.0, 3), 40, '15 minutes',
         CASE project WHEN 'globex' THEN now() - interval '5 hours' END,
         CASE project WHEN 'globex' THEN 'the API refused the token (401)' END,
         CASE project WHEN 'globex' THEN 'token refused' END
  FROM simsync.esim_profile GROUP BY project;
-- What globex's profiles are was confirmed before that.
UPDATE simsync.esim_profile SET last_polled_at = now() - interval '5 hours' WHERE project = 'globex';
