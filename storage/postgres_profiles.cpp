// Of the PostgreSQL store: who is polled, and how the polls and the project are doing.
#include <cstdlib>

#include "storage/pg_text.h"
#include "storage/postgres_store.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/statements.h"

namespace simsync {
namespace {

template <typename Row>
std::int64_t number(const Row& row, int column) {
  return std::strtoll(row[column].c_str(), nullptr, 10);
}

// Into memory that is used again.
template <typename Row>
void read_text(const Row& row, int column, std::string& into) {
  into.assign(row[column].c_str(), row[column].size());
}

// Reads a cursor part by part; false ends it. The server makes the next part while the present one is taken.
template <typename Take>
bool read_all(PostgresSession& session, pqxx::transaction_base& transaction, const char* fetch, const Take& take) {
  pqxx::pipeline parts{transaction};
  for (auto next = parts.insert(fetch);;) {
    const pqxx::result part = parts.retrieve(next);
    session.part_came();
    if (part.empty()) return true;
    next = parts.insert(fetch);
    for (const auto& row : part) {
      if (take(row)) continue;
      parts.complete();
      return false;
    }
  }
}

}  // namespace

void PostgresStore::read_watched(const std::string& project, const std::vector<std::string>& providers,
                                 const std::function<bool(const WatchedSim&)>& sim,
                                 const std::function<bool(const WatchedProfile&)>& profile) {
  const bool go_on = session_.read([&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kPlanForWholeTables);
    exec_with(transaction, statements::kDeclareWatched, {project, text_array(providers)});
    WatchedSim one;
    return read_all(session_, transaction, statements::kFetchWatched, [&](const auto& row) {
      read_text(row, 0, one.sim_id);
      read_text(row, 1, one.status);
      one.moved_at = from_epoch(number(row, 2) * 1'000'000);
      return sim(one);
    });
  });
  if (!go_on) return;
  // A transaction of its own, for a long one keeps the server from cleaning up behind all that is written meanwhile.
  session_.read([&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kPlanForWholeTables);
    exec_with(transaction, statements::kDeclareProfiles, {project});
    WatchedProfile known;
    read_all(session_, transaction, statements::kFetchProfiles, [&](const auto& row) {
      read_text(row, 0, known.profile.sim_id);
      read_text(row, 1, known.profile.status);
      known.profile.updated_at = from_epoch(number(row, 2));
      known.last_polled_at = from_epoch(number(row, 3) * 1'000'000);
      return profile(known);
    });
  });
}

ProjectStatus PostgresStore::status(const std::string& project, const std::vector<std::string>& providers,
                                    std::chrono::milliseconds poll_interval) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    ProjectStatus status;
    status.project = project;
    const pqxx::result counts = exec_with(transaction, statements::kStatusCounts,
                                          {project, std::to_string(poll_interval.count()), text_array(providers)});
    status.sims = counts[0][0].as<std::uint64_t>();
    status.missing = counts[0][1].as<std::uint64_t>();
    status.profiles = counts[0][2].as<std::uint64_t>();
    status.profiles_due = counts[0][3].as<std::uint64_t>();
    if (!counts[0][4].is_null()) status.last_complete_walk = from_epoch(counts[0][4].as<std::int64_t>());
    const pqxx::result walk = exec_with(transaction, statements::kStatusLastWalk, {project});
    if (!walk.empty()) status.last_walk = walk_record(walk[0]);
    const pqxx::result error = exec_with(transaction, statements::kStatusLastError, {project});
    if (!error.empty()) status.last_error = error[0][0].as<std::string>();
    return status;
  });
}

}  // namespace simsync
