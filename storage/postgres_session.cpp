#include "storage/postgres_session.h"

#include <string_view>

#include "storage/pqxx_compat.h"

namespace simsync {
namespace {

constexpr std::chrono::seconds kFirstAnswer{5};  // of a server that was just connected to

std::string first_line(std::string_view text) {
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  return std::string{text.substr(0, text.find('\n'))};
}

// Where a host has several addresses libpq has a line for each, and the last may be the one that matters.
std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string next = first_line(text.substr(0, end));
    if (!next.empty()) line += (line.empty() ? "" : "; ") + next;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return line;
}

std::string address_of(pqxx::connection& connection) {
  const char* host = connection.hostname();
  const char* port = connection.port();
  return std::string{host != nullptr ? host : "the local socket"} + ":" + (port != nullptr ? port : "");
}

// SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
StorageFailure failure_of_state(std::string_view state) {
  const std::string_view state_class = state.substr(0, 2);
  if (state == "42501" || state_class == "28") return StorageFailure::denied;
  if (state == "42P01" || state == "42703" || state == "3F000") return StorageFailure::schema;
  if (state_class == "22" || state_class == "54") return StorageFailure::data;
  // The second is PostgreSQL 17's transaction_timeout.
  if (state == "57014" || state == "25P04") return StorageFailure::too_slow;
  // Shutdown and start-up, lost connections, too many of them, out of memory or disk: all pass.
  if (state_class == "57" || state_class == "08" || state_class == "53") return StorageFailure::unreachable;
  // A standby that has not been promoted yet refuses writes.
  if (state == "25006") return StorageFailure::unreachable;
  // The session was idle in a transaction for too long, because this program was.
  if (state == "25P03") return StorageFailure::unreachable;
  if (state_class == "40" || state == "55P03") return StorageFailure::conflict;
  return StorageFailure::other;
}

// libpqxx 6 gives many errors a type of their own and then no SQLSTATE.
StorageFailure failure_of(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return failure_of_state(error.sqlstate());
  const auto is = [&error](auto* type) { return dynamic_cast<decltype(type)>(&error) != nullptr; };
  if (is(static_cast<const pqxx::insufficient_privilege*>(nullptr))) return StorageFailure::denied;
  if (is(static_cast<const pqxx::undefined_table*>(nullptr)) ||
      is(static_cast<const pqxx::undefined_column*>(nullptr))) {
    return StorageFailure::schema;
  }
  if (is(static_cast<const pqxx::data_exception*>(nullptr))) return StorageFailure::data;
  if (is(static_cast<const pqxx::insufficient_resources*>(nullptr))) return StorageFailure::unreachable;
  return StorageFailure::other;
}

const char* advice(StorageFailure failure) {
  switch (failure) {
    case StorageFailure::denied:
      return "; docs/roles.md says what the role has to be granted";
    case StorageFailure::schema:
      return "; run 'simsyncd migrate' first";
    case StorageFailure::too_slow:
      return "; the server is overloaded, or somebody cancelled it";
    default:
      return "";
  }
}

}  // namespace

PostgresSession::PostgresSession(const std::string& url, SessionObserver* observer)
    : conninfo_(complete_conninfo(url)), hosts_(one_host_each(conninfo_.text)), observer_(observer) {}

pqxx::connection& PostgresSession::connected() {
  if (!connection_ || !connection_->is_open()) {
    connection_.reset();
    std::string errors;
    for (std::size_t tried = 0; tried < hosts_.size() && !connection_; ++tried) {
      try {
        connect();
      } catch (const pqxx::failure& error) {
        errors += (errors.empty() ? "" : "; ") + one_line(error.what());
        lose_connection();
      }
    }
    if (!connection_) {
      throw StorageError(StorageFailure::unreachable,
                         conninfo_.label + ": cannot connect: " + errors + "; " + connect_advice(errors));
    }
  }
  return *connection_;
}

