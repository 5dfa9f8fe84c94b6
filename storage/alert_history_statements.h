// The SQL texts of what rules would have been shown in the past. As storage/statements.h has it.
#pragma once

namespace simsync::statements {

// Portions by key: $1 project, $2 and $3 time and number of the last row that was read, $4 how many.
inline constexpr char kPastTransitions[] = R"(
SELECT t.transition_id, t.sim_id, 'transition', 'profile', t.from_status, t.to_status,
       (date_part('epoch', t.observed_at) * 1000000)::bigint, coalesce(t.provider, s.provider, ''), coalesce(s.type, ''),
       coalesce(s.status, ''), coalesce(s.metadata::text, ''), t.observed_at::text, false
FROM simsync.esim_profile_transition t
LEFT JOIN simsync.sim s ON s.project = t.project AND s.sim_id = t.sim_id
WHERE t.project = $1 AND t.observed_at >= $2::timestamptz
  AND (t.observed_at, t.transition_id) > ($2::timestamptz, $3::bigint)
  AND t.from_status IS NOT NULL
ORDER BY t.observed_at, t.transition_id LIMIT $4::bigint)";

inline constexpr char kPastChanges[] = R"(
SELECT c.change_id, c.sim_id, c.kind, c.field, c.old_value, c.new_value,
       (date_part('epoch', c.observed_at) * 1000000)::bigint, coalesce(c.provider, s.provider, ''),
       coalesce(c.type, s.type, ''), coalesce(s.status, ''), coalesce(s.metadata::text, ''), c.observed_at::text,
       c.origin IS NOT NULL
FROM simsync.sim_change c
LEFT JOIN simsync.sim s ON s.project = c.project AND s.sim_id = c.sim_id
LEFT JOIN simsync.history_state h ON h.project = c.project
WHERE c.project = $1 AND c.observed_at >= $2::timestamptz
  AND (c.observed_at, c.change_id) > ($2::timestamptz, $3::bigint)
  AND NOT (c.kind = 'appeared' AND c.observed_at <= coalesce(h.exact_since, 'infinity'))
ORDER BY c.observed_at, c.change_id LIMIT $4::bigint)";

// Portions by key: $1 project, $2 the begin of a stay and $3 the SIM of the last row that was read, $4 how many; $5 how
// many milliseconds the stay lasts, $6 the earliest and $7 the latest moment at which it had lasted for so long.
inline constexpr char kPastProfileStays[] = R"(
SELECT 0, p.sim_id, 'transition', 'profile', '', p.status,
       (date_part('epoch', p.since + make_interval(secs => $5::float8 / 1000)) * 1000000)::bigint,
       coalesce(p.provider, s.provider, ''), coalesce(s.type, ''), coalesce(s.status, ''), coalesce(s.metadata::text, ''),
       p.since::text, (date_part('epoch', p.until) * 1000000)::bigint
FROM simsync.profile_stay p
LEFT JOIN simsync.sim s ON s.project = p.project AND s.sim_id = p.sim_id
WHERE p.project = $1 AND (p.since, p.sim_id) > ($2::timestamptz, $3::text COLLATE "C")
  AND p.since BETWEEN $6::timestamptz - make_interval(secs => $5::float8 / 1000)
                  AND $7::timestamptz - make_interval(secs => $5::float8 / 1000)
  AND coalesce(p.until, $7::timestamptz) >= p.since + make_interval(secs => $5::float8 / 1000)
ORDER BY p.since, p.sim_id LIMIT $4::bigint)";

inline constexpr char kPastSimStays[] = R"(
WITH begun AS (
  SELECT c.project, c.sim_id, c.kind, c.new_value AS status, c.observed_at AS since,
         lead(c.observed_at) OVER (PARTITION BY c.sim_id ORDER BY c.observed_at, c.change_id) AS until
  FROM simsync.sim_change c
  WHERE c.project = $1 AND (c.field = 'status' OR c.kind IN ('appeared', 'disappeared', 'reappeared'))
)
SELECT 0, b.sim_id, 'changed', 'status', '', b.status,
       (date_part('epoch', b.since + make_interval(secs => $5::float8 / 1000)) * 1000000)::bigint,
       coalesce(s.provider, ''), coalesce(s.type, ''), coalesce(s.status, ''), coalesce(s.metadata::text, ''),
       b.since::text, (date_part('epoch', b.until) * 1000000)::bigint
FROM begun b
LEFT JOIN simsync.sim s ON s.project = b.project AND s.sim_id = b.sim_id
WHERE (b.since, b.sim_id) > ($2::timestamptz, $3::text COLLATE "C") AND b.status IS NOT NULL
  AND b.since BETWEEN $6::timestamptz - make_interval(secs => $5::float8 / 1000)
                  AND $7::timestamptz - make_interval(secs => $5::float8 / 1000)
  AND coalesce(b.until, $7::timestamptz) >= b.since + make_interval(secs => $5::float8 / 1000)
ORDER BY b.since, b.sim_id LIMIT $4::bigint)";

// $1 project, $2 milliseconds, $3 since, $4 now.
inline constexpr char kPastLateness[] = R"(
WITH complete AS (
  SELECT finished_at, lead(finished_at) OVER (ORDER BY finished_at) AS next
  FROM simsync.walk
  WHERE project = $1 AND kind = 'full' AND outcome = 'complete'
)
SELECT (date_part('epoch', finished_at + make_interval(secs => $2::float8 / 1000)) * 1000000)::bigint,
       (date_part('epoch', next) * 1000000)::bigint
FROM complete
WHERE coalesce(next, $4::timestamptz) > finished_at + make_interval(secs => $2::float8 / 1000)
  AND coalesce(next, $4::timestamptz) > $3::timestamptz
ORDER BY finished_at LIMIT 1000)";

}  // namespace simsync::statements
