// The SQL texts of SIMs, named by what they do; those of the schema, of profiles, of walks, and of what a person asks
// for, stand in headers of their own. All name their schema, and none is ever built from values. Private to storage/.
#pragma once

#include <string>
#include <vector>

namespace simsync::statements {

// ---- writing ------------------------------------------------------------------------------------------------------

// Serialises the writers of one project for the length of a transaction: the comparison with the stored rows and the
// history made of it must see the same rows. Taken per transaction, so a pooler cannot leak it.
inline constexpr char kLockProject[] = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1936289139))";

// A batch touches few rows of a large table, each by its key. The planner does not know that (a first sync has no
// statistics yet) and would join by reading the table or its index for each batch. So the batch statements leave it no
// join to choose: they look stored rows up by a LATERAL subquery that OFFSET 0 keeps whole, and change them by
// ON CONFLICT, both of which go by the key row by row.
inline constexpr char kPlanForBatches[] =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off; "
    "SET LOCAL plan_cache_mode = force_generic_plan";

// $1 project, then one array per column, then the writer's present time. `differing` is what the stored rows do not say
// yet; a reading that was asked for before the stored one had come is left out: it is older news, or two calls were
// under way at once, and nobody knows which of them the API looked for later. Unless the stored one lies in the future:
// that comes from a clock that was ahead, and must not silence the mirror until then. not_before is the last moment at
// which the stored value was confirmed: when the row was last written, or the start of the last complete walk, which
// read every present SIM; but never after the reading was asked for, for that walk may have looked later than an answer
// that was under way all the while, and not of a walk that began before the stored answer had come, for what it read
// may have been left out, nor of one that began within five minutes after it: another process may have been so long
// about writing that answer (sync/walk/walker.h) that the walk compared with the row before it. For status it is also
// the answer that made the SIM missing; the other fields of a missing SIM were not confirmed since it was last read.
// The history of a SIM never goes back in time: what is recorded after a change bears no earlier time (recorded_at),
// even if the clock was set back or an answer overtook another. It happened before that later time as well, and
// simsync.inventory_at can go by the times. A change to exactly the metadata that a request is about to send, or has
// sent, is our own, whoever sees it first. That is asked of SIMs whose metadata differ, and of no others.
inline constexpr char kDifferingSims[] = R"(
WITH incoming AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[],
                       $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
    AS i (sim_id, iccid, provider, type, status, metadata, extra, created_at, asked_at, observed_at)
), walked AS MATERIALIZED (
  SELECT max(started_at) AS since FROM simsync.walk WHERE project = $1 AND kind = 'full' AND outcome = 'complete'
), compared AS MATERIALIZED (
  SELECT i.*, s.sim_id IS NULL AS is_new, s.missing_since IS NOT NULL AS returned,
         greatest(i.observed_at, s.changed_at) AS recorded_at,
         (i.asked_at < greatest(s.confirmed_at, s.missing_since)
          AND s.confirmed_at <= $12::timestamptz + interval '1 minute')
         OR (i.asked_at < s.changed_at AND s.changed_at <= $12::timestamptz + interval '1 minute') AS late,
         s.iccid AS old_iccid, s.provider AS old_provider, s.type AS old_type, s.status AS old_status,
         s.metadata AS old_metadata, s.extra AS old_extra, s.created_at AS old_created_at,
         CASE WHEN s.missing_since IS NULL THEN least(greatest(s.confirmed_at, w.since), i.observed_at)
              ELSE least(s.confirmed_at, i.observed_at) END AS confirmed,
         least(greatest(s.missing_since, w.since), i.observed_at) AS confirmed_gone, w.since AS walked_since
  FROM incoming i CROSS JOIN walked
  LEFT JOIN LATERAL (SELECT * FROM simsync.sim o WHERE o.project = $1 AND o.sim_id = i.sim_id OFFSET 0) s ON true
  CROSS JOIN LATERAL (SELECT CASE WHEN walked.since >= coalesce(s.changed_at + interval '5 minutes', '-infinity')
                                  THEN least(walked.since, i.asked_at, i.observed_at) END AS since) w
  WHERE s.sim_id IS NULL OR s.missing_since IS NOT NULL
     OR (s.iccid, s.provider, s.type, s.status, s.metadata, s.extra, s.created_at)
        IS DISTINCT FROM (i.iccid, i.provider, i.type, i.status, i.metadata, i.extra, i.created_at)
), differing AS MATERIALIZED (
  SELECT * FROM compared WHERE late IS NOT TRUE
), change AS MATERIALIZED (
  SELECT d.sim_id, f.kind, f.field, f.old_value, f.new_value, f.not_before, d.recorded_at AS observed_at, d.provider,
         d.type, CASE WHEN own.request_id IS NOT NULL THEN 'metadata_request' END AS origin, own.request_id
  FROM differing d CROSS JOIN LATERAL (VALUES
    ('reappeared', 'status', NULL, d.status, d.returned, d.confirmed_gone),
    ('changed', 'status', d.old_status, d.status, NOT d.returned AND d.old_status <> d.status, d.confirmed),
    ('changed', 'iccid', d.old_iccid, d.iccid, d.old_iccid <> d.iccid, d.confirmed),
    ('changed', 'provider', d.old_provider, d.provider, d.old_provider <> d.provider, d.confirmed),
    ('changed', 'type', d.old_type, d.type, d.old_type <> d.type, d.confirmed),
    ('changed', 'metadata', d.old_metadata::text, d.metadata::text, d.old_metadata <> d.metadata, d.confirmed),
    ('changed', 'extra', d.old_extra::text, d.extra::text, d.old_extra <> d.extra, d.confirmed),
    ('changed', 'created_at', to_char(d.old_created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
     to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
     d.old_created_at <> d.created_at, d.confirmed)
  ) AS f (kind, field, old_value, new_value, applies, not_before)
  LEFT JOIN LATERAL (SELECT r.request_id FROM simsync.metadata_request r
                     WHERE f.field = 'metadata' AND r.project = $1 AND r.sim_id = d.sim_id AND r.state = 'pending'
                       AND r.sent = d.metadata
                     ORDER BY r.request_id LIMIT 1) own ON true
  WHERE NOT d.is_new AND f.applies
  UNION ALL
  SELECT d.sim_id, 'appeared', 'status', NULL, d.status, d.walked_since, d.observed_at, d.provider, d.type, NULL, NULL
  FROM differing d WHERE d.is_new AND d.walked_since IS NOT NULL
))";

