// The SQL texts of the reports. As those of statements.h: all name their schema, and none is ever built from values.
// Each is read through a cursor and has its columns, in their order, below it.
// Parameters that are not said otherwise: $1 projects, $2 provider (empty: all).
// Private to storage/.
#pragma once

#include "storage/report.h"

namespace simsync::statements {

// $1 projects.
inline constexpr char kHistoryStarts[] = R"(
SELECT p.project, (extract(epoch FROM f.exact_since) * 1000000)::bigint AS exact_since
FROM unnest($1::text[]) WITH ORDINALITY AS p (project, place)
LEFT JOIN simsync.freshness f ON f.project = p.project
ORDER BY p.place)";

// Most reports are read to their end; the planner takes a cursor for something that is left after a tenth.
inline constexpr char kReadToTheEnd[] = "SET LOCAL cursor_tuple_fraction = 1";
inline constexpr char kNextRows[] = "FETCH FORWARD 1000 FROM report";

inline constexpr char kReportInventory[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, provider, type, status, profile_status, sims
FROM simsync.inventory_summary
WHERE project = ANY ($1::text[]) AND ($2 = '' OR provider = $2)
ORDER BY project, provider, type, status, profile_status)";
inline constexpr ReportColumn kInventoryColumns[] = {{"project"}, {"provider"},       {"type"},
                                                     {"status"},  {"profile_status"}, {"sims", ReportType::count}};

// $3 the moment.
inline constexpr char kReportInventoryAt[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, provider, type, status, profile_status, count(*) AS sims, count(*) FILTER (WHERE in_doubt) AS in_doubt
FROM simsync.inventory_at($3::timestamptz)
WHERE project = ANY ($1::text[]) AND ($2 = '' OR provider = $2)
GROUP BY project, provider, type, status, profile_status
ORDER BY project, provider, type, status, profile_status)";
inline constexpr ReportColumn kInventoryAtColumns[] = {{"project"},
                                                       {"provider"},
                                                       {"type"},
                                                       {"status"},
                                                       {"profile_status"},
                                                       {"sims", ReportType::count},
                                                       {"in_doubt", ReportType::count}};

inline constexpr char kReportSims[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, sim_id, iccid, provider, type, status, metadata, (extract(epoch FROM created_at) * 1000000)::bigint,
       (extract(epoch FROM first_seen_at) * 1000000)::bigint, (extract(epoch FROM changed_at) * 1000000)::bigint,
       profile_status, (extract(epoch FROM profile_status_since) * 1000000)::bigint,
       (extract(epoch FROM profile_last_polled_at) * 1000000)::bigint
FROM simsync.inventory
WHERE project = ANY ($1::text[]) AND ($2 = '' OR provider = $2)
ORDER BY project, sim_id)";
inline constexpr ReportColumn kSimsColumns[] = {{"project"},
                                                {"sim_id"},
                                                {"iccid"},
                                                {"provider"},
                                                {"type"},
                                                {"status"},
                                                {"metadata", ReportType::json},
                                                {"created_at", ReportType::time},
                                                {"first_seen_at", ReportType::time},
                                                {"changed_at", ReportType::time},
                                                {"profile_status"},
                                                {"profile_status_since", ReportType::time},
                                                {"profile_last_polled_at", ReportType::time}};

// $3 the moment.
inline constexpr char kReportSimsAt[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, sim_id, iccid, provider, type, status, metadata, (extract(epoch FROM created_at) * 1000000)::bigint,
       (extract(epoch FROM first_seen_at) * 1000000)::bigint, profile_status,
       (extract(epoch FROM profile_status_since) * 1000000)::bigint, extra, in_doubt
FROM simsync.inventory_at($3::timestamptz)
WHERE project = ANY ($1::text[]) AND ($2 = '' OR provider = $2)
ORDER BY project, sim_id)";
inline constexpr ReportColumn kSimsAtColumns[] = {{"project"},
                                                  {"sim_id"},
                                                  {"iccid"},
                                                  {"provider"},
                                                  {"type"},
                                                  {"status"},
                                                  {"metadata", ReportType::json},
                                                  {"created_at", ReportType::time},
                                                  {"first_seen_at", ReportType::time},
                                                  {"profile_status"},
                                                  {"profile_status_since", ReportType::time},
                                                  {"extra", ReportType::json},
                                                  {"in_doubt", ReportType::flag}};

