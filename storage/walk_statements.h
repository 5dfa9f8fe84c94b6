// The SQL texts of walks: their rows, where they are, how they end. As storage/statements.h has it.
#pragma once

namespace simsync::statements {

inline constexpr char kCloseAbandonedWalks[] = R"(
UPDATE simsync.walk SET outcome = 'failed', finished_at = now(), error = 'the program ended before the walk did'
WHERE project = $1 AND kind = $2 AND outcome IS NULL)";
inline constexpr char kBeginWalk[] = R"(
INSERT INTO simsync.walk (project, kind, started_at) VALUES ($1, $2, $3::timestamptz) RETURNING walk_id)";
// $3 how many SIMs were marked missing just now. Returns how many the walk has marked in all; also of one that somebody
// else has closed meanwhile.
inline constexpr char kCountDisappeared[] = R"(
UPDATE simsync.walk SET disappeared = disappeared + $3::bigint
WHERE project = $1 AND walk_id = $2::bigint RETURNING disappeared)";
inline constexpr char kFinishWalk[] = R"(
UPDATE simsync.walk
SET finished_at = $3::timestamptz, outcome = $4, pages = $5::bigint, sims = $6::bigint, created = $7::bigint,
    changed = $8::bigint, requests = $9::bigint, retries = $10::bigint, skipped = $11::bigint,
    held_back = $12::bigint, error = nullif($13, ''), token_refused = $14::boolean
WHERE project = $1 AND walk_id = $2::bigint AND outcome IS NULL RETURNING disappeared)";

// Of what is written together with a walk's progress a crash of the server may lose the last moments: the walk then
// goes on from where the progress says, which is lost with them. So it need not wait for the disk; the end of the walk
// does.
inline constexpr char kLostTogether[] = "SET LOCAL synchronous_commit = off";

// $1 project, $2 walk_id, $3 to $10 counters and error, $11 seed, $12 to $16 an array per column, $17 unseen as hex,
// $18 owner. Writes nothing once the walk is closed.
inline constexpr char kSaveProgress[] = R"(
WITH open AS (
  UPDATE simsync.walk SET pages = $3::bigint, sims = $4::bigint, created = $5::bigint, changed = $6::bigint,
    requests = $7::bigint, retries = $8::bigint, skipped = $9::bigint, error = nullif($10, '')
  WHERE project = $1 AND walk_id = $2::bigint AND outcome IS NULL RETURNING walk_id
)
INSERT INTO simsync.walk_progress (project, walk_id, owner, saved_at, seed, cuts, cuts_created, cursors, reached, ended_at, unseen)
SELECT $1, walk_id, $18, clock_timestamp(), $11::bigint, $12::text[], $13::timestamptz[], $14::text[], $15::timestamptz[], $16::integer[],
       decode($17, 'hex')
FROM open
ON CONFLICT (project) DO UPDATE
SET walk_id = excluded.walk_id, owner = excluded.owner, saved_at = excluded.saved_at, seed = excluded.seed, cuts = excluded.cuts, cuts_created = excluded.cuts_created, cursors = excluded.cursors,
    reached = excluded.reached, ended_at = excluded.ended_at, unseen = excluded.unseen)";
inline constexpr char kForgetProgress[] = R"(
UPDATE simsync.walk_progress
SET cuts = '{}', cuts_created = '{}', cursors = '{}', reached = '{}', ended_at = '{}', unseen = ''
WHERE project = $1 AND walk_id <= $2::bigint AND cuts <> '{}')";
inline constexpr char kOpenWalk[] = R"(
SELECT w.walk_id, (extract(epoch FROM w.started_at) * 1000000)::bigint, w.pages, w.sims, w.created, w.changed,
       w.disappeared, w.requests, w.retries, w.skipped, coalesce(w.error, ''), p.seed, encode(p.unseen, 'hex'),
       p.owner, greatest(0, extract(epoch FROM clock_timestamp() - p.saved_at))::bigint
FROM simsync.walk w JOIN simsync.walk_progress p ON p.project = w.project AND p.walk_id = w.walk_id
WHERE w.project = $1 AND w.kind = 'full' AND w.outcome IS NULL ORDER BY w.walk_id DESC LIMIT 1)";
inline constexpr char kLatestWalk[] = "SELECT coalesce(max(walk_id), 0) FROM simsync.walk WHERE project = $1";
inline constexpr char kOpenSegments[] = R"(
SELECT s.cut, (extract(epoch FROM s.cut_created) * 1000000)::bigint, s.cursor,
       (extract(epoch FROM s.reached) * 1000000)::bigint, s.ended_at
