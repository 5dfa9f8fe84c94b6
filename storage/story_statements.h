// The SQL texts that tell of one SIM. As those of statements.h: all name their schema, and none is ever built from
// values. Private to storage/.
#pragma once

namespace simsync::statements {

// What one statement reads is then no newer than what the one before it did.
inline constexpr char kOneMoment[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";

// $1 projects, $2 the id, $3 how many.
inline constexpr char kFindSimById[] = R"(
SELECT project, sim_id FROM simsync.sim WHERE project = ANY ($1::text[]) AND sim_id = $2
ORDER BY project LIMIT $3::bigint)";
// $1 projects, $2 the ICCID without an F at its end, $3 how many. There is no index on ICCIDs, which would cost each
// write; so that the planner does not read the table in the order of its key, which takes ten times as long as reading
// it as it lies, the order comes after.
inline constexpr char kFindSimByIccid[] = R"(
WITH found AS MATERIALIZED (
  SELECT project, sim_id FROM simsync.sim
  WHERE project = ANY ($1::text[]) AND upper(iccid COLLATE "C") IN (upper($2 COLLATE "C"), upper($2 COLLATE "C") || 'F')
)
SELECT project, sim_id FROM found ORDER BY project, sim_id LIMIT $3::bigint)";

// The same for whoever wants no story, and the ICCID of a SIM that is there.
inline constexpr char kFindSim[] = R"(
SELECT project, sim_id, provider, type, status FROM simsync.sim WHERE project = ANY ($1::text[]) AND sim_id = $2
ORDER BY project LIMIT $3::bigint)";
inline constexpr char kFindPresentByIccid[] = R"(
WITH asked AS (SELECT rtrim(upper($2 COLLATE "C"), 'F') AS iccid), found AS MATERIALIZED (
  SELECT s.project, s.sim_id, s.provider, s.type, s.status FROM simsync.sim s, asked a
  WHERE s.project = ANY ($1::text[]) AND s.missing_since IS NULL
    AND upper(s.iccid COLLATE "C") IN (a.iccid, a.iccid || 'F')
)
SELECT * FROM found ORDER BY project, sim_id LIMIT $3::bigint)";

// $1 project, $2 sim_id.
inline constexpr char kSimStory[] = R"(
SELECT s.iccid, s.provider, s.type, s.status, s.metadata, s.extra,
       (extract(epoch FROM s.created_at) * 1000000)::bigint AS created_at,
       (extract(epoch FROM s.first_seen_at) * 1000000)::bigint AS first_seen_at,
       (extract(epoch FROM s.changed_at) * 1000000)::bigint AS changed_at,
       (extract(epoch FROM s.missing_since) * 1000000)::bigint AS missing_since,
       (extract(epoch FROM s.confirmed_at) * 1000000)::bigint AS confirmed_at,
       p.status AS profile_status,
       (extract(epoch FROM p.status_since) * 1000000)::bigint AS status_since,
       (extract(epoch FROM p.updated_at) * 1000000)::bigint AS updated_at,
       (extract(epoch FROM p.first_observed_at) * 1000000)::bigint AS first_observed_at,
       (extract(epoch FROM p.last_polled_at) * 1000000)::bigint AS last_polled_at,
       (SELECT (extract(epoch FROM t.observed_at) * 1000000)::bigint FROM simsync.esim_profile_transition t
        WHERE t.project = $1 AND t.sim_id = $2 ORDER BY t.transition_id DESC LIMIT 1) AS last_transition_at,
       (extract(epoch FROM w.saved_at) * 1000000)::bigint AS saved_at, w.profiles, w.overdue, w.needed_per_second,
       coalesce(w.planned_per_second, 0) AS planned_per_second,
       (extract(epoch FROM w.quiet_interval) * 1000)::bigint AS quiet_interval,
       (extract(epoch FROM w.failing_since) * 1000000)::bigint AS failing_since, coalesce(w.last_error, '') AS last_error
FROM simsync.sim s
LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
LEFT JOIN simsync.poll_state w ON w.project = s.project
WHERE s.project = $1 AND s.sim_id = $2)";

