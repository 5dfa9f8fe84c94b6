-- Metadata that is written back to the API: what the daemon has to remember of a request to carry it out whatever is
-- killed in between, and which changes of the history are its own (docs/metadata.md).

-- Until now nobody looked at a request. What could never be carried out is settled, so that it meets the checks below.
UPDATE simsync.metadata_request
SET state = 'failed', error = 'the metadata is not an object of keys and values, or no SIM is named'
WHERE state = 'pending' AND (jsonb_typeof(metadata) <> 'object' OR sim_id = '');

ALTER TABLE simsync.metadata_request
  ADD COLUMN remove       text[] NOT NULL DEFAULT '{}',
  ADD COLUMN requested_by text NOT NULL DEFAULT '',
  ADD COLUMN settled_at   timestamptz,
  ADD COLUMN attempts     bigint NOT NULL DEFAULT 0,
  ADD COLUMN overtaken    bigint NOT NULL DEFAULT 0,
  ADD COLUMN sent         jsonb,
  ADD COLUMN sent_at      timestamptz,
  DROP CONSTRAINT metadata_request_state_check,
  ADD CONSTRAINT metadata_request_state_check CHECK (state IN ('pending', 'applied', 'conflict', 'failed'));
-- Of the rows that are there nobody knows who asked; from now on it is the role that logged in.
ALTER TABLE simsync.metadata_request ALTER COLUMN requested_by SET DEFAULT session_user;
-- Whoever inserts a row that cannot be carried out hears so at once.
ALTER TABLE simsync.metadata_request
  ADD CONSTRAINT metadata_request_names_a_sim CHECK (sim_id <> '') NOT VALID,
  ADD CONSTRAINT metadata_request_metadata_is_an_object CHECK (jsonb_typeof(metadata) = 'object') NOT VALID,
  ADD CONSTRAINT metadata_request_remove_names_keys CHECK (array_position(remove, NULL) IS NULL) NOT VALID,
  ADD CONSTRAINT metadata_request_sets_or_removes_a_key CHECK (NOT metadata ?| remove) NOT VALID;
-- "Which is the oldest pending request of each SIM?", each second, and "was this change written by us?", for each SIM
-- whose metadata differ. Empty most of the time.
CREATE INDEX metadata_request_pending ON simsync.metadata_request (project, sim_id, request_id) WHERE state = 'pending';

COMMENT ON TABLE simsync.metadata_request IS
  'Metadata to write back to the API: insert project, sim_id, metadata and remove, and read what became of it. The requests of a SIM are carried out in the order of their ids.';
COMMENT ON COLUMN simsync.metadata_request.metadata IS
  'The keys to set, with their values. Keys that are not named here or in remove stay as they are.';
COMMENT ON COLUMN simsync.metadata_request.remove IS 'The keys to remove.';
COMMENT ON COLUMN simsync.metadata_request.requested_by IS
  'Who asked: the role that logged in; of what simsyncd sim metadata and metadata import inserted also the user and host.';
COMMENT ON COLUMN simsync.metadata_request.state IS
  'pending; applied: the API was seen to have it; conflict: somebody else changed the same keys again and again; failed: the API refused it, or it cannot be done.';
COMMENT ON COLUMN simsync.metadata_request.settled_at IS 'When it became applied, conflict or failed.';
COMMENT ON COLUMN simsync.metadata_request.attempts IS 'How often it was about to be sent.';
COMMENT ON COLUMN simsync.metadata_request.overtaken IS
  'How often the API took it and had something else afterwards; the third time it is a conflict.';
COMMENT ON COLUMN simsync.metadata_request.sent IS
  'Internal: the whole metadata that were sent last, until it is settled. A change to exactly this is our own.';
COMMENT ON COLUMN simsync.metadata_request.sent_at IS 'When it was last about to be sent.';
COMMENT ON COLUMN simsync.metadata_request.error IS
  'Why it failed or is a conflict; while it is pending, why it could not be carried out yet, where that lies with this SIM.';

ALTER TABLE simsync.sim_change
  ADD COLUMN origin     text,
  ADD COLUMN request_id bigint;
COMMENT ON COLUMN simsync.sim_change.origin IS
  'metadata_request: simsyncd itself wrote it to the API; null: anybody else did.';
COMMENT ON COLUMN simsync.sim_change.request_id IS 'The row of simsync.metadata_request that it came from; null: none.';