// The payload of a NOTIFY must stay under 8,000 bytes: long values are left out and marked, the row has them.
inline constexpr char kNotifyHistory[] = R"(
told AS (
  SELECT pg_notify('simsync', CASE WHEN octet_length(whole) < 7900 THEN whole ELSE short END)
  FROM (SELECT
    json_build_object('type', 'simsync.sim.change', 'project', $1, 'change_id', h.change_id, 'sim_id', h.sim_id,
      'kind', h.kind, 'field', h.field, 'old_value', h.old_value, 'new_value', h.new_value,
      'not_before', h.not_before, 'observed_at', h.observed_at, 'origin', h.origin, 'request_id', h.request_id)::text
      AS whole,
    json_build_object('type', 'simsync.sim.change', 'project', $1, 'change_id', h.change_id, 'sim_id', h.sim_id,
      'kind', h.kind, 'field', h.field, 'values_left_out', true,
      'not_before', h.not_before, 'observed_at', h.observed_at, 'origin', h.origin, 'request_id', h.request_id)::text
      AS short
    FROM history h) payload
))";

// Keeps simsync.inventory_count, whose key cannot hold texts of any length: `shift` has a row for each SIM that enters
// (n = 1) or leaves (n = -1) a group. The rows are changed under the project's lock, so writers never wait for each
// other here.
inline constexpr char kShiftCounts[] = R"(
counted AS (
  INSERT INTO simsync.inventory_count AS c (project, provider, type, status, profile_status, sims)
  SELECT $1, left(provider, 100), left(type, 100), left(status, 100), left(coalesce(profile_status, ''), 100), sum(n)
  FROM shift GROUP BY 2, 3, 4, 5 HAVING sum(n) <> 0
  ON CONFLICT (project, provider, type, status, profile_status) DO UPDATE SET sims = c.sims + excluded.sims
), )";

// For a judge of what is written: beside the counts the rows of history, or one row of nulls. In the same statement, so
// that asking costs no second round trip. What the SIM is now, the caller knows.
inline constexpr char kSimHistoryBeside[] = R"() counts
LEFT JOIN (SELECT change_id, sim_id, kind, field, old_value, new_value,
                          (date_part('epoch', observed_at) * 1000000)::bigint AS observed_at, origin IS NOT NULL AS own
                   FROM history) h ON true)";