FROM simsync.walk_progress p
CROSS JOIN LATERAL unnest(p.cuts, p.cuts_created, p.cursors, p.reached, p.ended_at) WITH ORDINALITY
  AS s (cut, cut_created, cursor, reached, ended_at, place)
WHERE p.project = $1 AND p.walk_id = $2::bigint ORDER BY s.place)";

inline constexpr char kApproval[] = R"(
SELECT w.walk_id, w.held_back FROM simsync.walk w
WHERE w.project = $1 AND w.approved_at IS NOT NULL AND w.held_back > 0
  AND NOT EXISTS (SELECT FROM simsync.walk c WHERE c.project = $1 AND c.kind = 'full' AND c.outcome = 'complete'
                  AND c.walk_id > w.walk_id)
ORDER BY w.held_back DESC LIMIT 1)";
inline constexpr char kHeldBackWalk[] = R"(
SELECT w.held_back, EXISTS (SELECT FROM simsync.walk c WHERE c.project = w.project AND c.kind = 'full'
                            AND c.outcome = 'complete' AND c.walk_id > w.walk_id)
FROM simsync.walk w WHERE w.walk_id = $1::bigint)";
inline constexpr char kApprove[] =
    "UPDATE simsync.walk SET approved_at = coalesce(approved_at, now()) WHERE walk_id = $1::bigint";

inline constexpr char kEverComplete[] =
    "SELECT EXISTS (SELECT FROM simsync.walk WHERE project = $1 AND kind = 'full' AND outcome = 'complete')";

// ---- how the projects are doing -------------------------------------------------------------------------------------

// $1 projects, $2 how many messages and $3 how many metadata requests are counted at most. From what is counted
// already, or by a short look at an index.
inline constexpr char kFigures[] = R"(
SELECT p.project,
       coalesce((SELECT host FROM simsync.lease l WHERE l.project = p.project AND l.expires_at > clock_timestamp()), ''),
       coalesce((SELECT sum(sims) FROM simsync.inventory_count c WHERE c.project = p.project), 0)::bigint,
       coalesce(s.profiles, 0), coalesce(s.overdue, 0),
       coalesce(b.held_back, 0),
       (SELECT (date_part('epoch', finished_at) * 1000000)::bigint FROM simsync.walk w
        WHERE w.project = p.project AND w.kind = 'full' AND w.outcome = 'complete' ORDER BY started_at DESC LIMIT 1),
       (date_part('epoch', b.finished_at) * 1000000)::bigint, coalesce(b.outcome, ''), coalesce(b.error, ''),
       coalesce((date_part('epoch', s.longest_overdue) * 1000)::bigint, 0),
       (date_part('epoch', s.saved_at) * 1000000)::bigint,
       CASE WHEN s.failing_since IS NOT NULL THEN coalesce(s.last_error, '') ELSE '' END,
       (SELECT count(*) FROM (SELECT FROM simsync.alert_message m
                              WHERE m.project = p.project AND m.state = 'pending' LIMIT $2::bigint) x),
       (SELECT count(*) FROM (SELECT FROM simsync.alert_message m
                              WHERE m.project = p.project AND m.state = 'dead' LIMIT $2::bigint) x),
       q.requests, (date_part('epoch', q.since) * 1000000)::bigint
FROM unnest($1::text[]) WITH ORDINALITY AS p (project, place)
LEFT JOIN simsync.poll_state s ON s.project = p.project
LEFT JOIN LATERAL (SELECT held_back, finished_at, outcome, error FROM simsync.walk l
                   WHERE l.project = p.project AND l.kind = 'full' AND l.outcome IS NOT NULL
                   ORDER BY walk_id DESC LIMIT 1) b ON true
CROSS JOIN LATERAL (SELECT count(*) AS requests, min(requested_at) AS since
                    FROM (SELECT requested_at FROM simsync.metadata_request m
                          WHERE m.project = p.project AND m.state = 'pending' LIMIT $3::bigint) x) q
ORDER BY p.place)";

// $1 projects.
inline constexpr char kInventoryGroups[] = R"(
SELECT project, provider, type, status, profile_status, greatest(sims, 0) FROM simsync.inventory_count
WHERE project = ANY ($1::text[]) ORDER BY project, sims DESC, provider, type, status, profile_status)";

}  // namespace simsync::statements
