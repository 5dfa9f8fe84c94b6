// The SQL texts of the schema itself: whether and how it is there, and what a role may do. As storage/statements.h has
// it.
#pragma once

namespace simsync::statements {

inline constexpr char kSchemaExists[] = "SELECT to_regclass('simsync.schema_migration') IS NOT NULL";
inline constexpr char kSchemaVersion[] = "SELECT coalesce(max(version), 0) FROM simsync.schema_migration";
// The number is "simsync" in ASCII: any constant that no other program picks does.
// A migration may take its time, and who comes second waits for it. But nobody waits behind a migration that waits for
// somebody's long report: it gives up, and is tried again with the next start.
inline constexpr char kMigrationLock[] =
    "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(32487701588831843); SET LOCAL lock_timeout = '2s'";
inline constexpr char kCreateSchema[] = R"(
  CREATE SCHEMA IF NOT EXISTS simsync;
  CREATE TABLE IF NOT EXISTS simsync.schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now());
  COMMENT ON TABLE simsync.schema_migration IS 'The migrations applied to this schema.')";
inline constexpr char kRecordMigration[] =
    "INSERT INTO simsync.schema_migration (version, name) VALUES ($1::integer, $2)";

inline constexpr char kServerVersion[] = "SELECT split_part(current_setting('server_version'), ' ', 1)";
// One text that says what the role may not do, or null. What deletes (history.keep) is not asked of those who keep all.
inline constexpr char kMissingRights[] = R"(
SELECT string_agg(lower(privilege) || ' in simsync.' || name, ', ' ORDER BY name, privilege)
FROM (SELECT name, privilege
      FROM unnest(ARRAY['sim', 'esim_profile', 'walk', 'walk_progress', 'poll_state', 'inventory_count',
                        'history_state', 'service_run', 'alert', 'alert_delivery', 'alert_message', 'lease',
                        'daemon', 'metadata_request']) AS name,
           unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS privilege
      UNION ALL
      SELECT name, privilege
      FROM unnest(ARRAY['sim_change', 'esim_profile_transition', 'watch_gap']) AS name,
           unnest(ARRAY['SELECT', 'INSERT']) AS privilege
      UNION ALL SELECT 'schema_migration', 'SELECT'
     ) AS needed
WHERE NOT (has_schema_privilege('simsync', 'USAGE') AND has_table_privilege('simsync.' || name, privilege)))";
inline constexpr char kMissingRightsToCreate[] = R"(
SELECT CASE WHEN NOT has_database_privilege(current_database(), 'CREATE')
  THEN 'create the schema simsync: GRANT CREATE ON DATABASE ' || current_database() || ' TO ' || current_user END)";

}  // namespace simsync::statements
