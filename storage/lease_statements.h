// The SQL texts of leases. As storage/statements.h has it.
#pragma once

namespace simsync::statements {

// A writer and who takes over are kept apart by this lock: shared by the writers of a project, alone for the other. It
// is a statement before the one that reads the row, which so sees what was committed while it waited. $1 project.
inline constexpr char kShareLease[] = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 1818588005))";
inline constexpr char kLockLease[] = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1818588005))";

// A holder that is frozen or cut off in the middle of a transaction holds that lock, and perhaps the project's: its
// session ends before its lease does.
inline constexpr char kBoundIdling[] = "SET LOCAL idle_in_transaction_session_timeout = '5s'";

// $1 project, $2 epoch, $3 holder.
inline constexpr char kHoldsLease[] =
    "SELECT EXISTS (SELECT FROM simsync.lease WHERE project = $1 AND epoch = $2::bigint AND holder = $3)";

// $1 holder, $2 host, $3 projects.
inline constexpr char kSeeDaemon[] = R"(
INSERT INTO simsync.daemon AS d (holder, host, projects, started_at, seen_at)
VALUES ($1, $2, $3::text[], clock_timestamp(), clock_timestamp())
ON CONFLICT (holder) DO UPDATE SET seen_at = excluded.seen_at, projects = excluded.projects)";
// As above. In the row of one that is long gone, so that no right to delete is needed.
inline constexpr char kReplaceDaemon[] = R"(
UPDATE simsync.daemon SET holder = $1, host = $2, projects = $3::text[], started_at = clock_timestamp(),
                          seen_at = clock_timestamp()
WHERE holder = (SELECT holder FROM simsync.daemon WHERE seen_at < clock_timestamp() - interval '1 hour'
                ORDER BY seen_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  AND NOT EXISTS (SELECT FROM simsync.daemon WHERE holder = $1))";
inline constexpr char kLeave[] = "UPDATE simsync.daemon SET seen_at = '-infinity' WHERE holder = $1";

// $1 holder, $2 projects, $3 milliseconds.
inline constexpr char kProlongLeases[] = R"(
UPDATE simsync.lease SET expires_at = clock_timestamp() + $3::bigint * interval '1 millisecond'
WHERE project = ANY ($2::text[]) AND holder = $1 AND expires_at > '-infinity')";

// $1 projects, $2 milliseconds after which a daemon that says nothing does not run. When the server started tells one
// server, and one start of it, from another.
inline constexpr char kLeases[] = R"(
SELECT (SELECT count(*) FROM simsync.daemon
        WHERE seen_at > clock_timestamp() - $2::bigint * interval '1 millisecond' AND projects && $1::text[]),
       (date_part('epoch', pg_postmaster_start_time()) * 1000000)::bigint::text, l.project, l.epoch, l.holder, l.host,
       CASE WHEN isfinite(l.expires_at)
            THEN (date_part('epoch', l.expires_at - clock_timestamp()) * 1000)::bigint ELSE -86400000 END
FROM (SELECT) one LEFT JOIN simsync.lease l ON l.project = ANY ($1::text[]))";

// $1 project, $2 holder, $3 host, $4 milliseconds, $5 the holder that is dead; empty: none is known to be.
inline constexpr char kTakeLease[] = R"(
INSERT INTO simsync.lease AS l (project, epoch, holder, host, taken_at, expires_at)
VALUES ($1, 1, $2, $3, clock_timestamp(), clock_timestamp() + $4::bigint * interval '1 millisecond')
ON CONFLICT (project) DO UPDATE
  SET epoch = l.epoch + 1, holder = excluded.holder, host = excluded.host, taken_at = excluded.taken_at,
      expires_at = excluded.expires_at
  WHERE l.expires_at <= clock_timestamp() OR l.holder = $5
RETURNING epoch)";

// $1 project, $2 epoch, $3 holder.
inline constexpr char kReleaseLease[] =
    "UPDATE simsync.lease SET expires_at = '-infinity' WHERE project = $1 AND epoch = $2::bigint AND holder = $3";

}  // namespace simsync::statements