// Returns created, changed, rows of history, late readings.
inline const std::string kWriteSims = std::string{kDifferingSims} + R"(, created AS (
  INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                           changed_at, confirmed_at)
  SELECT $1, sim_id, iccid, provider, type, status, metadata, created_at, extra, observed_at, observed_at, asked_at
  FROM differing WHERE is_new
), updated AS (
  INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                           changed_at, confirmed_at)
  SELECT $1, sim_id, iccid, provider, type, status, metadata, created_at, extra, observed_at, recorded_at, asked_at
  FROM differing WHERE NOT is_new
  ON CONFLICT (project, sim_id) DO UPDATE
  SET iccid = excluded.iccid, provider = excluded.provider, type = excluded.type, status = excluded.status,
      metadata = excluded.metadata, created_at = excluded.created_at, extra = excluded.extra,
      changed_at = excluded.changed_at, missing_since = NULL, confirmed_at = excluded.confirmed_at
), history AS (
  INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, not_before, observed_at, provider,
                                  type, origin, request_id)
  SELECT $1, sim_id, kind, field, old_value, new_value, not_before, observed_at, provider, type, origin, request_id
  FROM change
  RETURNING *
), moved AS MATERIALIZED (
  -- Those that change what is counted, each with its profile.
  SELECT d.*, p.place, p.profile_status
  FROM differing d
  LEFT JOIN LATERAL (SELECT o.ctid AS place, o.status AS profile_status FROM simsync.esim_profile o
                     WHERE o.project = $1 AND o.sim_id = d.sim_id OFFSET 0) p ON true
  WHERE d.is_new OR d.returned
     OR (d.provider, d.type, d.status) IS DISTINCT FROM (d.old_provider, d.old_type, d.old_status)
), told_profile AS (
  UPDATE simsync.esim_profile p SET sim_status = m.status
  FROM moved m WHERE p.ctid = m.place AND p.project = $1 AND p.sim_id = m.sim_id AND p.sim_status IS DISTINCT FROM m.status
), shift AS (
  SELECT provider, type, status, profile_status, 1 AS n FROM moved
  UNION ALL
  SELECT old_provider, old_type, old_status, profile_status, -1 FROM moved WHERE NOT is_new AND NOT returned
), )" + kShiftCounts + kNotifyHistory;
inline constexpr char kCountSims[] = R"(
SELECT (SELECT count(*) FROM differing WHERE is_new) AS created,
       (SELECT count(*) FROM differing WHERE NOT is_new) AS changed, (SELECT count(*) FROM told) AS recorded,
       (SELECT count(*) FROM compared WHERE late) AS late)";
inline const std::string kApplySims = kWriteSims + kCountSims;
inline const std::string kApplyJudgedSims = kWriteSims + "\nSELECT * FROM (" + kCountSims + kSimHistoryBeside;

// For COPY.
inline constexpr char kSimTable[] = "simsync.sim";
inline const std::vector<std::string> kSimColumns = {"project",    "sim_id",        "iccid",      "provider",
                                                     "type",       "status",        "metadata",   "extra",
                                                     "created_at", "first_seen_at", "changed_at", "confirmed_at"};

// What a COPY of new SIMs adds: $1 project, $2 to $4 the groups, an array per column, $5 how many in each.
inline const std::string kCountCopied = std::string{R"(
WITH shift AS (
  SELECT s.*, NULL::text AS profile_status
  FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS s (provider, type, status, n)
), )"} + kShiftCounts + "done AS (SELECT 1) SELECT FROM done";

// The same comparison, writing nothing: a row for each new SIM (kind null) and each change there would be.
inline const std::string kCompareSims = std::string{kDifferingSims} + R"(
SELECT d.sim_id, d.is_new, c.kind, c.field, c.old_value, c.new_value
FROM differing d LEFT JOIN change c ON c.sim_id = d.sim_id ORDER BY d.sim_id)";

