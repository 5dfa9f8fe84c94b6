// The SQL texts of metadata requests. As storage/statements.h has it.
#pragma once

namespace simsync::statements {

// Goes from SIM to SIM along the index of what is pending, so that thousands of requests for one SIM neither cost more
// nor keep the others waiting. $1 project, $2 the SIM to go on behind, $3 how many, $4 bytes beyond which the metadata
// are left out; 0: all are, and not even looked at, for a few stored bytes can be gigabytes of text (a numeric).
inline constexpr char kPendingMetadata[] = R"(
WITH RECURSIVE oldest AS (
  (SELECT sim_id, request_id FROM simsync.metadata_request
   WHERE project = $1 AND state = 'pending' AND sim_id > $2 ORDER BY sim_id, request_id LIMIT 1)
  UNION ALL
  SELECT n.sim_id, n.request_id
  FROM oldest o
  CROSS JOIN LATERAL (SELECT r.sim_id, r.request_id FROM simsync.metadata_request r
                      WHERE r.project = $1 AND r.state = 'pending' AND r.sim_id > o.sim_id
                      ORDER BY r.sim_id, r.request_id LIMIT 1) n
), few AS MATERIALIZED (SELECT * FROM oldest LIMIT $3::bigint)
SELECT r.request_id, r.sim_id, CASE WHEN r.bytes <= $4::bigint THEN r.metadata::text END,
       CASE WHEN r.bytes <= $4::bigint THEN to_json(r.remove)::text ELSE '[]' END, r.attempts, r.overtaken
FROM few
CROSS JOIN LATERAL (SELECT m.request_id, m.sim_id, m.metadata, m.remove, m.attempts, m.overtaken,
                           CASE WHEN $4::bigint > 0
                                THEN octet_length(m.metadata::text) + octet_length(to_json(m.remove)::text) END AS bytes
                    FROM simsync.metadata_request m
                    WHERE m.project = $1 AND m.sim_id = few.sim_id AND m.request_id = few.request_id
                    OFFSET 0) r
ORDER BY r.sim_id)";

// $1 project, $2 sim_id, $3 request_id, $4 the most bytes.
inline constexpr char kMetadataOfRequest[] = R"(
SELECT metadata::text, to_json(remove)::text FROM simsync.metadata_request
WHERE project = $1 AND sim_id = $2 AND request_id = $3::bigint
  AND octet_length(metadata::text) + octet_length(to_json(remove)::text) <= $4::bigint)";

// $1 project, then an array for each column. Only what nobody else has gone on with or settled meanwhile; a row that
// somebody has locked is left for later, for the project's other writers would wait as well.
inline constexpr char kStepMetadata[] = R"(
WITH incoming AS MATERIALIZED (
  SELECT i.*, m.place
  FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::jsonb[], $7::bigint[], $8::text[], $9::timestamptz[])
    AS i (request_id, sim_id, attempts, state, sent, overtaken, error, seen_at)
  CROSS JOIN LATERAL (SELECT o.ctid AS place FROM simsync.metadata_request o
                      WHERE o.project = $1 AND o.sim_id = i.sim_id AND o.request_id = i.request_id
                        AND o.state = 'pending' AND o.attempts = i.attempts
                      OFFSET 0 FOR UPDATE SKIP LOCKED) m
)
UPDATE simsync.metadata_request m
SET state = i.state, overtaken = i.overtaken, error = nullif(i.error, ''),
    sent = CASE WHEN i.state <> 'pending' THEN NULL WHEN i.sent <> 'null' THEN i.sent ELSE m.sent END,
    attempts = m.attempts + CASE WHEN i.state = 'pending' AND i.sent <> 'null' THEN 1 ELSE 0 END,
    sent_at = CASE WHEN i.state = 'pending' AND i.sent <> 'null' THEN clock_timestamp() ELSE m.sent_at END,
    applied_at = CASE WHEN i.state = 'applied' THEN i.seen_at END,
    settled_at = CASE WHEN i.state <> 'pending' THEN clock_timestamp() END
FROM incoming i
WHERE m.ctid = i.place AND m.project = $1 AND m.state = 'pending' AND m.attempts = i.attempts
RETURNING m.request_id)";

// $1 project: a service works on it.
inline constexpr char kIsServed[] =
    "SELECT EXISTS (SELECT FROM simsync.lease WHERE project = $1 AND expires_at > clock_timestamp())";

// An array for each column; $5 the person. Returns the ids in the order of the rows.
inline constexpr char kAskForMetadata[] = R"(
INSERT INTO simsync.metadata_request (project, sim_id, metadata, remove, requested_by)
SELECT i.project, i.sim_id, i.metadata, ARRAY(SELECT jsonb_array_elements_text(i.remove)), $5 || ' as ' || session_user
FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[]) WITH ORDINALITY
  AS i (project, sim_id, metadata, remove, place)
ORDER BY i.place
RETURNING request_id)";

// $1 projects, $2 ids, or ICCIDs as digits alone. No index on ICCIDs: they are looked for in all SIMs at once.
inline constexpr char kNamedById[] = R"(
SELECT i.place - 1, s.project, s.sim_id, s.metadata::text, s.missing_since IS NULL,
       EXISTS (SELECT FROM simsync.metadata_request m
               WHERE m.project = s.project AND m.sim_id = s.sim_id AND m.state = 'pending')
FROM unnest($2::text[]) WITH ORDINALITY AS i (name, place)
JOIN simsync.sim s ON s.sim_id = i.name AND s.project = ANY ($1::text[])
ORDER BY i.place, s.project, s.sim_id)";
inline constexpr char kNamedByIccid[] = R"(
SELECT i.place - 1, s.project, s.sim_id, s.metadata::text, s.missing_since IS NULL,
       EXISTS (SELECT FROM simsync.metadata_request m
               WHERE m.project = s.project AND m.sim_id = s.sim_id AND m.state = 'pending')
FROM unnest($2::text[]) WITH ORDINALITY AS i (name, place)
JOIN simsync.sim s ON rtrim(upper(s.iccid COLLATE "C"), 'F') = i.name COLLATE "C" AND s.project = ANY ($1::text[])
ORDER BY i.place, s.project, s.sim_id)";

// $1 project, $2 sim_id, $3 request_id.
inline constexpr char kAnswerToMetadata[] = R"(
SELECT state, coalesce(error, '') FROM simsync.metadata_request
WHERE project = $1 AND sim_id = $2 AND request_id = $3::bigint)";

}  // namespace simsync::statements
