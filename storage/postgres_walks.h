// What the files of the PostgreSQL store share; private to storage/.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "storage/walk_record.h"

namespace simsync {

// Makes the statements of a batch go by keys, and waits for other writers of the project.
void begin_batch(pqxx::transaction_base& transaction, const std::string& project);

// Stores where an open walk is; nothing once it is closed.
void write_progress(pqxx::transaction_base& transaction, const std::string& project, const WalkProgress& progress);

// The row of statements::kStatusLastWalk.
WalkRecord walk_record(const pqxx::row& row);

std::string text_array(const std::vector<std::string>& values);

}  // namespace simsync