// $1 project, $2 ids, $3 asked_at, $4 observed_at: one array each; $5 the present time. A SIM that was read later than
// the answer that denied it stays. Returns how many became missing and the rows of history told.
inline const std::string kWriteMissing = std::string{R"(
WITH incoming AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS i (sim_id, asked_at, observed_at)
), walked AS MATERIALIZED (
  SELECT max(started_at) AS since FROM simsync.walk WHERE project = $1 AND kind = 'full' AND outcome = 'complete'
), gone AS MATERIALIZED (
  SELECT s.*, i.observed_at, greatest(i.observed_at, s.changed_at) AS recorded_at,
         least(greatest(s.confirmed_at,
                        CASE WHEN walked.since >= s.changed_at + interval '5 minutes' THEN walked.since END),
               i.observed_at) AS confirmed
  FROM incoming i CROSS JOIN walked
  CROSS JOIN LATERAL (SELECT * FROM simsync.sim o WHERE o.project = $1 AND o.sim_id = i.sim_id OFFSET 0) s
  WHERE s.missing_since IS NULL AND (s.confirmed_at <= i.asked_at OR s.confirmed_at > $5::timestamptz + interval '1 minute')
    AND (s.changed_at <= i.asked_at OR s.changed_at > $5::timestamptz + interval '1 minute')
), updated AS (
  INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                           changed_at, missing_since, confirmed_at)
  SELECT project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at, recorded_at,
         observed_at, confirmed_at
  FROM gone
  ON CONFLICT (project, sim_id) DO UPDATE
  SET missing_since = excluded.missing_since, changed_at = excluded.changed_at
), history AS (
  INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, not_before, observed_at, provider,
                                  type)
  SELECT $1, sim_id, 'disappeared', 'status', status, NULL, confirmed, recorded_at, provider, type FROM gone
  RETURNING *
), profiled AS MATERIALIZED (
  SELECT g.sim_id, g.provider, g.type, g.status, p.place, p.profile_status
  FROM gone g
  LEFT JOIN LATERAL (SELECT o.ctid AS place, o.status AS profile_status FROM simsync.esim_profile o
                     WHERE o.project = $1 AND o.sim_id = g.sim_id OFFSET 0) p ON true
), told_profile AS (
  UPDATE simsync.esim_profile p SET sim_status = NULL
  FROM profiled g WHERE p.ctid = g.place AND p.project = $1 AND p.sim_id = g.sim_id
), shift AS (
  SELECT provider, type, status, profile_status, -1 AS n FROM profiled
), )"} + kShiftCounts + kNotifyHistory;
inline const std::string kMarkMissing = kWriteMissing + "SELECT count(*) FROM told";
// With what is known of the SIM: but for missing_since it stays what it was.
inline const std::string kMarkJudgedMissing = kWriteMissing + R"(
SELECT counts.told, h.change_id, h.sim_id, h.kind, h.field, h.old_value, h.new_value,
       (date_part('epoch', h.observed_at) * 1000000)::bigint, h.provider, h.type, s.status, s.metadata
FROM (SELECT count(*) AS told FROM told) counts
LEFT JOIN history h ON true
LEFT JOIN LATERAL (SELECT o.status, o.metadata FROM simsync.sim o
                   WHERE o.project = $1 AND o.sim_id = h.sim_id OFFSET 0) s ON true)";

// ---- reading ------------------------------------------------------------------------------------------------------

inline constexpr char kPresentCount[] = "SELECT count(*) FROM simsync.sim WHERE project = $1 AND missing_since IS NULL";
inline constexpr char kGoneSince[] =
    "SELECT count(*) FROM simsync.sim WHERE project = $1 AND missing_since >= $2::timestamptz";
// Read in parts, so that neither side holds the whole inventory.
inline constexpr char kDeclarePresent[] = R"(
DECLARE simsync_present NO SCROLL CURSOR FOR
SELECT sim_id, iccid, provider, type, status, metadata, extra, (date_part('epoch', created_at) * 1000000)::bigint,
       (date_part('epoch', confirmed_at) * 1000000)::bigint
FROM simsync.sim WHERE project = $1 AND missing_since IS NULL)";
inline constexpr char kFetchPresent[] = "FETCH 10000 FROM simsync_present";
inline constexpr char kPresentIds[] = R"(
SELECT sim_id FROM simsync.sim WHERE project = $1 AND sim_id > $2 AND missing_since IS NULL
ORDER BY sim_id LIMIT $3::bigint)";
inline constexpr char kPresentBeyond[] = R"(
SELECT sim_id FROM simsync.sim WHERE project = $1 AND missing_since IS NULL AND created_at < $2::timestamptz
ORDER BY created_at DESC, sim_id OFFSET $3::bigint LIMIT 1)";
// $1 project, $2 since, $3 the number after which. The index of history by time leads with the field.
inline const std::string kOfRecordedSince = R"(
FROM simsync.sim_change
WHERE field = ANY ('{status,iccid,provider,type,metadata,extra,created_at}') AND observed_at >= $2::timestamptz
  AND project = $1 AND change_id > $3::bigint)";
