// The SQL texts of what rules ask about the present. As storage/statements.h has it.
#pragma once

#include <string>

namespace simsync::statements {

// A SIM `s` that is meant: $2 providers, $3 types, $4 statuses, as LIKE patterns, none: all; $5 keys of metadata and $6
// a pattern for each, one of which must fit for every key.
inline constexpr char kMeantSim[] = R"(
  (cardinality($2::text[]) = 0 OR s.provider LIKE ANY ($2::text[]))
  AND (cardinality($3::text[]) = 0 OR s.type LIKE ANY ($3::text[]))
  AND (cardinality($4::text[]) = 0 OR s.status LIKE ANY ($4::text[]))
  AND (cardinality($5::text[]) = 0
       OR (SELECT bool_and(fits) FROM (SELECT bool_or(coalesce(s.metadata ->> w.key LIKE w.pattern, false)) AS fits
                                       FROM unnest($5::text[], $6::text[]) AS w (key, pattern) GROUP BY w.key) each_key))
)";

// As above; $1 project, $7 statuses as patterns, $8 the latest begin, $9 how many at most, $10 rule. That there is no
// such profile at all, which is so most of the time, the counts say without a look at the profiles. The second column
// is their total. Those with an open alert of the rule come first, so that the ones that are cut off have none.
inline const std::string kProfilesInState = std::string{R"(
WITH open AS MATERIALIZED (
  SELECT sim_id FROM simsync.alert WHERE project = $1 AND rule = $10 AND state = 'firing'
), held AS MATERIALIZED (
  SELECT p.sim_id, s.provider, p.status, p.status_since, s.iccid, s.type, s.status AS sim_status
  FROM simsync.esim_profile p
  JOIN simsync.sim s ON s.project = p.project AND s.sim_id = p.sim_id
  WHERE p.project = $1 AND p.status LIKE ANY ($7::text[]) AND p.status_since <= $8::timestamptz
    AND s.missing_since IS NULL
    AND EXISTS (SELECT FROM simsync.inventory_count c
                WHERE c.project = $1 AND c.sims > 0 AND c.profile_status LIKE ANY ($7::text[]))
    AND )"} + kMeantSim + R"(
)
SELECT sim_id, (SELECT count(*) FROM held), provider, status, (date_part('epoch', status_since) * 1000000)::bigint,
       jsonb_build_object('iccid', iccid, 'type', type, 'status', sim_status, 'profile_status', status)
FROM (SELECT * FROM held ORDER BY sim_id IN (SELECT sim_id FROM open) DESC, status_since, sim_id
      LIMIT $9::bigint) first
ORDER BY status_since, sim_id)";

// The same of SIMs. The history is asked only of those that changed after the latest begin, and of those returned: so
// "began first" goes by the last change of anything where there are too many.
inline const std::string kSimsInState = std::string{R"(
WITH open AS MATERIALIZED (
  SELECT sim_id FROM simsync.alert WHERE project = $1 AND rule = $10 AND state = 'firing'
), held AS MATERIALIZED (
  SELECT s.sim_id, s.provider, s.status, s.iccid, s.type, s.changed_at, s.first_seen_at
  FROM simsync.sim s
  WHERE s.project = $1 AND s.status LIKE ANY ($7::text[]) AND s.missing_since IS NULL
    AND s.first_seen_at <= $8::timestamptz
    AND (s.changed_at <= $8::timestamptz
         OR coalesce((SELECT max(c.observed_at) FROM simsync.sim_change c
                      WHERE c.project = $1 AND c.sim_id = s.sim_id AND c.field = 'status'), s.first_seen_at)
            <= $8::timestamptz)
    AND )"} + kMeantSim + R"(
), first AS (
  SELECT * FROM held ORDER BY sim_id IN (SELECT sim_id FROM open) DESC, changed_at, sim_id LIMIT $9::bigint
)
SELECT f.sim_id, (SELECT count(*) FROM held), f.provider, f.status, (date_part('epoch', b.since) * 1000000)::bigint,
       jsonb_build_object('iccid', f.iccid, 'type', f.type, 'status', f.status)
FROM first f
CROSS JOIN LATERAL (SELECT coalesce(max(c.observed_at), f.first_seen_at) AS since FROM simsync.sim_change c
                    WHERE c.project = $1 AND c.sim_id = f.sim_id AND c.field = 'status') b
ORDER BY b.since, f.sim_id)";

// $1 project, $2 providers, $3 types as patterns, none: all. As simsync.stock, without the activations, which cost
// more; what once was there and is no more is a stock of nothing.
inline constexpr char kStockLevels[] = R"(
SELECT provider, type, coalesce(sum(sims) FILTER (WHERE status = 'inactive'), 0)::bigint
FROM simsync.inventory_count
WHERE project = $1 AND (cardinality($2::text[]) = 0 OR provider LIKE ANY ($2::text[]))
  AND (cardinality($3::text[]) = 0 OR type LIKE ANY ($3::text[]))
GROUP BY provider, type ORDER BY provider, type)";

// $1 project.
inline constexpr char kProjectAge[] = R"(
SELECT (SELECT (date_part('epoch', finished_at) * 1000000)::bigint FROM simsync.walk
        WHERE project = $1 AND kind = 'full' AND outcome = 'complete' ORDER BY started_at DESC LIMIT 1),
       (SELECT (date_part('epoch', started_at) * 1000000)::bigint FROM simsync.walk
        WHERE project = $1 ORDER BY walk_id LIMIT 1))";

}  // namespace simsync::statements
