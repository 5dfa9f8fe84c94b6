-- What reports about the present and the past need (product.md, "SQL"). It is written with each change, so that no report has
-- to find it out for millions of rows; the write path pays for changes only, never for what stayed the same.

-- ---- history knows whose it was --------------------------------------------------------------------------------------

ALTER TABLE simsync.sim_change ADD COLUMN provider text, ADD COLUMN type text;
-- What they were then: the old value of their first change after it.
UPDATE simsync.sim_change c
SET provider = coalesce((SELECT o.old_value FROM simsync.sim_change o
                         WHERE o.project = c.project AND o.sim_id = c.sim_id AND o.field = 'provider'
                           AND o.change_id > c.change_id AND o.observed_at > c.observed_at
                         ORDER BY o.change_id LIMIT 1), s.provider),
    type = coalesce((SELECT o.old_value FROM simsync.sim_change o
                     WHERE o.project = c.project AND o.sim_id = c.sim_id AND o.field = 'type'
                       AND o.change_id > c.change_id AND o.observed_at > c.observed_at
                     ORDER BY o.change_id LIMIT 1), s.type)
FROM simsync.sim s WHERE s.project = c.project AND s.sim_id = c.sim_id;
COMMENT ON COLUMN simsync.sim_change.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.sim_change.sim_id IS 'The API''s id of the SIM, unique within the project.';
COMMENT ON COLUMN simsync.sim_change.provider IS 'Provider of the SIM when the change was seen (the new one, where that is what changed).';
COMMENT ON COLUMN simsync.sim_change.type IS 'Type of the SIM when the change was seen: eSIM, pSIM, or a value that is new to us.';

ALTER TABLE simsync.esim_profile_transition ADD COLUMN provider text, ADD COLUMN from_since timestamptz;
UPDATE simsync.esim_profile_transition t
SET provider = coalesce((SELECT o.old_value FROM simsync.sim_change o
                         WHERE o.project = t.project AND o.sim_id = t.sim_id AND o.field = 'provider'
                           AND o.observed_at > t.observed_at
                         ORDER BY o.change_id LIMIT 1), s.provider)
FROM simsync.sim s WHERE s.project = t.project AND s.sim_id = t.sim_id;
UPDATE simsync.esim_profile_transition t SET from_since = f.since
FROM (SELECT project, sim_id, transition_id,
             lag(since) OVER (PARTITION BY project, sim_id ORDER BY transition_id) AS since
      FROM (SELECT project, sim_id, transition_id,
                   -- Of rows in which the status stays, the first one's time.
                   first_value(reported_at) OVER (PARTITION BY project, sim_id, stay ORDER BY transition_id) AS since
            FROM (SELECT *, count(*) FILTER (WHERE from_status IS DISTINCT FROM to_status)
                              OVER (PARTITION BY project, sim_id ORDER BY transition_id) AS stay
                  FROM simsync.esim_profile_transition) counted) stays) f
WHERE f.project = t.project AND f.sim_id = t.sim_id AND f.transition_id = t.transition_id;
COMMENT ON COLUMN simsync.esim_profile_transition.transition_id IS 'Grows with each transition recorded.';
COMMENT ON COLUMN simsync.esim_profile_transition.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.esim_profile_transition.sim_id IS 'The API''s id of the SIM whose profile it is.';
COMMENT ON COLUMN simsync.esim_profile_transition.provider IS 'Provider of the SIM when the transition was seen.';
COMMENT ON COLUMN simsync.esim_profile_transition.from_since IS
  'Since when from_status was the status: the API''s updatedAt when it was first read; null for the first sight.';

ALTER TABLE simsync.esim_profile ADD COLUMN sim_status text, ADD COLUMN changed_at timestamptz;
UPDATE simsync.esim_profile p
SET changed_at = greatest(p.first_observed_at,
                          (SELECT max(t.observed_at) FROM simsync.esim_profile_transition t
                           WHERE t.project = p.project AND t.sim_id = p.sim_id)),
    sim_status = (SELECT s.status FROM simsync.sim s
                  WHERE s.project = p.project AND s.sim_id = p.sim_id AND s.missing_since IS NULL);
ALTER TABLE simsync.esim_profile ALTER COLUMN changed_at SET NOT NULL;
COMMENT ON COLUMN simsync.esim_profile.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.esim_profile.sim_id IS 'The API''s id of the SIM whose profile it is.';
COMMENT ON COLUMN simsync.esim_profile.sim_status IS 'Status of the SIM, as in simsync.sim; null while the SIM is missing.';
COMMENT ON COLUMN simsync.esim_profile.changed_at IS
  'When a poll last recorded something of this profile: the latest observed_at of its transitions.';

