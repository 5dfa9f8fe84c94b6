// How long the statements of a transaction may take, by what it is for. Private to storage/.
#pragma once

#include <chrono>

namespace simsync {

// What a transaction begins with; one text, and so one round trip.
struct TransactionBounds {
  const char* settings;
  std::chrono::seconds patience;  // with the server, all in all: then the connection is given up; 0: without end
};

namespace bounds {

// Each of them waits 2 s at most for a lock. A session that falls silent in the middle of a transaction, because its
// program is frozen or cut off, ends after 5 s: it holds locks, and before its lease expires it has to be gone. However
// the database is set, each statement of one that writes sees what was committed before it, for it may have waited for
// a lock.

// A batch takes milliseconds; who needs longer meets a server in trouble, and asks again later.
inline constexpr TransactionBounds kWrite{
    "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '30s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'; "
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    std::chrono::seconds{90}};
// Within the length of a lease.
inline constexpr TransactionBounds kBeat{
    "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '4s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'; "
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    std::chrono::seconds{15}};
// What the service reads: counts, or an inventory of millions in parts, of which the first may be long in coming.
inline constexpr TransactionBounds kRead{
    "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '2min'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'",
    std::chrono::minutes{5}};
// What goes through whole tables once a day.
inline constexpr TransactionBounds kWholeTables{
    "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '10min'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'; "
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    std::chrono::minutes{25}};
// A person's question, who may read the answer page by page.
inline constexpr TransactionBounds kPerson{"SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '15min'",
                                           std::chrono::seconds{0}};
// Takes as long as the tables are large; the role's own setting must not end it half-way each time.
inline constexpr TransactionBounds kMigration{
    "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = 0; "
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    std::chrono::seconds{0}};

}  // namespace bounds
}  // namespace simsync