void PostgresSession::connect() {
  auto made = std::make_unique<pqxx::connection>(hosts_[host_]);
  keep_broken(*made);
  ask_server(*made);
  connection_ = std::move(made);
}

void PostgresSession::connect_to_the_same() {
  const std::string former = server_;
  connection_.reset();
  connected();
  if (server_ != former) {
    throw StorageError(StorageFailure::unreachable,
                       conninfo_.label + ": the connection was lost, and the server has changed or was restarted");
  }
}

// What libpq is told as a session begins may be old (Conninfo::writable). On a server that is a standby by now a write
// would fail, and what is read would be old; one that was promoted has to be taken.
void PostgresSession::ask_server(pqxx::connection& connection) {
  const std::string server = "the server at " + address_of(connection);
  bool read_only = false;
  try {
    const ConnectionGuard::Watch watch{guard_, connection.sock(), kFirstAnswer};
    const pqxx::result answer = pqxx::nontransaction{connection}.exec(
        "SELECT current_setting('transaction_read_only') = 'on', pg_postmaster_start_time()::text");
    read_only = answer[0][0].as<bool>();
    server_ = answer[0][1].as<std::string>();
  } catch (const pqxx::broken_connection&) {
    throw pqxx::broken_connection(server + (guard_.cut_off() ? " took the connection and then did not answer"
                                                             : " took the connection and then closed it"));
  }
  if (conninfo_.writable && read_only) throw pqxx::broken_connection(server + " does not take writes");
}

// The role's or the database's own transaction_timeout, which PostgreSQL has from 17 on, is meant for others.
std::string PostgresSession::settings_of(const TransactionBounds& bounds) const {
  constexpr int kHasTransactionTimeout = 170'000;
  std::string settings = bounds.settings;
  if (connection_->server_version() >= kHasTransactionTimeout) settings += "; SET LOCAL transaction_timeout = 0";
  return settings;
}

bool PostgresSession::is_lost(const pqxx::failure& error) {
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) return true;
  const auto* const of_server = dynamic_cast<const pqxx::sql_error*>(&error);
  return of_server != nullptr && failure_of(*of_server) == StorageFailure::unreachable;
}

pqxx::result PostgresSession::fetch(pqxx::transaction_base& transaction, const char* statement) {
  pqxx::result part = transaction.exec(statement);
  part_came();
  return part;
}

void PostgresSession::lose_connection() {
  connection_.reset();
  host_ = (host_ + 1) % hosts_.size();
}

// Whatever libpqxx says: not every connection that ends under a statement is a broken_connection to it.
bool PostgresSession::has_broken() const {
  return connection_ != nullptr && !connection_->is_open();
}

// libpqxx's text for a connection that broke says things that are not so; ours says all that is known.
void PostgresSession::throw_lost() {
  lose_connection();
  throw StorageError(
      StorageFailure::unreachable,
      conninfo_.label + (guard_.cut_off()
                             ? ": nothing came from the server for too long, so the connection was given up"
                             : ": the connection was lost"));
}

void PostgresSession::translate_current_exception() {
  try {
    throw;
  } catch (const pqxx::in_doubt_error&) {
    lose_connection();
    throw StorageError(StorageFailure::in_doubt, conninfo_.label + ": the connection was lost during a commit");
  } catch (const pqxx::broken_connection&) {
    throw_lost();
  } catch (const pqxx::transaction_rollback& error) {
    throw StorageError(StorageFailure::conflict, conninfo_.label + ": " + first_line(error.what()));
  } catch (const pqxx::sql_error& error) {
    const StorageFailure failure = failure_of(error);
    if (failure == StorageFailure::other && has_broken()) throw_lost();
    if (failure == StorageFailure::unreachable) lose_connection();
    throw StorageError(failure, conninfo_.label + ": " + first_line(error.what()) + advice(failure));
  } catch (const std::exception& error) {
    if (has_broken()) throw_lost();
    connection_.reset();
    throw StorageError(StorageFailure::other, conninfo_.label + ": " + first_line(error.what()));
  }
}

}  // namespace simsync
