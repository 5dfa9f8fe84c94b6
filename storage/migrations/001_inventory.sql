-- The mirror, its history and the record of the walks (product.md, "SQL"). Keys begin with project and sim_id, no
-- foreign key or trigger ties SIMs together, so that the tables can be distributed one day (architecture.md, "Past
-- one machine"). Ids sort bytewise: COLLATE "C" makes the keys several times cheaper to compare.

CREATE TABLE simsync.sim (
  project       text COLLATE "C" NOT NULL,
  sim_id        text COLLATE "C" NOT NULL,
  iccid         text NOT NULL,
  provider      text NOT NULL,
  type          text NOT NULL,
  status        text NOT NULL,
  metadata      jsonb NOT NULL,
  created_at    timestamptz NOT NULL,
  extra         jsonb NOT NULL,
  first_seen_at timestamptz NOT NULL,
  changed_at    timestamptz NOT NULL,
  missing_since timestamptz,
  confirmed_at  timestamptz NOT NULL,
  PRIMARY KEY (project, sim_id)
);
COMMENT ON TABLE simsync.sim IS 'The current SIM inventory; rows are never deleted.';
COMMENT ON COLUMN simsync.sim.project IS 'Project of the API the SIM belongs to.';
COMMENT ON COLUMN simsync.sim.sim_id IS 'The API''s id of the SIM, unique within the project.';
COMMENT ON COLUMN simsync.sim.iccid IS 'Integrated circuit card identifier, as the API says it.';
COMMENT ON COLUMN simsync.sim.provider IS 'Id of the network provider, as the API says it.';
COMMENT ON COLUMN simsync.sim.type IS 'eSIM or pSIM, or a value that is new to us.';
COMMENT ON COLUMN simsync.sim.status IS 'inactive, active or retired, or a value that is new to us.';
COMMENT ON COLUMN simsync.sim.metadata IS 'The API''s metadata.';
COMMENT ON COLUMN simsync.sim.created_at IS 'When the SIM was created, from the API.';
COMMENT ON COLUMN simsync.sim.extra IS 'Fields of the API''s resource that this version does not know.';
COMMENT ON COLUMN simsync.sim.first_seen_at IS 'When the mirror first read this SIM.';
COMMENT ON COLUMN simsync.sim.changed_at IS 'When the mirror last saw this SIM differ, vanish or return.';
COMMENT ON COLUMN simsync.sim.missing_since IS 'When the API first said that the SIM is gone; null while it is there.';
COMMENT ON COLUMN simsync.sim.confirmed_at IS
  'When the answer that last changed this row was asked for. An answer asked for earlier never overwrites it.';

CREATE TABLE simsync.sim_change (
  change_id   bigint GENERATED ALWAYS AS IDENTITY,
  project     text COLLATE "C" NOT NULL,
  sim_id      text COLLATE "C" NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('appeared', 'changed', 'disappeared', 'reappeared')),
  field       text NOT NULL,
  old_value   text,
  new_value   text,
  not_before  timestamptz,
  observed_at timestamptz NOT NULL,
  PRIMARY KEY (project, sim_id, change_id)
);
COMMENT ON TABLE simsync.sim_change IS
  'One row for each field that was seen to differ. Of each SIM and field, old_value is the new_value of the row before.';
COMMENT ON COLUMN simsync.sim_change.change_id IS 'Grows with each change recorded.';
COMMENT ON COLUMN simsync.sim_change.kind IS
  'changed; appeared: found after the first complete walk; disappeared and reappeared: gone from the API and back.';
COMMENT ON COLUMN simsync.sim_change.field IS
  'Column of simsync.sim. appeared, disappeared and reappeared are rows of the field status, with null for "not there".';
COMMENT ON COLUMN simsync.sim_change.old_value IS 'Value before, as text; metadata and extra as JSON text.';
COMMENT ON COLUMN simsync.sim_change.new_value IS 'Value since, as text; metadata and extra as JSON text.';
COMMENT ON COLUMN simsync.sim_change.not_before IS
  'The last moment at which the old value was confirmed; null where nothing was. The change happened after it.';
COMMENT ON COLUMN simsync.sim_change.observed_at IS 'When the new value was read. The change happened before it.';

CREATE TABLE simsync.esim_profile (
  project           text COLLATE "C" NOT NULL,
  sim_id            text COLLATE "C" NOT NULL,
  status            text NOT NULL,
  updated_at        timestamptz NOT NULL,
  first_observed_at timestamptz NOT NULL,
  status_since      timestamptz NOT NULL,
  last_polled_at    timestamptz NOT NULL,
  PRIMARY KEY (project, sim_id)
) WITH (fillfactor = 70);  -- each poll moves last_polled_at; room on the page keeps the index out of it
COMMENT ON TABLE simsync.esim_profile IS 'The current profile of every eSIM of the polled providers.';
COMMENT ON COLUMN simsync.esim_profile.status IS 'deleted, disabled, enabled, installed, unknown, or a value that is new to us.';
COMMENT ON COLUMN simsync.esim_profile.updated_at IS 'The API''s updatedAt: when the status was last updated.';
COMMENT ON COLUMN simsync.esim_profile.first_observed_at IS 'When the mirror first read this profile.';
COMMENT ON COLUMN simsync.esim_profile.status_since IS 'The API''s updatedAt when the present status was first read.';
COMMENT ON COLUMN simsync.esim_profile.last_polled_at IS
  'When the last answered poll was asked: the status was confirmed then. May lag by some seconds.';

