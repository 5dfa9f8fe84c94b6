// The SQL texts that write eSIM profiles down, and their transitions. As storage/statements.h has it.
#pragma once

#include <string>

#include "storage/statements.h"

namespace simsync::statements {

// $1 project, $2 ids, $3 status, $4 updated_at, $5 asked_at, $6 observed_at: one array each; $7 the present time.
inline constexpr char kMovedProfiles[] = R"(
WITH incoming AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
    AS i (sim_id, status, updated_at, asked_at, observed_at)
), compared AS MATERIALIZED (
  SELECT i.*, p.place, greatest(i.observed_at, p.changed_at) AS recorded_at, p.sim_id IS NULL AS is_new, p.status AS old_status, p.status_since AS old_since,
         CASE WHEN p.sim_id IS NOT NULL THEN least(p.last_polled_at, i.observed_at) END AS confirmed,
         p.sim_id IS NULL OR p.status <> i.status OR i.updated_at > p.updated_at AS moved
  FROM incoming i
  LEFT JOIN LATERAL (SELECT o.*, o.ctid AS place FROM simsync.esim_profile o
                     WHERE o.project = $1 AND o.sim_id = i.sim_id OFFSET 0) p ON true
  WHERE p.sim_id IS NULL
     OR ((i.asked_at >= p.last_polled_at OR p.last_polled_at > $7::timestamptz + interval '1 minute')
         AND (i.asked_at >= p.changed_at OR p.changed_at > $7::timestamptz + interval '1 minute'))
))";

// Returns first sights, moved profiles that were known, rows of history. Of the SIM only those that moved are looked
// up.
inline const std::string kWriteProfiles = std::string{kMovedProfiles} + R"(, moving AS MATERIALIZED (
  SELECT c.*, s.provider, s.type, s.sim_status
  FROM compared c
  LEFT JOIN LATERAL (SELECT o.provider, o.type, CASE WHEN o.missing_since IS NULL THEN o.status END AS sim_status
                     FROM simsync.sim o WHERE o.project = $1 AND o.sim_id = c.sim_id OFFSET 0) s ON true
  WHERE c.moved
), created AS (
  INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since, last_polled_at,
                                    sim_status, changed_at)
  SELECT $1, sim_id, status, updated_at, observed_at, updated_at, asked_at, sim_status, observed_at
  FROM moving WHERE is_new
), updated AS (
  -- By the place where the comparison found the row: ON CONFLICT would also log a lock of each. Nobody moves it
  -- meanwhile, for the project is locked.
  UPDATE simsync.esim_profile p
  SET status = c.status, last_polled_at = c.asked_at,
      changed_at = CASE WHEN c.moved THEN c.recorded_at ELSE p.changed_at END,
      -- The same status reported earlier than known comes from an older copy: the later time stays.
      updated_at = CASE WHEN p.status <> c.status THEN c.updated_at ELSE greatest(p.updated_at, c.updated_at) END,
      status_since = CASE WHEN p.status <> c.status THEN c.updated_at ELSE p.status_since END
  FROM compared c WHERE NOT c.is_new AND p.ctid = c.place AND p.project = $1 AND p.sim_id = c.sim_id
  RETURNING p.sim_id
), recorded AS MATERIALIZED (
  SELECT * FROM moving WHERE is_new OR sim_id IN (SELECT sim_id FROM updated)
), history AS (
  INSERT INTO simsync.esim_profile_transition (project, sim_id, from_status, to_status, reported_at, not_before,
                                               observed_at, provider, from_since)
  SELECT $1, sim_id, old_status, status, updated_at, confirmed, recorded_at, provider, old_since FROM recorded
  RETURNING *
), shift AS (
  SELECT provider, type, sim_status AS status, r.status AS profile_status, 1 AS n FROM recorded r
  WHERE sim_status IS NOT NULL AND old_status IS DISTINCT FROM r.status
  UNION ALL
  SELECT provider, type, sim_status, old_status, -1 FROM recorded r
  WHERE sim_status IS NOT NULL AND old_status IS DISTINCT FROM r.status
), )" + kShiftCounts + R"(told AS (
  SELECT pg_notify('simsync', json_build_object('type', 'simsync.profile.transition', 'project', $1,
    'transition_id', h.transition_id, 'sim_id', h.sim_id, 'from_status', left(h.from_status, 500),
    'to_status', left(h.to_status, 500), 'reported_at', h.reported_at, 'not_before', h.not_before,
    'observed_at', h.observed_at)::text)
  FROM history h
))";
inline constexpr char kCountProfiles[] = R"(
SELECT (SELECT count(*) FROM compared WHERE is_new) AS created,
       (SELECT count(*) FROM compared WHERE moved AND NOT is_new) AS changed, (SELECT count(*) FROM told) AS recorded,
       0 AS late)";
inline const std::string kApplyProfiles = kWriteProfiles + kCountProfiles;
// Without first sights, which are no news.
inline const std::string kApplyJudgedProfiles = kWriteProfiles + "\nSELECT * FROM (" + kCountProfiles + R"() counts
LEFT JOIN (
  SELECT t.transition_id, t.sim_id, t.from_status, t.to_status,
         (date_part('epoch', t.observed_at) * 1000000)::bigint AS observed_at, t.provider, s.type, s.status, s.metadata
  FROM history t
  LEFT JOIN LATERAL (SELECT o.type, o.status, o.metadata FROM simsync.sim o
                     WHERE o.project = $1 AND o.sim_id = t.sim_id OFFSET 0) s ON true
  WHERE t.from_status IS NOT NULL) h ON true)";

// The same comparison, writing nothing.
inline const std::string kCompareProfiles = std::string{kMovedProfiles} + R"(
SELECT sim_id, is_new, old_status, status FROM compared WHERE moved ORDER BY sim_id)";

}  // namespace simsync::statements
