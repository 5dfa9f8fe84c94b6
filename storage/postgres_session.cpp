#include "storage/postgres_session.h"

#include <string_view>

namespace simsync {
namespace {

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

// SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
StorageFailure failure_of_state(std::string_view state) {
  const std::string_view state_class = state.substr(0, 2);
  if (state == "42501" || state_class == "28") return StorageFailure::denied;
  if (state == "42P01" || state == "42703" || state == "3F000") return StorageFailure::schema;
  if (state_class == "22" || state_class == "54") return StorageFailure::data;
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
    default:
      return "";
  }
}

}  // namespace

PostgresSession::PostgresSession(const std::string& url) : conninfo_(complete_conninfo(url)) {}

pqxx::connection& PostgresSession::connected() {
  if (!connection_ || !connection_->is_open()) {
    connection_.reset();
    try {
      connection_ = std::make_unique<pqxx::connection>(conninfo_.text);
    } catch (const pqxx::failure& error) {
      throw StorageError(StorageFailure::unreachable, conninfo_.label + ": cannot connect: " + one_line(error.what()) +
                                                          "; check database.url and that the server runs");
    }
  }
  return *connection_;
}

void PostgresSession::translate_current_exception() {
  try {
    throw;
  } catch (const pqxx::in_doubt_error&) {
    connection_.reset();
    throw StorageError(StorageFailure::in_doubt, conninfo_.label + ": the connection was lost during a commit");
  } catch (const pqxx::broken_connection&) {
    // libpqxx's text for a connection that broke says things that are not so; ours says all that is known.
    connection_.reset();
    throw StorageError(StorageFailure::unreachable, conninfo_.label + ": the connection was lost");
  } catch (const pqxx::transaction_rollback& error) {
    throw StorageError(StorageFailure::conflict, conninfo_.label + ": " + first_line(error.what()));
  } catch (const pqxx::sql_error& error) {
    const StorageFailure failure = failure_of(error);
    if (failure == StorageFailure::unreachable) connection_.reset();
    throw StorageError(failure, conninfo_.label + ": " + first_line(error.what()) + advice(failure));
  } catch (const std::exception& error) {
    connection_.reset();
    throw StorageError(StorageFailure::other, conninfo_.label + ": " + first_line(error.what()));
  }
}

}  // namespace simsync
