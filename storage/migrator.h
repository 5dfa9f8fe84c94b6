// Brings the schema to this program's version: the numbered SQL files of migrations/, compiled in, each applied in its
// own transaction under an advisory lock, so that two programs starting at once do it once. Then the role
// simsync_reader gets what it lacks, as far as the connected role may make and grant it; a current schema with a reader
// that lacks nothing is only looked at.
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
// database is newer than this program. That the reader cannot be made or granted its rights is no failure.
std::vector<std::string> migrate(const std::string& url);

// One line that says who has to do what before reports can use the role simsync_reader; empty: nobody has to. Reads
// only. Throws StorageError.
std::string reader_advice(const std::string& url);

// Throws StorageError (`schema`) unless the database is at exactly this program's version.
void require_current_schema(const std::string& url);

}  // namespace simsync
