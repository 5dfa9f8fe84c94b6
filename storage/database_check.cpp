#include "storage/database_check.h"

#include "storage/conninfo.h"
#include "storage/postgres_session.h"
#include "storage/schema_statements.h"

namespace simsync {

DatabaseReport check_database(const std::string& url) {
  DatabaseReport report;
  const Conninfo conninfo = complete_conninfo(url);
  report.label = conninfo.label;
  report.may_be_plain = conninfo.may_be_plain;
  report.schema = schema_state(url);
  PostgresSession session{url};
  const bool exists = report.schema.version > 0;
  session.read([&](pqxx::transaction_base& transaction) {
    report.server_version = transaction.exec(statements::kServerVersion)[0][0].as<std::string>();
    const pqxx::result missing =
        transaction.exec(exists ? statements::kMissingRights : statements::kMissingRightsToCreate);
    if (!missing[0][0].is_null()) report.missing_rights = missing[0][0].as<std::string>();
  });
  report.encryption = encryption_of(session.reached_by(), conninfo.label);
  return report;
}

}  // namespace simsync
