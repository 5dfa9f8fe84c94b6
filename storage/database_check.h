// Whether the database can be used, for `simsyncd check`. Only reads.
#pragma once

#include <string>

#include "storage/migrator.h"
#include "storage/storage_error.h"

namespace simsync {

struct DatabaseReport {
  std::string label;           // host, port and name; no password
  std::string server_version;  // such as 15.4
  std::string encryption;      // such as TLSv1.3; empty: none
  bool may_be_plain = false;   // Conninfo::may_be_plain
  SchemaState schema;
  std::string missing_rights;  // what the role may not do but has to, in words; empty: nothing
};

// Throws StorageError.
DatabaseReport check_database(const std::string& url);

}  // namespace simsync
