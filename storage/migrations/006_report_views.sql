-- The views and functions of product.md, "SQL". Plain SQL on what 005 keeps.

-- ---- what happened ---------------------------------------------------------------------------------------------------

CREATE VIEW simsync.transition AS
  SELECT project, sim_id, provider, type, 'sim'::text AS what, kind, old_value AS from_status, new_value AS to_status,
         NULL::timestamptz AS reported_at, not_before, observed_at, change_id AS id
  FROM simsync.sim_change WHERE field = 'status'
  UNION ALL
  SELECT project, sim_id, provider, 'eSIM', 'profile',
         CASE WHEN from_status IS NULL THEN 'first seen' WHEN from_status = to_status THEN 'reported anew'
              ELSE 'changed' END,
         from_status, to_status, reported_at, not_before, observed_at, transition_id
  FROM simsync.esim_profile_transition;
COMMENT ON VIEW simsync.transition IS
  'Every change of a SIM''s status or of its profile''s status that was seen. Ask by observed_at: that is indexed.';
COMMENT ON COLUMN simsync.transition.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.transition.sim_id IS 'The API''s id of the SIM, unique within the project.';
COMMENT ON COLUMN simsync.transition.provider IS 'Provider of the SIM when the transition was seen.';
COMMENT ON COLUMN simsync.transition.type IS 'Type of the SIM when the transition was seen.';
COMMENT ON COLUMN simsync.transition.what IS 'sim: the SIM''s status; profile: the status of its eSIM profile.';
COMMENT ON COLUMN simsync.transition.kind IS
  'changed; of SIMs also appeared, disappeared, reappeared; of profiles also first seen (from_status is null) and reported anew (the status is the same, but the API''s updatedAt moved: something happened in between).';
COMMENT ON COLUMN simsync.transition.from_status IS 'Status before; null: was not there.';
COMMENT ON COLUMN simsync.transition.to_status IS 'Status since; null: is gone.';
COMMENT ON COLUMN simsync.transition.reported_at IS 'The API''s updatedAt, of profiles: when it says that it happened.';
COMMENT ON COLUMN simsync.transition.not_before IS
  'The last moment at which from_status was confirmed: it happened after this, if the API is to be believed.';
COMMENT ON COLUMN simsync.transition.observed_at IS 'When to_status was read: it happened before this.';
COMMENT ON COLUMN simsync.transition.id IS
  'change_id or transition_id: of one SIM and one "what", the order in which they were recorded.';

