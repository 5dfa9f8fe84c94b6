#include "storage/migrator.h"

#include <optional>

#include "storage/migrations.h"
#include "storage/postgres_session.h"
#include "storage/pqxx_compat.h"
#include "storage/statements.h"

namespace simsync {
namespace {

int stored_version(pqxx::transaction_base& transaction) {
  const bool exists = transaction.exec(statements::kSchemaExists)[0][0].as<bool>();
  return exists ? transaction.exec(statements::kSchemaVersion)[0][0].as<int>() : 0;
}

int known_version() {
  return all_migrations().back().version;
}

[[noreturn]] void refuse_newer(int version) {
  throw StorageError(StorageFailure::schema, "the database's schema is at version " + std::to_string(version) +
                                                 ", this simsyncd knows " + std::to_string(known_version()) +
                                                 ": install the simsyncd that wrote it, or a newer one");
}

// Applies the first missing migration; nullopt when there is none.
std::optional<std::string> apply_next(pqxx::transaction_base& transaction) {
  transaction.exec(statements::kMigrationLock);
  const int version = stored_version(transaction);
  if (version > known_version()) refuse_newer(version);
  if (version == known_version()) return std::nullopt;
  if (version == 0) transaction.exec(statements::kCreateSchema);
  const Migration& next = all_migrations()[static_cast<std::size_t>(version)];
  transaction.exec(next.sql);
  exec_with(transaction, statements::kRecordMigration, {std::to_string(next.version), next.name});
  return next.name;
}

}  // namespace

SchemaState schema_state(const std::string& url) {
  PostgresSession session{url};
  const int version = session.read([](pqxx::transaction_base& transaction) { return stored_version(transaction); });
  return {version, known_version()};
}

std::vector<std::string> migrate(const std::string& url) {
  // A look without a lock first: a role that may only write rows can start the daemon on a current schema.
  if (schema_state(url).version == known_version()) return {};
  PostgresSession session{url};
  std::vector<std::string> applied;
  while (const auto name = session.transact(apply_next)) applied.push_back(*name);
  return applied;
}

void require_current_schema(const std::string& url) {
  const SchemaState state = schema_state(url);
  if (state.version > state.known) refuse_newer(state.version);
  if (state.version == state.known) return;
  throw StorageError(StorageFailure::schema, "the database's schema is at version " + std::to_string(state.version) +
                                                 ", this simsyncd needs " + std::to_string(state.known) +
                                                 ": run 'simsyncd migrate' with a role that owns it");
}

}  // namespace simsync