-- ---- how many there are ----------------------------------------------------------------------------------------------

CREATE TABLE simsync.inventory_count (
  project        text COLLATE "C" NOT NULL,
  provider       text NOT NULL,
  type           text NOT NULL,
  status         text NOT NULL,
  profile_status text NOT NULL,
  sims           bigint NOT NULL,
  PRIMARY KEY (project, provider, type, status, profile_status)
) WITH (fillfactor = 50);  -- few rows, changed with every batch that changes something
COMMENT ON TABLE simsync.inventory_count IS
  'Present SIMs counted, kept in the transaction of each change. Internal: its columns may change; read simsync.inventory_summary.';
COMMENT ON COLUMN simsync.inventory_count.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.inventory_count.provider IS 'As in simsync.sim, but no longer than 100 characters, like the next columns: a key cannot hold any length.';
COMMENT ON COLUMN simsync.inventory_count.type IS 'As in simsync.sim.';
COMMENT ON COLUMN simsync.inventory_count.status IS 'As in simsync.sim.';
COMMENT ON COLUMN simsync.inventory_count.profile_status IS 'Status of the profile; empty where there is no profile.';
COMMENT ON COLUMN simsync.inventory_count.sims IS 'How many SIMs are so; 0 where there were some.';
INSERT INTO simsync.inventory_count
  SELECT s.project, left(s.provider, 100), left(s.type, 100), left(s.status, 100), left(coalesce(p.status, ''), 100),
         count(*)
  FROM simsync.sim s LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
  WHERE s.missing_since IS NULL
  GROUP BY 1, 2, 3, 4, 5;

CREATE OR REPLACE VIEW simsync.inventory_summary AS
  SELECT project, provider, type, status, nullif(profile_status, '') AS profile_status, sims
  FROM simsync.inventory_count WHERE sims <> 0;

-- ---- since when the history is exact, and where it is coarse ---------------------------------------------------------

CREATE TABLE simsync.history_state (
  project     text COLLATE "C" NOT NULL,
  exact_since timestamptz NOT NULL,
  counted_at  timestamptz,
  PRIMARY KEY (project)
);
COMMENT ON TABLE simsync.history_state IS
  'How far back the history of a project reaches. Internal: its columns may change; read simsync.freshness.exact_since.';
COMMENT ON COLUMN simsync.history_state.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.history_state.exact_since IS
  'End of the first complete walk, or the bound of what history.keep has left: inventory_at is exact from here on.';
COMMENT ON COLUMN simsync.history_state.counted_at IS 'When simsync.inventory_count was last counted anew.';
INSERT INTO simsync.history_state (project, exact_since)
  SELECT project, min(finished_at) FROM simsync.walk WHERE kind = 'full' AND outcome = 'complete' GROUP BY project;

ALTER TABLE simsync.walk ADD COLUMN token_refused boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN simsync.walk.token_refused IS 'Whether the API refused the project''s token during the walk.';

