-- What lets a walk go on after a crash, and an operator let a mass disappearance pass.

ALTER TABLE simsync.walk ADD COLUMN approved_at timestamptz;
COMMENT ON COLUMN simsync.walk.approved_at IS
  'When an operator approved what this walk held back. The next complete walk carries it out.';

CREATE TABLE simsync.walk_progress (
  project      text COLLATE "C" NOT NULL,
  walk_id      bigint NOT NULL,
  owner        text NOT NULL,
  saved_at     timestamptz NOT NULL,
  seed         bigint NOT NULL,
  cuts         text[] NOT NULL,
  cuts_created timestamptz[] NOT NULL,
  cursors      text[] NOT NULL,
  reached      timestamptz[] NOT NULL,
  ended_at     integer[] NOT NULL,
  unseen       bytea NOT NULL,
  PRIMARY KEY (project)
) WITH (fillfactor = 50);  -- one row a project, written again and again while a walk runs
COMMENT ON TABLE simsync.walk_progress IS
  'Where the full walk that is under way would go on after a crash. Internal: its columns may change.';

COMMENT ON TABLE simsync.alert IS
  'What was raised: mass disappearances that were held back. Other alerts are not written by this version yet.';
