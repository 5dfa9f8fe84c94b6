// The SQL texts of leases. As storage/statements.h has it.
#pragma once

namespace simsync::statements {

// A writer and who takes over are kept apart by this lock: shared by the writers of a project, alone for the other. It
// is a statement before the one that reads the row, which so sees what was committed while it waited. $1 project.
inline constexpr char kShareLease[] = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 1818588005))";
inline constexpr char kLockLease[] = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1818588005))";

// A holder that is frozen or cut off in the middle of a transaction has that lock, and perhaps the project's. Its
// session ends by itself before its lease does (transaction_bounds.h), unless the server waits for the rest of a COPY
// or for somebody to read an answer: whoever takes over ends such a session. $1 project.
inline constexpr char kStuckWriters[] = R"(
SELECT l.pid
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 1818588005)
  AND a.usename = current_user AND a.xact_start < clock_timestamp() - interval '5 s')";
inline constexpr char kEndSession[] = "SELECT pg_terminate_backend($1::integer)";

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
// server, and one start of it, from another. A time that lies further ahead than anybody sets it comes from before the
// server's clock was set back, and is none.
inline constexpr char kLeases[] = R"(
SELECT (SELECT count(*) FROM simsync.daemon
        WHERE seen_at > clock_timestamp() - $2::bigint * interval '1 millisecond'
          AND seen_at <= clock_timestamp() + $2::bigint * interval '1 millisecond' AND projects && $1::text[]),
       (date_part('epoch', pg_postmaster_start_time()) * 1000000)::bigint::text, l.project, l.epoch, l.holder, l.host,
       CASE WHEN isfinite(l.expires_at)
             AND l.expires_at <= clock_timestamp() + 1.5 * $2::bigint * interval '1 millisecond'
            THEN (date_part('epoch', l.expires_at - clock_timestamp()) * 1000)::bigint ELSE -86400000 END
FROM (SELECT) one LEFT JOIN simsync.lease l ON l.project = ANY ($1::text[]))";

// $1 project, $2 milliseconds, $3 the holder that is dead; empty: none is known to be.
inline constexpr char kIsFree[] = R"(
SELECT NOT EXISTS (SELECT FROM simsync.lease
                   WHERE project = $1 AND holder <> $3 AND expires_at > clock_timestamp()
                     AND expires_at <= clock_timestamp() + 1.5 * $2::bigint * interval '1 millisecond'))";
// $1 project, $2 holder, $3 host, $4 milliseconds, $5 as above.
inline constexpr char kTakeLease[] = R"(
INSERT INTO simsync.lease AS l (project, epoch, holder, host, taken_at, expires_at)
VALUES ($1, 1, $2, $3, clock_timestamp(), clock_timestamp() + $4::bigint * interval '1 millisecond')
ON CONFLICT (project) DO UPDATE
  SET epoch = l.epoch + 1, holder = excluded.holder, host = excluded.host, taken_at = excluded.taken_at,
      expires_at = excluded.expires_at
  WHERE l.expires_at <= clock_timestamp() OR l.holder = $5
     OR l.expires_at > clock_timestamp() + 1.5 * $4::bigint * interval '1 millisecond'
RETURNING epoch)";

// $1 project, $2 epoch, $3 holder.
inline constexpr char kReleaseLease[] =
    "UPDATE simsync.lease SET expires_at = '-infinity' WHERE project = $1 AND epoch = $2::bigint AND holder = $3";

}  // namespace simsync::statements