CREATE TABLE simsync.service_run (
  run_id        bigint GENERATED ALWAYS AS IDENTITY,
  project       text COLLATE "C" NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('run', 'sync')),
  started_at    timestamptz NOT NULL,
  alive_at      timestamptz NOT NULL,
  stopped_at    timestamptz,
  walk_interval interval NOT NULL,
  poll_interval interval NOT NULL,
  polled        boolean NOT NULL DEFAULT true,
  PRIMARY KEY (project, run_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE simsync.service_run IS
  'When the daemon was watching a project. Internal: its columns may change; read simsync.coverage_gap.';
COMMENT ON COLUMN simsync.service_run.run_id IS 'Grows with each start.';
COMMENT ON COLUMN simsync.service_run.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.service_run.kind IS 'run: the service; sync: a single pass.';
COMMENT ON COLUMN simsync.service_run.started_at IS 'When it began to watch the project.';
COMMENT ON COLUMN simsync.service_run.alive_at IS 'When it last wrote that it runs: four times a minute.';
COMMENT ON COLUMN simsync.service_run.stopped_at IS 'When it ended as it should; null while it runs, or where it was killed.';
COMMENT ON COLUMN simsync.service_run.walk_interval IS 'walk.interval of its configuration.';
COMMENT ON COLUMN simsync.service_run.poll_interval IS 'profiles.interval of its configuration.';
COMMENT ON COLUMN simsync.service_run.polled IS
  'Whether profiles were polled: by the service from its start on, by a single pass once it has done so.';

CREATE TABLE simsync.watch_gap (
  gap_id   bigint GENERATED ALWAYS AS IDENTITY,
  project  text COLLATE "C" NOT NULL,
  what     text NOT NULL CHECK (what IN ('sims', 'profiles')),
  began_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  reason   text NOT NULL,
  error    text,
  PRIMARY KEY (project, gap_id)
);
COMMENT ON TABLE simsync.watch_gap IS
  'Gaps that are over, as the daemon found them. Internal: its columns may change; read simsync.coverage_gap.';
COMMENT ON COLUMN simsync.watch_gap.gap_id IS 'Grows with each gap.';
COMMENT ON COLUMN simsync.watch_gap.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.watch_gap.what IS 'As in simsync.coverage_gap.';
COMMENT ON COLUMN simsync.watch_gap.began_at IS 'As in simsync.coverage_gap.';
COMMENT ON COLUMN simsync.watch_gap.ended_at IS 'As in simsync.coverage_gap.';
COMMENT ON COLUMN simsync.watch_gap.reason IS 'As in simsync.coverage_gap.';
COMMENT ON COLUMN simsync.watch_gap.error IS 'As in simsync.coverage_gap.';

ALTER TABLE simsync.poll_state ADD COLUMN failure text;
COMMENT ON COLUMN simsync.poll_state.failure IS 'What failing polls are to simsync.coverage_gap: its reason; null while polls are answered.';
COMMENT ON COLUMN simsync.poll_state.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.poll_state.saved_at IS 'When the service wrote this row.';
COMMENT ON COLUMN simsync.poll_state.profiles IS 'As in simsync.freshness.';
COMMENT ON COLUMN simsync.poll_state.overdue IS 'profiles_overdue of simsync.freshness.';
COMMENT ON COLUMN simsync.poll_state.longest_overdue IS 'poll_lag of simsync.freshness.';
COMMENT ON COLUMN simsync.poll_state.needed_per_second IS 'polls_needed_per_second of simsync.freshness.';
COMMENT ON COLUMN simsync.poll_state.planned_per_second IS 'polls_planned_per_second of simsync.freshness.';
COMMENT ON COLUMN simsync.poll_state.quiet_interval IS 'How often long-quiet profiles are asked at present.';
COMMENT ON COLUMN simsync.poll_state.failing_since IS 'polls_failing_since of simsync.freshness.';
COMMENT ON COLUMN simsync.poll_state.last_error IS 'last_poll_error of simsync.freshness.';

-- ---- indexes, each with the questions it serves ----------------------------------------------------------------------

-- "What happened to any SIM's FIELD between two times?": simsync.transition, transition_daily, stock (activations), who
-- changed metadata; and history.keep, which deletes what is oldest.
CREATE INDEX sim_change_by_time ON simsync.sim_change (field, observed_at);
-- The same of profiles: transition, transition_daily, profile_dwell, history.keep.
CREATE INDEX esim_profile_transition_by_time ON simsync.esim_profile_transition (observed_at);
-- "What of this SIM changed first after that time?": inventory_at, which else reads all that is older. In the key, for an
-- index of its own more than doubles what a change costs to write. What users built on the old key keeps it, and only
-- makes inventory_at slower.
DO $$ BEGIN
  ALTER TABLE simsync.sim_change DROP CONSTRAINT sim_change_pkey,
    ADD PRIMARY KEY (project, sim_id, observed_at, change_id);
EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
END $$;
DO $$ BEGIN
  ALTER TABLE simsync.esim_profile_transition DROP CONSTRAINT esim_profile_transition_pkey,
    ADD PRIMARY KEY (project, sim_id, observed_at, transition_id);
EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
END $$;
-- "Whose provider was another one at that time?": inventory_at. Small, for providers seldom change.
CREATE INDEX sim_change_provider ON simsync.sim_change (project, sim_id, change_id) INCLUDE (observed_at)
  WHERE field = 'provider';
-- stuck_profile: a handful among all profiles. None of its columns changes when a profile is merely polled.
CREATE INDEX esim_profile_stuck ON simsync.esim_profile (project, sim_id)
  WHERE sim_status = 'active' AND status <> 'enabled';
-- Lets the planner know that it is a handful: by themselves, both conditions are true of many.
CREATE STATISTICS simsync.esim_profile_stuck_share (mcv) ON sim_status, status FROM simsync.esim_profile;
