// Brings the schema to this program's version: the numbered SQL files of migrations/, compiled in, each applied in its
// own transaction under an advisory lock, so that two programs starting at once do it once.
#pragma once

#include <string>
#include <vector>

namespace simsync {

struct SchemaState {
  int version = 0;  // of the database; 0: no schema yet
  int known = 0;    // of this program
};

// Reads only. Throws StorageError.
SchemaState schema_state(const std::string& url);

// Applies what is missing and returns the names of the migrations applied. Throws StorageError: `schema` when the
// database is newer than this program.
std::vector<std::string> migrate(const std::string& url);

// Throws StorageError (`schema`) unless the database is at exactly this program's version.
void require_current_schema(const std::string& url);

}  // namespace simsync
