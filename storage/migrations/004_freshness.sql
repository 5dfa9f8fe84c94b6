-- How far behind the mirror is. Which profiles are overdue follows from the configured intervals, which the database
-- does not know: the daemon says it.

CREATE TABLE simsync.poll_state (
  project         text COLLATE "C" NOT NULL,
  saved_at        timestamptz NOT NULL,
  profiles        bigint NOT NULL,
  overdue         bigint NOT NULL,
  longest_overdue interval NOT NULL,
  needed_per_second double precision NOT NULL,
  planned_per_second double precision,
  quiet_interval  interval NOT NULL,
  failing_since   timestamptz,
  last_error      text,
  PRIMARY KEY (project)
) WITH (fillfactor = 50);  -- one row a project, written again and again while the service runs
COMMENT ON TABLE simsync.poll_state IS
  'What the running service says of its polls. Internal: its columns may change; read simsync.freshness.';

CREATE VIEW simsync.freshness AS
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
         s.failing_since AS polls_failing_since, s.last_error AS last_poll_error, s.saved_at AS polls_as_of
  FROM (SELECT project FROM step WHERE project IS NOT NULL UNION SELECT project FROM simsync.poll_state) p
  LEFT JOIN simsync.poll_state s USING (project)
  LEFT JOIN LATERAL (SELECT started_at, finished_at FROM simsync.walk c
                     WHERE c.project = p.project AND c.kind = 'full' AND c.outcome = 'complete'
                     ORDER BY c.started_at DESC LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT started_at FROM simsync.walk o
                     WHERE o.project = p.project AND o.kind = 'full' AND o.outcome IS NULL
                     ORDER BY o.walk_id DESC LIMIT 1) r ON true
  LEFT JOIN LATERAL (SELECT held_back FROM simsync.walk b
                     WHERE b.project = p.project AND b.kind = 'full' AND b.outcome IS NOT NULL
                     ORDER BY b.walk_id DESC LIMIT 1) h ON true;
COMMENT ON VIEW simsync.freshness IS 'Per project: how old what the mirror says can be.';
COMMENT ON COLUMN simsync.freshness.last_complete_walk IS 'End of the last walk that read every SIM.';
COMMENT ON COLUMN simsync.freshness.complete_as_of IS
  'Start of that walk: everything that happened to SIMs before it is in the mirror.';
COMMENT ON COLUMN simsync.freshness.walk_running_since IS 'Start of the full walk that is under way, or was interrupted.';
COMMENT ON COLUMN simsync.freshness.held_back IS
  'Disappearances that the last full walk held back (walk.max_disappeared); simsyncd approve lets them pass.';
COMMENT ON COLUMN simsync.freshness.profiles IS 'eSIM profiles that are polled.';
COMMENT ON COLUMN simsync.freshness.profiles_overdue IS
  'Profiles that were not asked within their interval and a tenth of it, when the service last said so (polls_as_of).';
COMMENT ON COLUMN simsync.freshness.poll_lag IS 'How much later than its interval the most overdue profile is.';
COMMENT ON COLUMN simsync.freshness.polls_needed_per_second IS
  'Polls a second that keep every profile inside its interval at present.';
COMMENT ON COLUMN simsync.freshness.polls_planned_per_second IS
  'Polls a second for which api.requests_per_second has room; null: no limit. Less than are needed: the polls fall behind.';
COMMENT ON COLUMN simsync.freshness.polls_failing_since IS
  'Since when the API has answered no poll; null while it does.';
COMMENT ON COLUMN simsync.freshness.last_poll_error IS 'Why the last poll that failed did.';
COMMENT ON COLUMN simsync.freshness.polls_as_of IS
  'When the running service said this of its polls, every quarter of a minute; long ago: it does not run.';
