// The SQL texts that look after the role simsync_reader, whose rights every reporting user has. Private to storage/.
#pragma once

namespace simsync::statements {

// Whether this session has to make the role: only who can grant it something makes it.
inline constexpr char kReaderToBeMade[] = R"(
SELECT NOT pg_is_in_recovery() AND (me.rolsuper OR me.rolcreaterole)
       AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'simsync_reader')
       AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'simsync' AND pg_has_role(nspowner, 'USAGE'))
FROM pg_roles me WHERE me.rolname = current_user)";
// Roles belong to the whole server, so a program that migrates another database may be quicker; and some hosts forbid
// names or reserve the making of roles. Neither is a fault.
inline constexpr char kMakeReader[] = R"(
DO $$ BEGIN
  CREATE ROLE simsync_reader NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$)";
// What the role lacks, each as the statement that grants it, and whether this session may carry that out. Of objects
// that somebody else put into the schema nothing is said, unless the session may grant them.
inline constexpr char kReaderLacks[] = R"(
SELECT g.statement, NOT pg_is_in_recovery() AND pg_has_role(g.owner, 'USAGE'), pg_get_userbyid(n.nspowner)
FROM pg_roles r JOIN pg_namespace n ON n.nspname = 'simsync'
CROSS JOIN LATERAL (
  SELECT 1 AS step, n.nspowner AS owner, 'GRANT USAGE ON SCHEMA simsync TO simsync_reader' AS statement
  WHERE NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
  UNION ALL
  SELECT 2, c.relowner, format('GRANT SELECT ON TABLE simsync.%I TO simsync_reader', c.relname)
  FROM pg_class c
  WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')
  UNION ALL
  SELECT 3, f.proowner, format('GRANT EXECUTE ON FUNCTION %s TO simsync_reader', f.oid::regprocedure)
  FROM pg_proc f
  WHERE f.pronamespace = n.oid AND f.prokind = 'f' AND NOT has_function_privilege(r.oid, f.oid, 'EXECUTE')
  UNION ALL
  SELECT 4, n.nspowner, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA simsync GRANT %s TO simsync_reader',
                               pg_get_userbyid(n.nspowner), future.what)
  FROM (VALUES ('r', 'SELECT', 'SELECT ON TABLES'), ('f', 'EXECUTE', 'EXECUTE ON FUNCTIONS'))
    AS future (object_type, privilege, what)
  WHERE NOT EXISTS (
    SELECT FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a
    WHERE d.defaclnamespace = n.oid AND d.defaclrole = n.nspowner AND d.defaclobjtype = future.object_type::"char"
      AND a.grantee = r.oid AND a.privilege_type = future.privilege)) g
WHERE r.rolname = 'simsync_reader' AND (g.owner = n.nspowner OR pg_has_role(g.owner, 'USAGE'))
ORDER BY g.step, g.statement)";
inline constexpr char kReaderExists[] = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'simsync_reader')";

}  // namespace simsync::statements
