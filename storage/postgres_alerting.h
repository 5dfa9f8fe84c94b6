// Alerts that are written with what raises them: changes, walks, and what the service says of its polls. Private to
// storage/. All of it happens in the caller's transaction.
#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "storage/alert.h"
#include "storage/alert_store.h"

namespace simsync {

// The rows of history that a judged batch statement returns beside its counts.
std::vector<RecordedChange> recorded_profiles(const pqxx::result& rows);
std::vector<RecordedChange> recorded_disappearances(const pqxx::result& rows);
// What the SIMs are now is what was read; `batch` is sorted by id.
std::vector<RecordedChange> recorded_sims(const pqxx::result& rows, const std::vector<const SimReading*>& batch);

// Asks the judge and writes what it raises, with the deliveries that wait for its channels. Nothing raised costs no
// statement. Under the project's lock (begin_batch). Returns whether it wrote anything.
bool raise_alerts(pqxx::transaction_base& transaction, const std::string& project, const AlertJudge& judge,
                  const std::vector<RecordedChange>& changes);

// Raises what is built in; `judge` says who hears of it, none: nobody. watch_token() returns whether it wrote anything.
void raise_held_back(pqxx::transaction_base& transaction, const std::string& project, std::int64_t walk_id,
                     const AlertJudge* judge);
bool watch_token(pqxx::transaction_base& transaction, const std::string& project, const AlertJudge* judge,
                 TimePoint now);

// AlertStore::observe().
std::uint64_t observe_conditions(pqxx::transaction_base& transaction, const ConditionReport& report, TimePoint now);

}  // namespace simsync