// $1 project, $2 sim_id, $3 how many of the newest (0: all). Newest first, each with the number of all. SIMs and their
// profiles have histories of their own, each in the order of its ids; a clock that was set back leaves times in them
// that are not in that order. So a row's place among those of the other history is the earliest time of its own that
// comes no earlier than it: that keeps both orders.
inline constexpr char kSimTimeline[] = R"(
WITH entry AS (
  SELECT 1 AS part, c.change_id AS id, c.not_before, c.observed_at, NULL::timestamptz AS reported_at, c.field AS what,
         c.kind, c.old_value, c.new_value, c.origin
  FROM simsync.sim_change c WHERE c.project = $1 AND c.sim_id = $2
  UNION ALL
  SELECT 2, t.transition_id, t.not_before, t.observed_at, t.reported_at, 'profile',
         CASE WHEN t.from_status IS NULL THEN 'first seen' WHEN t.from_status = t.to_status THEN 'reported anew'
              ELSE 'transition' END, t.from_status, t.to_status, NULL
  FROM simsync.esim_profile_transition t WHERE t.project = $1 AND t.sim_id = $2
  UNION ALL
  -- A SIM that was there before the first complete walk ended did not appear; its history begins with its first status.
  SELECT 0, 0, NULL, s.first_seen_at, NULL, 'status', 'first seen', NULL,
         coalesce((SELECT c.old_value FROM simsync.sim_change c
                   WHERE c.project = $1 AND c.sim_id = $2 AND c.field = 'status' ORDER BY c.change_id LIMIT 1), s.status), NULL
  FROM simsync.sim s
  WHERE s.project = $1 AND s.sim_id = $2
    AND NOT EXISTS (SELECT FROM simsync.sim_change a
                    WHERE a.project = $1 AND a.sim_id = $2 AND a.kind = 'appeared')
), placed AS (
  SELECT *, min(observed_at) OVER (PARTITION BY part ORDER BY id DESC) AS place, count(*) OVER () AS entries FROM entry
)
SELECT (extract(epoch FROM not_before) * 1000000)::bigint, (extract(epoch FROM observed_at) * 1000000)::bigint,
       (extract(epoch FROM reported_at) * 1000000)::bigint, what, kind, old_value, new_value, origin, entries
FROM placed ORDER BY part = 0, place DESC, part DESC, id DESC LIMIT nullif($3::bigint, 0))";

// Parameters and order as above.
inline constexpr char kSimPending[] = R"(
WITH entry AS (
  SELECT 'metadata' AS kind, m.request_id AS id, m.requested_at AS since, m.state, NULL AS rule, NULL AS channel,
         CASE WHEN m.remove = '{}' THEN m.metadata::text
              ELSE (m.metadata || (SELECT jsonb_object_agg(key, NULL::text) FROM unnest(m.remove) key))::text END
           AS metadata, m.attempts, m.error
  FROM simsync.metadata_request m
  WHERE m.project = $1 AND m.sim_id = $2 AND m.state IN ('pending', 'conflict', 'failed')
  UNION ALL
  SELECT 'alert', a.alert_id, a.raised_at, d.state, a.rule, d.channel, NULL,
         coalesce(m.attempts, d.attempts), coalesce(m.last_error, d.last_error)
  FROM simsync.alert a
  JOIN simsync.alert_delivery d ON d.project = a.project AND d.sim_id = a.sim_id AND d.alert_id = a.alert_id
  LEFT JOIN simsync.alert_message m ON m.project = d.project AND m.message_id = d.message_id
  WHERE a.project = $1 AND a.sim_id = $2 AND d.state <> 'delivered'
)
SELECT kind, id, (extract(epoch FROM since) * 1000000)::bigint, state, rule, channel, metadata, attempts, error,
       count(*) OVER () AS entries
FROM entry ORDER BY since DESC, kind DESC, id DESC, channel DESC LIMIT nullif($3::bigint, 0))";

// $1 projects.
inline constexpr char kDeclareCards[] = R"(
DECLARE simsync_cards NO SCROLL CURSOR FOR
SELECT project, sim_id, iccid, provider, type, status, missing_since IS NOT NULL
FROM simsync.sim WHERE project = ANY ($1::text[]))";
inline constexpr char kFetchCards[] = "FETCH 10000 FROM simsync_cards";

}  // namespace simsync::statements
