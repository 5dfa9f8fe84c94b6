-- One daemon at a time writes for a project (product.md, "What the mirror promises", 8): who, and until when.

CREATE TABLE simsync.lease (
  project    text COLLATE "C" NOT NULL,
  epoch      bigint NOT NULL,
  holder     text NOT NULL,
  host       text NOT NULL,
  taken_at   timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (project)
);
-- Prolonged every few seconds: room on the page, so that this writes no index.
ALTER TABLE simsync.lease SET (fillfactor = 20);
COMMENT ON TABLE simsync.lease IS 'Which running daemon works on a project. Another one may take over what has expired.';
COMMENT ON COLUMN simsync.lease.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.lease.epoch IS
  'Grows each time somebody takes the project. Whoever holds an earlier one cannot write any more.';
COMMENT ON COLUMN simsync.lease.holder IS 'Internal: the daemon''s process, unlike any other.';
COMMENT ON COLUMN simsync.lease.host IS 'Name of the machine it runs on.';
COMMENT ON COLUMN simsync.lease.taken_at IS 'When it took the project.';
COMMENT ON COLUMN simsync.lease.expires_at IS 'Until when it has it, unless it prolongs that; -infinity: it gave it back.';

CREATE TABLE simsync.daemon (
  holder     text COLLATE "C" NOT NULL,
  host       text NOT NULL,
  projects   text[] NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  PRIMARY KEY (holder)
);
ALTER TABLE simsync.daemon SET (fillfactor = 20);
COMMENT ON TABLE simsync.daemon IS 'The daemons that run, so that each takes its share of the projects.';
COMMENT ON COLUMN simsync.daemon.holder IS 'Internal: as in simsync.lease.';
COMMENT ON COLUMN simsync.daemon.host IS 'Name of the machine it runs on.';
COMMENT ON COLUMN simsync.daemon.projects IS 'The projects of its configuration.';
COMMENT ON COLUMN simsync.daemon.started_at IS 'When it started.';
COMMENT ON COLUMN simsync.daemon.seen_at IS 'When it last said that it runs; every second.';
