// One thread's connection to PostgreSQL: connects when first needed and again after it broke, runs a function inside
// a transaction, and turns libpqxx's exceptions into StorageError. Holds no session state (settings, locks,
// temporary tables), so neither a reconnect nor a pooler in transaction mode can lose any.
#pragma once

#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "storage/connection_guard.h"
#include "storage/conninfo.h"
#include "storage/storage_error.h"
#include "storage/store_observer.h"
#include "storage/transaction_bounds.h"

namespace simsync {

class PostgresSession {
 public:
  // Does not connect yet. `observer` hears of each failure. Throws StorageError when the URL cannot be read.
  explicit PostgresSession(const std::string& url, SessionObserver* observer = nullptr);

  // Runs body(pqxx::transaction_base&) in a transaction and commits. Throws StorageError; nothing is written then,
  // except that `in_doubt` means the commit may have happened. Waits 2 s at most for a lock (`conflict`), so that
  // somebody else's long transaction cannot keep the program from stopping, and as long as `bounds` says for each
  // statement (`too_slow`) and for the server in all (`unreachable`). Whoever lets 5 s pass between two statements has
  // lost its session (`unreachable`). Each statement sees what was committed before it, however the database is set.
  template <typename Body>
  auto transact(const TransactionBounds& bounds, Body&& body) {
    return run<pqxx::work>(bounds, body);
  }
  template <typename Body>
  auto transact(Body&& body) {
    return transact(bounds::kWrite, body);
  }

  // The same in a read-only transaction, which locks of others can hold up as well.
  template <typename Body>
  auto read(const TransactionBounds& bounds, Body&& body) {
    return run<pqxx::read_transaction>(bounds, body);
  }
  template <typename Body>
  auto read(Body&& body) {
    return read(bounds::kRead, body);
  }

  // Within a body that reads a cursor: reads its next part, after which the server has the whole patience anew, for a
  // long answer over a slow line comes part by part.
  pqxx::result fetch(pqxx::transaction_base& transaction, const char* statement);
  // For a body that gets its parts by itself: the last one came.
  void part_came() { guard_.renew(); }

  // What libpq is given to reach the host of the last transaction; may hold a password.
  [[nodiscard]] const std::string& reached_by() const { return hosts_[host_]; }

 private:
  template <typename Transaction, typename Body>
  auto run(const TransactionBounds& bounds, Body& body) {
    return guarded([&] {
      std::optional<ConnectionGuard::Watch> watch;
      std::optional<Transaction> transaction;  // after what watches over its end, too
      begin(bounds, watch, transaction);
      transaction->exec(settings_of(bounds));
      return finish(*transaction, body);
    });
  }

  // A server, or a pooler, may end a connection on which nothing goes on; that shows here, where nothing is begun yet,
  // and is nobody's failure as long as it is the same server.
  template <typename Transaction>
  void begin(const TransactionBounds& bounds, std::optional<ConnectionGuard::Watch>& watch,
             std::optional<Transaction>& transaction) {
    for (bool was_idle = connection_ != nullptr;; was_idle = false) {
      pqxx::connection& connection = connected();
      if (bounds.patience.count() > 0) watch.emplace(guard_, connection.sock(), bounds.patience);
      try {
        transaction.emplace(connection);
        return;
      } catch (const pqxx::failure& error) {
        watch.reset();
        if (!was_idle || guard_.cut_off() || !is_lost(error)) throw;
      }
      connect_to_the_same();
    }
  }

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
      try {
        return action();
      } catch (const StorageError&) {
        throw;
      } catch (...) {
        translate_current_exception();
      }
    } catch (const StorageError& error) {
      if (observer_ != nullptr) observer_->failed(error.failure());
      throw;
    }
  }

  pqxx::connection& connected();
  void connect();
  // Throws `unreachable`, too, where another server answers, or the same after a restart: callers read anew then, for
  // it may lack what was committed last.
  void connect_to_the_same();
  void ask_server(pqxx::connection& connection);
  [[nodiscard]] std::string settings_of(const TransactionBounds& bounds) const;
  static bool is_lost(const pqxx::failure& error);
  // The next one is tried with the next host first.
  void lose_connection();
  [[noreturn]] void translate_current_exception();
  [[nodiscard]] bool has_broken() const;
  [[noreturn]] void throw_lost();

  Conninfo conninfo_;
  std::vector<std::string> hosts_;  // one_host_each()
  std::size_t host_ = 0;            // of them, that of the connection, or the first to be tried
  SessionObserver* const observer_;
  std::unique_ptr<pqxx::connection> connection_;
  std::string server_;  // that of the last connection: when it was started, which no other was at the same microsecond
  ConnectionGuard guard_;
};

}  // namespace simsync
