#include "storage/migrator.h"

#include <optional>

#include "storage/migrations.h"
#include "storage/postgres_session.h"
#include "storage/pqxx_compat.h"
#include "storage/reader_statements.h"
#include "storage/schema_statements.h"

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

// What the reader lacks and this session may grant.
std::vector<std::string> grants_due(pqxx::transaction_base& transaction) {
  std::vector<std::string> statements;
  for (const auto& row : transaction.exec(statements::kReaderLacks)) {
    if (row[1].as<bool>()) statements.push_back(row[0].as<std::string>());
  }
  return statements;
}

// In two transactions: the programs that migrate other databases of the server wait for who makes the role, so that
// has to be short.
void provide_reader(PostgresSession& session) {
  const auto to_be_made = [](pqxx::transaction_base& transaction) {
    return transaction.exec(statements::kReaderToBeMade)[0][0].as<bool>();
  };
  if (session.read(to_be_made)) {
    session.transact([](pqxx::transaction_base& transaction) { transaction.exec(statements::kMakeReader); });
  }
  if (session.read(grants_due).empty()) return;
  session.transact(bounds::kMigration, [](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kMigrationLock);
    for (const std::string& grant : grants_due(transaction)) transaction.exec(grant);
  });
}

}  // namespace

SchemaState schema_state(const std::string& url) {
  PostgresSession session{url};
  const int version = session.read([](pqxx::transaction_base& transaction) { return stored_version(transaction); });
  return {version, known_version()};
}

std::vector<std::string> migrate(const std::string& url) {
  PostgresSession session{url};
  std::vector<std::string> applied;
  // A look without a lock first: a role that may only write rows can start the daemon on a current schema.
  if (schema_state(url).version != known_version()) {
    while (const auto name = session.transact(bounds::kMigration, apply_next)) applied.push_back(*name);
  }
  provide_reader(session);
  return applied;
}

std::string reader_advice(const std::string& url) {
  PostgresSession session{url};
  return session.read([](pqxx::transaction_base& transaction) -> std::string {
    if (!transaction.exec(statements::kReaderExists)[0][0].as<bool>()) {
      return "there is no role simsync_reader for those who report: as a superuser run CREATE ROLE simsync_reader "
             "NOLOGIN, then 'simsyncd migrate' again";
    }
    const pqxx::result lacking = transaction.exec(statements::kReaderLacks);
    if (lacking.empty()) return "";
    return "the role simsync_reader lacks rights: run 'simsyncd migrate' with the role that owns the schema, " +
           lacking[0][2].as<std::string>();
  });
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