inline const std::string kRecordedSince =
    "SELECT count(*), coalesce(max(change_id), 0), (date_part('epoch', now()) * 1000000)::bigint" + kOfRecordedSince;
inline const std::string kChangedSince = "SELECT sim_id" + kOfRecordedSince + " GROUP BY sim_id LIMIT $4::bigint";
// Read to their end, so the plans are to be the cheapest for all rows. Epochs as double: exact to the microsecond until
// 2255, and several times cheaper than numeric. Whether a SIM was activated lately is looked up only where something
// changed lately. $1 project, $2 providers.
inline constexpr char kPlanForWholeTables[] = "SET LOCAL cursor_tuple_fraction = 1; SET LOCAL jit = off";
inline constexpr char kDeclareWatched[] = R"(
DECLARE simsync_watched NO SCROLL CURSOR FOR
SELECT sim_id, status, date_part('epoch', greatest(created_at, CASE
         WHEN changed_at > first_seen_at AND changed_at > now() - interval '7 days'
         THEN (SELECT max(c.observed_at) FROM simsync.sim_change c
               WHERE c.project = $1 AND c.sim_id = s.sim_id AND c.field = 'status') END))::bigint
FROM simsync.sim s
WHERE project = $1 AND missing_since IS NULL AND type = 'eSIM' AND provider = ANY ($2::text[]))";
inline constexpr char kFetchWatched[] = "FETCH 10000 FROM simsync_watched";
inline constexpr char kDeclareProfiles[] = R"(
DECLARE simsync_profiles NO SCROLL CURSOR FOR
SELECT sim_id, status, (date_part('epoch', updated_at) * 1000000)::bigint, date_part('epoch', last_polled_at)::bigint
FROM simsync.esim_profile WHERE project = $1)";
inline constexpr char kFetchProfiles[] = "FETCH 10000 FROM simsync_profiles";
inline constexpr char kStatusCounts[] = R"(
SELECT (SELECT count(*) FROM simsync.sim WHERE project = $1 AND missing_since IS NULL),
       (SELECT count(*) FROM simsync.sim WHERE project = $1 AND missing_since IS NOT NULL),
       watched.profiles,
       coalesce((SELECT overdue FROM simsync.poll_state
                 WHERE project = $1 AND saved_at > now() - interval '2 minutes'), watched.due),
       (SELECT (extract(epoch FROM max(finished_at)) * 1000000)::bigint FROM simsync.walk
        WHERE project = $1 AND kind = 'full' AND outcome = 'complete')
FROM (SELECT count(*) AS profiles,
             count(*) FILTER (WHERE p.last_polled_at IS NULL OR p.last_polled_at > now() + interval '1 minute'
                              OR p.last_polled_at < now() - $2::bigint * interval '1 millisecond') AS due
      FROM simsync.sim s LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
      WHERE s.project = $1 AND s.missing_since IS NULL AND s.type = 'eSIM' AND s.provider = ANY ($3::text[])) watched)";
inline constexpr char kStatusLastWalk[] = R"(
SELECT walk_id, (extract(epoch FROM started_at) * 1000000)::bigint, (extract(epoch FROM finished_at) * 1000000)::bigint,
       outcome, pages, sims, created, changed, disappeared, requests, retries, skipped, held_back, coalesce(error, '')
FROM simsync.walk WHERE project = $1 AND kind = 'full' AND outcome IS NOT NULL ORDER BY walk_id DESC LIMIT 1)";
inline constexpr char kStatusLastError[] = R"(
SELECT to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') || ' ' || kind || ' walk ' || walk_id || ' '
       || outcome || ': ' || coalesce(error, '')
FROM simsync.walk
WHERE project = $1 AND outcome IN ('failed', 'incomplete') AND error IS DISTINCT FROM 'stopped before its end'
ORDER BY walk_id DESC LIMIT 1)";

}  // namespace simsync::statements