// $3 since, $4 until. The ICCID is that of now: people know SIMs by it.
inline constexpr char kReportTransitions[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT t.project, t.sim_id, s.iccid, t.provider, t.type, t.what, t.kind, t.from_status, t.to_status,
       (extract(epoch FROM t.reported_at) * 1000000)::bigint, (extract(epoch FROM t.not_before) * 1000000)::bigint,
       (extract(epoch FROM t.observed_at) * 1000000)::bigint, t.id
FROM simsync.transition t
LEFT JOIN simsync.sim s ON s.project = t.project AND s.sim_id = t.sim_id
WHERE t.project = ANY ($1::text[]) AND ($2 = '' OR t.provider = $2)
  AND t.observed_at >= $3::timestamptz AND t.observed_at < $4::timestamptz
ORDER BY t.observed_at, t.project, t.sim_id, t.what, t.id)";
inline constexpr ReportColumn kTransitionsColumns[] = {{"project"},
                                                       {"sim_id"},
                                                       {"iccid"},
                                                       {"provider"},
                                                       {"type"},
                                                       {"what"},
                                                       {"kind"},
                                                       {"from_status"},
                                                       {"to_status"},
                                                       {"reported_at", ReportType::time},
                                                       {"not_before", ReportType::time},
                                                       {"observed_at", ReportType::time},
                                                       {"id", ReportType::count}};

inline constexpr char kReportStock[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, provider, type, unused, active, activations_7d, activations_30d,
       (extract(epoch FROM window_7d_from) * 1000000)::bigint, (extract(epoch FROM window_30d_from) * 1000000)::bigint,
       activations_per_day, days_left
FROM simsync.stock
WHERE project = ANY ($1::text[]) AND ($2 = '' OR provider = $2)
ORDER BY project, provider, type)";
inline constexpr ReportColumn kStockColumns[] = {{"project"},
                                                 {"provider"},
                                                 {"type"},
                                                 {"unused", ReportType::count},
                                                 {"active", ReportType::count},
                                                 {"activations_7d", ReportType::count},
                                                 {"activations_30d", ReportType::count},
                                                 {"window_7d_from", ReportType::time},
                                                 {"window_30d_from", ReportType::time},
                                                 {"activations_per_day", ReportType::decimal},
                                                 {"days_left", ReportType::decimal}};

inline constexpr char kReportStuck[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, sim_id, iccid, provider, metadata, profile_status,
       (extract(epoch FROM profile_status_since) * 1000000)::bigint,
       (extract(epoch FROM not_enabled_since) * 1000000)::bigint,
       (extract(epoch FROM sim_active_since) * 1000000)::bigint, (extract(epoch FROM stuck_since) * 1000000)::bigint,
       trunc(extract(epoch FROM stuck_for))::bigint, (extract(epoch FROM last_polled_at) * 1000000)::bigint
FROM simsync.stuck_profile
WHERE project = ANY ($1::text[]) AND ($2 = '' OR provider = $2)
ORDER BY stuck_since, project, sim_id)";
inline constexpr ReportColumn kStuckColumns[] = {{"project"},
                                                 {"sim_id"},
                                                 {"iccid"},
                                                 {"provider"},
                                                 {"metadata", ReportType::json},
                                                 {"profile_status"},
                                                 {"profile_status_since", ReportType::time},
                                                 {"not_enabled_since", ReportType::time},
                                                 {"sim_active_since", ReportType::time},
                                                 {"stuck_since", ReportType::time},
                                                 {"stuck_for_s", ReportType::seconds},
                                                 {"last_polled_at", ReportType::time}};

// $2 since, $3 until. Those that last end at no time.
inline constexpr char kReportGaps[] = R"(
DECLARE report NO SCROLL CURSOR FOR
SELECT project, what, (extract(epoch FROM began_at) * 1000000)::bigint, (extract(epoch FROM ended_at) * 1000000)::bigint,
       trunc(extract(epoch FROM lasted))::bigint, reason, error
FROM simsync.coverage_gap
WHERE project = ANY ($1::text[]) AND coalesce(ended_at, 'infinity') > $2::timestamptz AND began_at < $3::timestamptz
ORDER BY began_at, project, what, reason)";
inline constexpr ReportColumn kGapsColumns[] = {{"project"},
                                                {"what"},
                                                {"began_at", ReportType::time},
                                                {"ended_at", ReportType::time},
                                                {"lasted_s", ReportType::seconds},
                                                {"reason"},
                                                {"error"}};

}  // namespace simsync::statements
