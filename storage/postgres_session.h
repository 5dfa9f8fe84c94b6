// One thread's connection to PostgreSQL: connects when first needed and again after it broke, runs a function inside
// a transaction, and turns libpqxx's exceptions into StorageError. Holds no session state (settings, locks,
// temporary tables), so neither a reconnect nor a pooler in transaction mode can lose any.
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "storage/conninfo.h"
#include "storage/statements.h"
#include "storage/storage_error.h"

namespace simsync {

class PostgresSession {
 public:
  // Does not connect yet. Throws StorageError when the URL cannot be read.
  explicit PostgresSession(const std::string& url);

  // Runs body(pqxx::transaction_base&) in a transaction and commits. Throws StorageError; nothing is written then,
  // except that `in_doubt` means the commit may have happened. Waits 2 s at most for a lock (`conflict`), so that
  // somebody else's long transaction cannot keep the program from stopping.
  template <typename Body>
  auto transact(Body&& body) {
    return guarded([&] {
      pqxx::work transaction{connected()};
      transaction.exec(statements::kBoundLockWaits);
      return finish(transaction, body);
    });
  }

  // The same in a read-only transaction, which locks of others can hold up as well.
  template <typename Body>
  auto read(Body&& body) {
    return guarded([&] {
      pqxx::read_transaction transaction{connected()};
      transaction.exec(statements::kBoundLockWaits);
      return finish(transaction, body);
    });
  }

 private:
  template <typename Transaction, typename Body>
  static auto finish(Transaction& transaction, Body& body) {
    if constexpr (std::is_void_v<decltype(body(transaction))>) {
      body(transaction);
      transaction.commit();
    } else {
      auto result = body(transaction);
      transaction.commit();
      return result;
    }
  }

  template <typename Action>
  auto guarded(Action&& action) -> decltype(action()) {
    try {
      return action();
    } catch (const StorageError&) {
      throw;
    } catch (...) {
      translate_current_exception();
    }
  }

  pqxx::connection& connected();
  [[noreturn]] void translate_current_exception();

  Conninfo conninfo_;
  std::unique_ptr<pqxx::connection> connection_;
};

}  // namespace simsync