-- One day of transition_daily. A setting keeps PostgreSQL from folding it into the query, whose cost it would guess at a
-- hundred times what it is: it then compiles the query (jit) for longer than it runs.
CREATE FUNCTION simsync.transitions_of_day(day date)
RETURNS TABLE (project text, provider text, type text, what text, kind text, from_status text, to_status text,
               transitions bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET jit = off AS $$
  -- A day begins with its first moment: where the clock goes back to midnight, midnight comes twice, and a cast takes
  -- the second. A day that a zone left out is empty.
  WITH span AS MATERIALIZED (
    SELECT coalesce(min(t) FILTER (WHERE t::date = day), day::timestamptz) AS begins,
           coalesce(min(u) FILTER (WHERE u::date = day + 1), (day + 1)::timestamptz) AS ends
    FROM generate_series(0, 6) n
    CROSS JOIN LATERAL (SELECT day::timestamptz - n * interval '30 minutes' AS t,
                               (day + 1)::timestamptz - n * interval '30 minutes' AS u) moment
  )
  -- Both as in simsync.transition, but counted first: fewer columns to compare.
  SELECT project, provider, type, 'sim', kind, old_value, new_value, count(*)
  FROM simsync.sim_change
  WHERE field = 'status' AND observed_at >= (SELECT begins FROM span) AND observed_at < (SELECT ends FROM span)
  GROUP BY project, provider, type, kind, old_value, new_value
  UNION ALL
  SELECT project, provider, 'eSIM', 'profile', CASE WHEN from_status = to_status THEN 'reported anew' ELSE 'changed' END,
         from_status, to_status, count(*)
  FROM simsync.esim_profile_transition
  WHERE from_status IS NOT NULL AND observed_at >= (SELECT begins FROM span) AND observed_at < (SELECT ends FROM span)
  GROUP BY project, provider, from_status, to_status
$$;
COMMENT ON FUNCTION simsync.transitions_of_day(date) IS
  'Internal: its columns may change; read simsync.transition_daily.';

CREATE VIEW simsync.transition_daily AS
  -- Day by day, so that a condition on the day reads no other days' rows.
  SELECT d.day, t.project COLLATE "C" AS project, t.provider, t.type, t.what, t.kind, t.from_status, t.to_status,
         t.transitions
  FROM (SELECT f.first::date + n AS day
        FROM (SELECT least((SELECT min(observed_at) FROM simsync.sim_change WHERE field = 'status'),
                           (SELECT min(observed_at) FROM simsync.esim_profile_transition)) AS first,
                     greatest((SELECT max(observed_at) FROM simsync.sim_change WHERE field = 'status'),
                              (SELECT max(observed_at) FROM simsync.esim_profile_transition)) AS last) f
        CROSS JOIN LATERAL generate_series(0, f.last::date - f.first::date) n) d
  CROSS JOIN LATERAL simsync.transitions_of_day(d.day) t;
COMMENT ON VIEW simsync.transition_daily IS
  'Transitions counted by the day on which they were seen; first sights of profiles are not counted.';
COMMENT ON COLUMN simsync.transition_daily.day IS 'Day in the session''s TimeZone, from midnight to midnight (23 to 25 hours).';
COMMENT ON COLUMN simsync.transition_daily.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.transition_daily.provider IS 'Provider of the SIMs when the transitions were seen.';
COMMENT ON COLUMN simsync.transition_daily.type IS 'Type of the SIMs.';
COMMENT ON COLUMN simsync.transition_daily.what IS 'sim or profile, as in simsync.transition.';
COMMENT ON COLUMN simsync.transition_daily.kind IS 'As in simsync.transition.';
COMMENT ON COLUMN simsync.transition_daily.from_status IS 'Status before; null: was not there.';
COMMENT ON COLUMN simsync.transition_daily.to_status IS 'Status since; null: is gone.';
COMMENT ON COLUMN simsync.transition_daily.transitions IS 'How many.';

-- ---- how long --------------------------------------------------------------------------------------------------------

CREATE VIEW simsync.profile_stay AS
  SELECT project, sim_id, provider, from_status AS status, from_since AS since, reported_at AS until,
         greatest(reported_at - from_since, interval '0') AS dwell, to_status AS next_status, not_before AS confirmed_until,
         observed_at AS seen_over_at
  FROM simsync.esim_profile_transition
  WHERE from_status <> to_status
  UNION ALL
  SELECT p.project, p.sim_id, s.provider, p.status, p.status_since, NULL, greatest(now() - p.status_since, interval '0'),
         NULL, p.last_polled_at, NULL
  FROM simsync.esim_profile p
  JOIN simsync.sim s ON s.project = p.project AND s.sim_id = p.sim_id
  WHERE p.sim_status IS NOT NULL;
COMMENT ON VIEW simsync.profile_stay IS
  'Each stay of a profile in a status: those that are over, and of present SIMs the one that lasts. Ask the former by seen_over_at: that is indexed.';
COMMENT ON COLUMN simsync.profile_stay.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.profile_stay.sim_id IS 'The API''s id of the SIM whose profile it is.';
COMMENT ON COLUMN simsync.profile_stay.provider IS 'Provider of the SIM at the end of the stay, or now.';
COMMENT ON COLUMN simsync.profile_stay.status IS 'Status of the profile.';
COMMENT ON COLUMN simsync.profile_stay.since IS 'Begin of the stay, as the API says (updatedAt).';
COMMENT ON COLUMN simsync.profile_stay.until IS 'End of the stay, as the API says; null: it lasts.';
COMMENT ON COLUMN simsync.profile_stay.dwell IS 'Length of the stay (interval), so far where it lasts; never negative.';
COMMENT ON COLUMN simsync.profile_stay.next_status IS 'Status that followed; null: it lasts.';
COMMENT ON COLUMN simsync.profile_stay.confirmed_until IS 'The last poll that saw this status.';
COMMENT ON COLUMN simsync.profile_stay.seen_over_at IS 'The poll that saw the next one; null: it lasts.';

CREATE FUNCTION simsync.profile_dwell_between(begins timestamptz, ends timestamptz)
RETURNS TABLE (project text, provider text, status text, window_from timestamptz, window_to timestamptz, stays bigint,
               dwell_median interval, dwell_p95 interval, dwell_max interval, profiles_now bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT project, provider, status, greatest(begins, max(h.exact_since)) AS window_from, ends AS window_to,
         coalesce(max(e.stays), 0)::bigint AS stays, justify_hours(make_interval(secs => max(e.dwell[1]))),
         justify_hours(make_interval(secs => max(e.dwell[2]))), justify_hours(make_interval(secs => max(e.dwell[3]))),
         coalesce(max(n.profiles), 0)::bigint AS profiles_now
  -- Gathered first and then sorted, each list alone and as numbers: sorting all rows by provider and status, and the
  -- lengths as intervals, takes twice as long.
  FROM (SELECT g.project, g.provider, g.status, cardinality(g.seconds) AS stays,
               (SELECT percentile_cont(ARRAY[0.5, 0.95, 1]) WITHIN GROUP (ORDER BY length)
                FROM unnest(g.seconds) AS length) AS dwell
        FROM (SELECT t.project, t.provider, t.from_status AS status,
                     array_agg(greatest(date_part('epoch', t.reported_at - t.from_since), 0)) AS seconds
              FROM simsync.esim_profile_transition t
              LEFT JOIN simsync.history_state x ON x.project = t.project
              WHERE t.from_status <> t.to_status AND t.observed_at >= begins AND t.observed_at < ends
                AND t.observed_at >= coalesce(x.exact_since, '-infinity')
              GROUP BY t.project, t.provider, t.from_status) g) e
  FULL JOIN (SELECT c.project, c.provider, c.profile_status AS status, sum(c.sims) AS profiles
             FROM simsync.inventory_count c WHERE c.profile_status <> '' AND c.sims > 0
             GROUP BY c.project, c.provider, c.profile_status) n USING (project, provider, status)
  LEFT JOIN simsync.history_state h USING (project)
  GROUP BY project, provider, status
$$;
COMMENT ON FUNCTION simsync.profile_dwell_between(timestamptz, timestamptz) IS
  'simsync.profile_dwell of the stays that were seen to end between these times, the first included.';

CREATE VIEW simsync.profile_dwell AS
  SELECT * FROM simsync.profile_dwell_between(now() - interval '30 days', now());
COMMENT ON VIEW simsync.profile_dwell IS
  'How long profiles stay in each status: of the stays that were seen to end in the last 30 days. For other windows see profile_dwell_between, for the single stays profile_stay.';
COMMENT ON COLUMN simsync.profile_dwell.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.profile_dwell.provider IS 'Provider of the SIMs at the end of the stays.';
COMMENT ON COLUMN simsync.profile_dwell.status IS 'Status of the profiles.';
COMMENT ON COLUMN simsync.profile_dwell.window_from IS
  'Begin of the window: 30 days ago, or where the history begins later, then.';
COMMENT ON COLUMN simsync.profile_dwell.window_to IS 'End of the window: now.';
COMMENT ON COLUMN simsync.profile_dwell.stays IS 'Stays that were seen to end in the window: those that the next three columns are of.';
COMMENT ON COLUMN simsync.profile_dwell.dwell_median IS 'Half of the stays were at most so long (interval, by the API''s times).';
COMMENT ON COLUMN simsync.profile_dwell.dwell_p95 IS '95 of 100 stays were at most so long (interval).';
COMMENT ON COLUMN simsync.profile_dwell.dwell_max IS 'The longest stay (interval).';
COMMENT ON COLUMN simsync.profile_dwell.profiles_now IS
  'Profiles of present SIMs that are in this status now: their stays are not over and not in the other columns.';

CREATE VIEW simsync.stuck_profile AS
  SELECT s.project, s.sim_id, s.iccid, s.provider, s.metadata, p.status AS profile_status,
         p.status_since AS profile_status_since, l.not_enabled_since, a.sim_active_since,
         greatest(l.not_enabled_since, a.sim_active_since) AS stuck_since,
         greatest(now() - greatest(l.not_enabled_since, a.sim_active_since), interval '0') AS stuck_for,
         p.last_polled_at
  FROM simsync.esim_profile p
  JOIN simsync.sim s ON s.project = p.project AND s.sim_id = p.sim_id
  LEFT JOIN LATERAL (
    -- When it was last disabled; of one that was never seen enabled, the first that is known of it.
    SELECT coalesce((SELECT t.reported_at FROM simsync.esim_profile_transition t
                     WHERE t.project = p.project AND t.sim_id = p.sim_id AND t.from_status = 'enabled'
                       AND t.to_status <> 'enabled'
                     ORDER BY t.observed_at DESC, t.transition_id DESC LIMIT 1),
                    (SELECT coalesce(t.from_since, t.reported_at) FROM simsync.esim_profile_transition t
                     WHERE t.project = p.project AND t.sim_id = p.sim_id
                     ORDER BY t.observed_at, t.transition_id LIMIT 1),
                    p.status_since) AS not_enabled_since) l ON true
  LEFT JOIN LATERAL (
    SELECT c.observed_at AS sim_active_since FROM simsync.sim_change c
    WHERE c.project = p.project AND c.sim_id = p.sim_id AND c.field = 'status'
    ORDER BY c.observed_at DESC, c.change_id DESC LIMIT 1) a ON true
  WHERE p.sim_status = 'active' AND p.status <> 'enabled' AND s.missing_since IS NULL;
COMMENT ON VIEW simsync.stuck_profile IS 'Active SIMs whose profile is not enabled, and since when: customers who pay and have no service.';
COMMENT ON COLUMN simsync.stuck_profile.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.stuck_profile.sim_id IS 'The API''s id of the SIM, unique within the project.';
COMMENT ON COLUMN simsync.stuck_profile.iccid IS 'Integrated circuit card identifier, as the API says it.';
COMMENT ON COLUMN simsync.stuck_profile.provider IS 'Id of the network provider.';
COMMENT ON COLUMN simsync.stuck_profile.metadata IS 'The API''s metadata of the SIM.';
COMMENT ON COLUMN simsync.stuck_profile.profile_status IS 'Status of the profile now.';
COMMENT ON COLUMN simsync.stuck_profile.profile_status_since IS 'Since when the profile is in this status, as the API says.';
COMMENT ON COLUMN simsync.stuck_profile.not_enabled_since IS
  'Since when the profile is not enabled, in whatever status, as the API says; where it was never seen enabled, the first that the history knows of it.';
COMMENT ON COLUMN simsync.stuck_profile.sim_active_since IS
  'When the SIM was seen to have become active, or to have appeared or returned active; null: before the history begins.';
COMMENT ON COLUMN simsync.stuck_profile.stuck_since IS 'The later of these two: since when both are so.';
COMMENT ON COLUMN simsync.stuck_profile.stuck_for IS 'From stuck_since to now (interval).';
COMMENT ON COLUMN simsync.stuck_profile.last_polled_at IS 'When the profile''s status was last confirmed.';

-- ---- stock -----------------------------------------------------------------------------------------------------------

-- Of the last 30 and 7 days. The setting: as for transitions_of_day.
CREATE FUNCTION simsync.activations()
RETURNS TABLE (project text, provider text, type text, last_30 bigint, last_7 bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET jit = off AS $$
  SELECT c.project, c.provider, c.type, count(*), count(*) FILTER (WHERE c.observed_at >= now() - interval '7 days')
  FROM simsync.sim_change c
  LEFT JOIN simsync.history_state h ON h.project = c.project
  WHERE c.field = 'status' AND c.observed_at >= now() - interval '30 days' AND c.kind = 'changed'
    AND c.old_value = 'inactive' AND c.new_value = 'active' AND c.observed_at >= coalesce(h.exact_since, '-infinity')
  GROUP BY c.project, c.provider, c.type
$$;
COMMENT ON FUNCTION simsync.activations() IS 'Internal: its columns may change; read simsync.stock.';

CREATE VIEW simsync.stock AS
  SELECT k.project, k.provider, k.type, k.unused, k.active, coalesce(a.last_7, 0)::bigint AS activations_7d,
         coalesce(a.last_30, 0)::bigint AS activations_30d, w.from_7 AS window_7d_from, w.from_30 AS window_30d_from,
         r.a_day AS activations_per_day,
         CASE WHEN r.a_day > 0 THEN round((k.unused / r.a_day)::numeric, 1) END AS days_left
  FROM (SELECT project, provider, type, coalesce(sum(sims) FILTER (WHERE status = 'inactive'), 0)::bigint AS unused,
               coalesce(sum(sims) FILTER (WHERE status = 'active'), 0)::bigint AS active
        FROM simsync.inventory_count WHERE sims <> 0 GROUP BY project, provider, type) k
  LEFT JOIN simsync.history_state h ON h.project = k.project
  CROSS JOIN LATERAL (SELECT greatest(now() - interval '7 days', h.exact_since) AS from_7,
                             greatest(now() - interval '30 days', h.exact_since) AS from_30) w
  LEFT JOIN simsync.activations() a
    ON a.project = k.project AND a.provider = k.provider AND a.type = k.type
  CROSS JOIN LATERAL (
    -- Less than a day of watching is no rate.
    SELECT CASE WHEN now() - w.from_30 >= interval '1 day' AND h.exact_since IS NOT NULL
           THEN round((coalesce(a.last_30, 0) / (date_part('epoch', now() - w.from_30) / 86400))::numeric, 3) END AS a_day) r;
COMMENT ON VIEW simsync.stock IS 'Unused SIMs by provider and type, how fast they are used up, and how long they last.';
COMMENT ON COLUMN simsync.stock.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.stock.provider IS 'Provider of the SIMs.';
COMMENT ON COLUMN simsync.stock.type IS 'Type of the SIMs: eSIM or pSIM.';
COMMENT ON COLUMN simsync.stock.unused IS 'SIMs that are present and inactive.';
COMMENT ON COLUMN simsync.stock.active IS 'SIMs that are present and active.';
COMMENT ON COLUMN simsync.stock.activations_7d IS 'SIMs seen to go from inactive to active since window_7d_from.';
COMMENT ON COLUMN simsync.stock.activations_30d IS 'SIMs seen to go from inactive to active since window_30d_from.';
COMMENT ON COLUMN simsync.stock.window_7d_from IS '7 days ago, or where the history begins later, then.';
COMMENT ON COLUMN simsync.stock.window_30d_from IS '30 days ago, or where the history begins later, then.';
COMMENT ON COLUMN simsync.stock.activations_per_day IS
  'activations_30d by the days since window_30d_from; null: watched for less than a day.';
COMMENT ON COLUMN simsync.stock.days_left IS
  'unused by activations_per_day, in days; null: no activations, or watched for less than a day.';

-- ---- freshness and gaps ----------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW simsync.freshness AS
  -- The projects by as many steps along the key, not by reading every walk.
  WITH RECURSIVE step AS (
    SELECT min(project) AS project FROM simsync.walk
    UNION ALL
    SELECT (SELECT min(w.project) FROM simsync.walk w WHERE w.project > step.project) FROM step WHERE project IS NOT NULL
  )
  SELECT project, w.finished_at AS last_complete_walk, w.started_at AS complete_as_of, r.started_at AS walk_running_since,
         coalesce(h.held_back, 0) AS held_back, s.profiles, s.overdue AS profiles_overdue,
         s.longest_overdue AS poll_lag, s.needed_per_second AS polls_needed_per_second,
         s.planned_per_second AS polls_planned_per_second,
         s.failing_since AS polls_failing_since, s.last_error AS last_poll_error, s.saved_at AS polls_as_of,
         e.exact_since
  FROM (SELECT project FROM step WHERE project IS NOT NULL UNION SELECT project FROM simsync.poll_state) p
  LEFT JOIN simsync.poll_state s USING (project)
  LEFT JOIN simsync.history_state e USING (project)
  LEFT JOIN LATERAL (SELECT started_at, finished_at FROM simsync.walk c
                     WHERE c.project = p.project AND c.kind = 'full' AND c.outcome = 'complete'
                     ORDER BY c.started_at DESC LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT started_at FROM simsync.walk o
                     WHERE o.project = p.project AND o.kind = 'full' AND o.outcome IS NULL
                     ORDER BY o.walk_id DESC LIMIT 1) r ON true
  LEFT JOIN LATERAL (SELECT held_back FROM simsync.walk b
                     WHERE b.project = p.project AND b.kind = 'full' AND b.outcome IS NOT NULL
                     ORDER BY b.walk_id DESC LIMIT 1) h ON true;
COMMENT ON COLUMN simsync.freshness.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.freshness.exact_since IS
  'From when on the history is whole, and simsync.inventory_at exact: the end of the first complete walk, or the bound of what history.keep has left.';

CREATE VIEW simsync.coverage_gap AS
  SELECT project, what, began_at, ended_at, ended_at - began_at AS lasted, reason, error FROM simsync.watch_gap
  UNION ALL
  -- Gaps that last: no complete walk for longer than twice the interval;
  SELECT r.project, 'sims', w.finished_at, NULL::timestamptz, now() - w.finished_at,
         CASE WHEN NOT r.alive THEN 'not running' WHEN f.token_refused THEN 'token refused' ELSE 'no complete walk' END,
         f.error
  FROM (SELECT h.project, n.*, n.stopped_at IS NULL AND n.alive_at > now() - interval '2 minutes' AS alive
        FROM simsync.history_state h
        CROSS JOIN LATERAL (SELECT alive_at, stopped_at, walk_interval
                            FROM (SELECT * FROM simsync.service_run o
                                  WHERE o.project = h.project ORDER BY o.run_id DESC LIMIT 10) latest
                            ORDER BY coalesce(stopped_at, alive_at) DESC LIMIT 1) n) r
  CROSS JOIN LATERAL (SELECT c.finished_at FROM simsync.walk c
                      WHERE c.project = r.project AND c.kind = 'full' AND c.outcome = 'complete'
                      ORDER BY c.started_at DESC LIMIT 1) w
  LEFT JOIN LATERAL (SELECT i.error, i.token_refused FROM simsync.walk i
                     WHERE i.project = r.project AND i.kind = 'full' AND i.outcome <> 'complete'
                       AND i.started_at > w.finished_at
                     ORDER BY i.walk_id DESC LIMIT 1) f ON true
  -- A walk that is under way closes the span at its start.
  LEFT JOIN LATERAL (SELECT u.started_at FROM simsync.walk u
                     WHERE u.project = r.project AND u.kind = 'full' AND u.outcome IS NULL AND r.alive
                     ORDER BY u.walk_id DESC LIMIT 1) running ON true
  WHERE w.finished_at < coalesce(running.started_at, now()) - 2 * r.walk_interval
  UNION ALL
  -- nobody polls for longer than the interval, or the API answers no poll.
  SELECT h.project, 'profiles', g.began_at, NULL, now() - g.began_at, g.reason, g.error
  FROM simsync.history_state h
  CROSS JOIN LATERAL (SELECT alive_at, stopped_at, poll_interval
                      FROM (SELECT * FROM simsync.service_run o
                            WHERE o.project = h.project AND (o.polled OR o.stopped_at IS NULL)
                            ORDER BY o.run_id DESC LIMIT 10) latest
                      ORDER BY coalesce(stopped_at, alive_at) DESC LIMIT 1) n
  LEFT JOIN simsync.poll_state s ON s.project = h.project
  CROSS JOIN LATERAL (
    SELECT coalesce(n.stopped_at, n.alive_at) AS began_at, 'not running' AS reason, NULL::text AS error
    WHERE coalesce(n.stopped_at, n.alive_at) < now() - greatest(n.poll_interval, interval '2 minutes')
    UNION ALL
    SELECT s.failing_since, s.failure, s.last_error WHERE s.failing_since IS NOT NULL) g;
COMMENT ON VIEW simsync.coverage_gap IS
  'Spans in which a project was not watched: what happened in them was seen afterwards, all at once, so its history there is only as fine as the span.';
COMMENT ON COLUMN simsync.coverage_gap.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.coverage_gap.what IS
  'sims: no complete walk began for more than twice walk.interval; profiles: none were polled.';
COMMENT ON COLUMN simsync.coverage_gap.began_at IS
  'End of the last complete walk; of profiles, when the last polls were made.';
COMMENT ON COLUMN simsync.coverage_gap.ended_at IS 'Start of the next complete walk; of profiles, of the next polls; null: it lasts.';
COMMENT ON COLUMN simsync.coverage_gap.lasted IS 'How long, so far where it lasts (interval).';
COMMENT ON COLUMN simsync.coverage_gap.reason IS
  'not running: no simsyncd ran; no complete walk: it ran, but walks failed or had to leave something out; token refused; API not answering; nothing written: it ran, but could not reach the database, or the machine slept.';
COMMENT ON COLUMN simsync.coverage_gap.error IS 'The last error in the span, where one is known.';

-- ---- the past --------------------------------------------------------------------------------------------------------

-- Backwards from the present: what a SIM was at a moment is the old value of the first change after it. So it needs
-- nothing older than the moment, and SIMs that did not change since cost no look at the history (changed_at). Plain SQL
-- that PostgreSQL folds into the query which calls it: conditions on project and provider are applied before the history
-- is read. The provider has a join of its own for that: few SIMs ever change theirs.
CREATE FUNCTION simsync.inventory_at(moment timestamptz)
RETURNS TABLE (project text, sim_id text, iccid text, provider text, type text, status text, metadata jsonb,
               created_at timestamptz, first_seen_at timestamptz, profile_status text, profile_status_since timestamptz,
               extra jsonb, in_doubt boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.project, s.sim_id, coalesce(c.was ->> 'iccid', s.iccid), coalesce(m.provider, s.provider),
         coalesce(c.was ->> 'type', s.type), coalesce(c.was ->> 'status', s.status),
         coalesce((c.was ->> 'metadata')::jsonb, s.metadata),
         coalesce((c.was ->> 'created_at')::timestamptz, s.created_at), s.first_seen_at,
         CASE WHEN t.transition_id IS NULL THEN p.status ELSE t.from_status END,
         CASE WHEN t.transition_id IS NULL THEN p.status_since ELSE t.from_since END,
         coalesce((c.was ->> 'extra')::jsonb, s.extra),
         coalesce(c.in_doubt, false) OR coalesce(t.not_before <= moment, false)
  FROM simsync.history_state h
  JOIN simsync.sim s ON s.project = h.project
  LEFT JOIN (SELECT DISTINCT ON (o.project, o.sim_id) o.project, o.sim_id, o.old_value AS provider
             FROM simsync.sim_change o WHERE o.field = 'provider' AND o.observed_at > moment
             ORDER BY o.project, o.sim_id, o.change_id) m ON m.project = s.project AND m.sim_id = s.sim_id
  LEFT JOIN LATERAL (
    -- The newest first: of a field that changed again and again, the oldest is what stays.
    SELECT jsonb_object_agg(e.field, e.old_value) AS was, bool_or(e.not_before <= moment) AS in_doubt
    FROM (SELECT o.field, o.old_value, o.not_before FROM simsync.sim_change o
          WHERE o.project = s.project AND o.sim_id = s.sim_id AND o.observed_at > moment AND s.changed_at > moment
          ORDER BY o.observed_at DESC, o.change_id DESC) e) c ON true
  LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
  LEFT JOIN LATERAL (
    SELECT o.transition_id, o.from_status, o.from_since, o.not_before FROM simsync.esim_profile_transition o
    WHERE o.project = s.project AND o.sim_id = s.sim_id AND o.observed_at > moment AND p.changed_at > moment
    ORDER BY o.observed_at, o.transition_id LIMIT 1) t ON true
  WHERE h.exact_since <= moment AND s.first_seen_at <= moment
    AND CASE WHEN c.was ? 'status' THEN c.was ->> 'status' IS NOT NULL ELSE s.missing_since IS NULL END
$$;
COMMENT ON FUNCTION simsync.inventory_at(timestamptz) IS
  'The inventory as it was known at that moment: the columns of simsync.inventory, without those that only the present has. Exact for every moment since simsync.freshness.exact_since; of a project whose history begins later it returns nothing. in_doubt: a change was seen after the moment that may have happened before it.';