CREATE TABLE simsync.esim_profile_transition (
  transition_id bigint GENERATED ALWAYS AS IDENTITY,
  project       text COLLATE "C" NOT NULL,
  sim_id        text COLLATE "C" NOT NULL,
  from_status   text,
  to_status     text NOT NULL,
  reported_at   timestamptz NOT NULL,
  not_before    timestamptz,
  observed_at   timestamptz NOT NULL,
  PRIMARY KEY (project, sim_id, transition_id)
);
COMMENT ON TABLE simsync.esim_profile_transition IS
  'Each change of a profile''s status that a poll saw. Of each SIM, from_status is the to_status of the row before.';
COMMENT ON COLUMN simsync.esim_profile_transition.from_status IS
  'Status before; null for the first sight; equal to to_status when updatedAt moved on but the status is the same again.';
COMMENT ON COLUMN simsync.esim_profile_transition.to_status IS 'Status since.';
COMMENT ON COLUMN simsync.esim_profile_transition.reported_at IS
  'The API''s updatedAt. A disable that cuts the device off is reported late, so it may lie before not_before.';
COMMENT ON COLUMN simsync.esim_profile_transition.not_before IS
  'The last moment at which a poll confirmed from_status; null for the first sight.';
COMMENT ON COLUMN simsync.esim_profile_transition.observed_at IS 'When a poll read to_status.';

CREATE TABLE simsync.walk (
  walk_id     bigint GENERATED ALWAYS AS IDENTITY,
  project     text COLLATE "C" NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('full', 'new')),
  started_at  timestamptz NOT NULL,
  finished_at timestamptz,
  outcome     text CHECK (outcome IN ('complete', 'incomplete', 'failed')),
  pages       bigint NOT NULL DEFAULT 0,
  sims        bigint NOT NULL DEFAULT 0,
  created     bigint NOT NULL DEFAULT 0,
  changed     bigint NOT NULL DEFAULT 0,
  disappeared bigint NOT NULL DEFAULT 0,
  requests    bigint NOT NULL DEFAULT 0,
  retries     bigint NOT NULL DEFAULT 0,
  skipped     bigint NOT NULL DEFAULT 0,
  held_back   bigint NOT NULL DEFAULT 0,
  error       text,
  PRIMARY KEY (project, walk_id)
);
-- Serves the write path: "has this project ever been walked completely, and when did the last such walk start?"
CREATE INDEX walk_complete ON simsync.walk (project, started_at) WHERE kind = 'full' AND outcome = 'complete';
-- Serves the start of a walk: "which walks did an ended program leave open?"
CREATE INDEX walk_open ON simsync.walk (project, kind) WHERE outcome IS NULL;
COMMENT ON TABLE simsync.walk IS 'One row for each walk over the API''s list.';
COMMENT ON COLUMN simsync.walk.kind IS 'full: the whole list; new: the newest page, and on until a known SIM is met.';
COMMENT ON COLUMN simsync.walk.outcome IS
  'complete: everything was read; incomplete: something was skipped or held back; failed; null while it runs.';
COMMENT ON COLUMN simsync.walk.pages IS 'Pages read.';
COMMENT ON COLUMN simsync.walk.sims IS 'Distinct SIMs read.';
COMMENT ON COLUMN simsync.walk.created IS 'SIMs that were new to the mirror.';
COMMENT ON COLUMN simsync.walk.changed IS 'SIMs that differed or returned.';
COMMENT ON COLUMN simsync.walk.disappeared IS 'SIMs found missing.';
COMMENT ON COLUMN simsync.walk.requests IS 'Requests sent to the API, retries included.';
COMMENT ON COLUMN simsync.walk.retries IS 'Requests sent again.';
COMMENT ON COLUMN simsync.walk.skipped IS 'Items and pages that could not be read.';
COMMENT ON COLUMN simsync.walk.held_back IS 'Disappearances that were more than walk.max_disappeared and not believed.';
COMMENT ON COLUMN simsync.walk.error IS 'Why the walk is not complete.';

CREATE TABLE simsync.alert (
  alert_id   bigint GENERATED ALWAYS AS IDENTITY,
  project    text COLLATE "C" NOT NULL,
  sim_id     text COLLATE "C" NOT NULL DEFAULT '',
  rule       text NOT NULL,
  type       text NOT NULL,
  severity   text NOT NULL,
  body       jsonb NOT NULL,
  raised_at  timestamptz NOT NULL,
  PRIMARY KEY (project, sim_id, alert_id)
);
COMMENT ON TABLE simsync.alert IS 'What was raised. Not written by this version yet.';

CREATE TABLE simsync.alert_delivery (
  alert_id     bigint NOT NULL,
  project      text COLLATE "C" NOT NULL,
  sim_id       text COLLATE "C" NOT NULL DEFAULT '',
  channel      text NOT NULL,
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts     bigint NOT NULL DEFAULT 0,
  last_error   text,
  delivered_at timestamptz,
  PRIMARY KEY (project, sim_id, alert_id, channel)
);
COMMENT ON TABLE simsync.alert_delivery IS 'Each channel''s delivery of an alert. Not written by this version yet.';

CREATE TABLE simsync.metadata_request (
  request_id   bigint GENERATED ALWAYS AS IDENTITY,
  project      text COLLATE "C" NOT NULL,
  sim_id       text COLLATE "C" NOT NULL,
  metadata     jsonb NOT NULL,
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'applied', 'failed')),
  requested_at timestamptz NOT NULL DEFAULT now(),
  applied_at   timestamptz,
  error        text,
  PRIMARY KEY (project, sim_id, request_id)
);
COMMENT ON TABLE simsync.metadata_request IS 'Metadata to write back to the API. Not carried out by this version yet.';
