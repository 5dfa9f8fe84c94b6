#include "storage/postgres_inventory.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>

#include "storage/batch.h"
#include "storage/pg_binary.h"
#include "storage/pg_text.h"
#include "storage/postgres_alerting.h"
#include "storage/postgres_store.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/profile_statements.h"
#include "storage/statements.h"
#include "storage/walk_statements.h"

namespace simsync {
namespace {

// Reads the row that both batch statements return.
ApplyResult counts_of(const pqxx::result& result) {
  ApplyResult counts;
  counts.created = result[0][0].as<std::uint64_t>();
  counts.changed = result[0][1].as<std::uint64_t>();
  counts.recorded = result[0][2].as<std::uint64_t>();
  counts.late = result[0][3].as<std::uint64_t>();
  return counts;
}

using Transaction = pqxx::transaction_base;

// Neighbours in the index are then written one after the other.
template <typename Reading>
void sort_by_id(std::vector<const Reading*>& batch) {
  std::sort(batch.begin(), batch.end(),
            [](const Reading* one, const Reading* other) { return id_of(*one) < id_of(*other); });
}

void copy_sims(Transaction& transaction, const std::string& project, const std::vector<const SimReading*>& batch) {
  CopyInto table{transaction, statements::kSimTable, statements::kSimColumns};
  std::array<std::string, 12> row;  // as statements::kSimColumns
  row[0] = project;
  TimePoint asked_at{};
  TimePoint observed_at{};
  for (const SimReading* reading : batch) {
    const Sim& sim = reading->sim;
    const std::string* const texts[] = {&sim.id,     &sim.iccid,    &sim.provider, &sim.type,
                                        &sim.status, &sim.metadata, &sim.extra};
    std::size_t column = 1;
    for (const std::string* text : texts) row[column++] = *text;
    row[column++] = to_pg(sim.created_at);
    // The SIMs of a page have these in common.
    if (reading->observed_at != observed_at || reading->asked_at != asked_at) {
      observed_at = reading->observed_at;
      asked_at = reading->asked_at;
      row[column] = row[column + 1] = to_pg(observed_at);
      row[column + 2] = to_pg(asked_at);
    }
    table.add(row);
  }
  table.complete();
}

void count_copied(Transaction& transaction, const std::string& project, const std::vector<const SimReading*>& batch) {
  std::map<std::array<std::string_view, 3>, std::uint64_t> groups;
  for (const SimReading* reading : batch) {
    ++groups[{reading->sim.provider, reading->sim.type, reading->sim.status}];
  }
  std::array<TextArray, 3> columns;
  TextArray counts;
  for (const auto& [group, count] : groups) {
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].append(std::string{group[i]});
    counts.append(std::to_string(count));
  }
  exec_with(transaction, statements::kCountCopied,
            {project, columns[0].take(), columns[1].take(), columns[2].take(), counts.take()});
}

// `transact` runs a transaction, and `write` writes a batch in which no SIM stands twice. `after_last` runs in the
// transaction of the last readings, or in one of its own when they had to be taken apart; it gets what all of them came
// to.
template <typename Reading, typename Transact>
ApplyResult write_readings(const Transact& transact, const std::string& project, const std::vector<Reading>& readings,
                           const std::function<ApplyResult(Transaction&, const std::vector<const Reading*>&)>& write,
                           const std::function<void(Transaction&, const ApplyResult&)>& after_last = {}) {
  ApplyResult total;
  bool last_done = !after_last;
  auto rounds = rounds_of(readings);
  for (auto& round : rounds) {
    sort_by_id(round);
    total += write_or_halve<Reading>(round, [&](const std::vector<const Reading*>& batch) {
      const bool last = &round == &rounds.back() && batch.size() == round.size() && !last_done;
      const ApplyResult result = transact([&](Transaction& transaction) {
        begin_batch(transaction, project);
        const ApplyResult counts = write(transaction, batch);
        if (!last) return counts;
        ApplyResult all = total;
        all += counts;
        after_last(transaction, all);
        return counts;
      });
      last_done |= last;
      return result;
    });
  }
  if (!last_done) {
    transact([&](Transaction& transaction) {
      after_last(transaction, total);
      return total;
    });
  }
  return total;
}

class PostgresStoreFactory : public StoreFactory {
 public:
  PostgresStoreFactory(std::string url, const AlertJudge* judge, std::optional<Lease> lease, StoreObserver* observer)
      : url_(std::move(url)), judge_(judge), lease_(std::move(lease)), observer_(observer) {}
  std::unique_ptr<InventoryStore> open() override {
    return std::make_unique<PostgresStore>(url_, judge_, lease_, observer_);
  }

 private:
  std::string url_;
  const AlertJudge* judge_;
  std::optional<Lease> lease_;
  StoreObserver* observer_;
};

}  // namespace

std::vector<std::string> sim_parameters(const std::string& project, const std::vector<const SimReading*>& batch) {
  BinaryArray ids{ElementType::text}, iccids{ElementType::text}, providers{ElementType::text};
  BinaryArray types{ElementType::text}, statuses{ElementType::text};
  BinaryArray metadata{ElementType::jsonb}, extra{ElementType::jsonb};
  BinaryArray created{ElementType::timestamptz}, asked{ElementType::timestamptz}, observed{ElementType::timestamptz};
  for (const SimReading* reading : batch) {
    ids.append(reading->sim.id);
    iccids.append(reading->sim.iccid);
    providers.append(reading->sim.provider);
    types.append(reading->sim.type);
    statuses.append(reading->sim.status);
    metadata.append(reading->sim.metadata);
    extra.append(reading->sim.extra);
    created.append(reading->sim.created_at);
    asked.append(reading->asked_at);
    observed.append(reading->observed_at);
  }
  return {project,         ids.take(),   iccids.take(),  providers.take(), types.take(),    statuses.take(),
          metadata.take(), extra.take(), created.take(), asked.take(),     observed.take(), binary_time(wall_clock())};
}

std::vector<std::string> profile_parameters(const std::string& project,
                                            const std::vector<const ProfileReading*>& batch) {
  BinaryArray ids{ElementType::text}, statuses{ElementType::text};
  BinaryArray updated{ElementType::timestamptz}, asked{ElementType::timestamptz}, observed{ElementType::timestamptz};
  for (const ProfileReading* reading : batch) {
    ids.append(reading->profile.sim_id);
    statuses.append(reading->profile.status);
    updated.append(reading->profile.updated_at);
    asked.append(reading->asked_at);
    observed.append(reading->observed_at);
  }
  return {project,      ids.take(),      statuses.take(),          updated.take(),
          asked.take(), observed.take(), binary_time(wall_clock())};
}

ApplyResult PostgresStore::apply(const std::string& project, const std::vector<SimReading>& readings,
                                 const WalkProgress* progress) {
  AfterLast after_last;
  if (progress != nullptr) {
    after_last = [&](Transaction& transaction, const ApplyResult& all) {
      WalkProgress reached = *progress;
      reached.record.created += all.created;
      reached.record.changed += all.changed;
      // Whoever goes on with the walk must know that it skipped them.
      reached.record.skipped += all.rejected.size();
      if (!all.rejected.empty()) reached.record.error = "SIM " + all.rejected.front() + " skipped: " + kUnfit;
      write_progress(transaction, project, reached);
    };
  }
  if (const auto inserted = insert_sims(project, readings, after_last)) return *inserted;
  const ApplyResult all = write_readings<SimReading>(
      [this](const auto& body) { return write(body); }, project, readings,
      [&](Transaction& transaction, const auto& batch) { return write_sims(transaction, project, batch); }, after_last);
  tell_judge();
  return all;
}

void PostgresStore::note_recorded(Transaction& transaction, const std::string& project, bool judged,
                                  const std::vector<RecordedChange>& changes) {
  if (judged && raise_alerts(transaction, project, *judge_, changes)) raised_ = true;
  if (observer_ == nullptr) return;
  for (const RecordedChange& change : changes) {
    if (!change.profile && change.field != "status") continue;
    steps_.push_back({change.profile, change.old_value.value_or(""), change.new_value.value_or("")});
  }
}

void PostgresStore::tell_steps() {
  if (observer_ == nullptr) return;
  if (!steps_.empty()) observer_->recorded(steps_);
  if (!settled_.empty()) observer_->settled(settled_);
}

void PostgresStore::tell_judge() {
  if (raised_ && judge_ != nullptr) judge_->committed();
  raised_ = false;
}

ApplyResult PostgresStore::write_sims(Transaction& transaction, const std::string& project,
                                      const std::vector<const SimReading*>& batch) {
  const bool judged = judge_ != nullptr && judge_->wants_sims();
  const bool told = judged || observer_ != nullptr;
  const pqxx::result rows = exec_binary(transaction, told ? statements::kApplyJudgedSims : statements::kApplySims,
                                        sim_parameters(project, batch));
  if (told) note_recorded(transaction, project, judged, recorded_sims(rows, batch));
  return counts_of(rows);
}

// Until a project's first complete walk has ended, nearly all SIMs are new and none has a history: they are copied into
// the table without being compared. nullopt, and nothing written, where that cannot be done: the project has a history,
// or a SIM is there already, or a value is one that the database cannot hold.
std::optional<ApplyResult> PostgresStore::insert_sims(const std::string& project,
                                                      const std::vector<SimReading>& readings,
                                                      const AfterLast& after_last) {
  constexpr unsigned kRefusals = 3;  // then it is no first walk: each would cost a statement, and an error in the log
  if (readings.empty() || complete_projects_.contains(project) || refusals_[project] >= kRefusals) return std::nullopt;
  auto rounds = rounds_of(readings);
  if (rounds.size() > 1) return std::nullopt;
  sort_by_id(rounds.front());
  bool refused = false;
  try {
    return write([&](Transaction& transaction) -> std::optional<ApplyResult> {
      begin_batch(transaction, project);
      if (exec_with(transaction, statements::kEverComplete, {project})[0][0].as<bool>()) {
        complete_projects_.insert(project);
        return std::nullopt;
      }
      try {
        copy_sims(transaction, project, rounds.front());
      } catch (const pqxx::sql_error&) {
        refused = true;
        throw;
      }
      count_copied(transaction, project, rounds.front());
      ApplyResult inserted;
      inserted.created = readings.size();
      if (after_last) {
        transaction.exec(statements::kLostTogether);
        after_last(transaction, inserted);
      }
      return inserted;
    });
  } catch (const StorageError& error) {
    if (!refused || error.retryable()) throw;
    ++refusals_[project];
    return std::nullopt;
  }
}

void PostgresStore::read_present(const std::string& project, const std::function<bool(const Sim&, TimePoint)>& row) {
  session_.read([&](pqxx::transaction_base& transaction) {
    exec_with(transaction, statements::kDeclarePresent, {project});
    Sim sim;
    for (;;) {
      const pqxx::result part = session_.fetch(transaction, statements::kFetchPresent);
      if (part.empty()) return;
      for (const auto& fields : part) {
        std::string* const texts[] = {&sim.id,     &sim.iccid,    &sim.provider, &sim.type,
                                      &sim.status, &sim.metadata, &sim.extra};
        int column = 0;
        for (std::string* text : texts) {
          const auto field = fields[column++];
          text->assign(field.c_str(), field.size());
        }
        sim.created_at = from_epoch(std::strtoll(fields[column].c_str(), nullptr, 10));
        if (!row(sim, from_epoch(std::strtoll(fields[column + 1].c_str(), nullptr, 10)))) return;
      }
    }
  });
}

std::uint64_t PostgresStore::present_count(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    return exec_with(transaction, statements::kPresentCount, {project})[0][0].as<std::uint64_t>();
  });
}

std::uint64_t PostgresStore::gone_since(const std::string& project, TimePoint since) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    return exec_with(transaction, statements::kGoneSince, {project, to_pg(since)})[0][0].as<std::uint64_t>();
  });
}

std::vector<std::string> PostgresStore::present_ids(const std::string& project, const std::string& after,
                                                    std::size_t limit) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    std::vector<std::string> ids;
    for (const auto& row : exec_with(transaction, statements::kPresentIds, {project, after, std::to_string(limit)})) {
      ids.push_back(row[0].template as<std::string>());
    }
    return ids;
  });
}

std::optional<std::string> PostgresStore::present_beyond(const std::string& project, TimePoint created_at,
                                                         std::size_t distance) {
  return session_.read([&](pqxx::transaction_base& transaction) -> std::optional<std::string> {
    const pqxx::result found =
        exec_with(transaction, statements::kPresentBeyond, {project, to_pg(created_at), std::to_string(distance)});
    if (found.empty()) return std::nullopt;
    return found[0][0].as<std::string>();
  });
}

RecordedRows PostgresStore::recorded_since(const std::string& project, TimePoint since, std::int64_t after) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    const auto counted =
        exec_with(transaction, statements::kRecordedSince, {project, to_pg(since), std::to_string(after)});
    return RecordedRows{counted[0][0].as<std::uint64_t>(), counted[0][1].as<std::int64_t>(),
                        from_epoch(counted[0][2].as<std::int64_t>())};
  });
}

std::vector<std::string> PostgresStore::changed_since(const std::string& project, TimePoint since, std::int64_t after,
                                                      std::size_t limit) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    std::vector<std::string> ids;
    for (const auto& row : exec_with(transaction, statements::kChangedSince,
                                     {project, to_pg(since), std::to_string(after), std::to_string(limit + 1)})) {
      ids.push_back(row[0].template as<std::string>());
    }
    return ids;
  });
}

ApplyResult PostgresStore::apply_profiles(const std::string& project, const std::vector<ProfileReading>& readings) {
  const auto write_batch = [&](Transaction& transaction, const auto& batch) {
    const ApplyResult counts = write_profiles(transaction, project, batch);
    // That a profile is as it was need not survive a crash of the server: it is asked again.
    if (counts.created + counts.recorded == 0) transaction.exec(statements::kLostTogether);
    return counts;
  };
  const ApplyResult all =
      write_readings<ProfileReading>([this](const auto& body) { return write(body); }, project, readings, write_batch);
  tell_judge();
  return all;
}

ApplyResult PostgresStore::write_profiles(Transaction& transaction, const std::string& project,
                                          const std::vector<const ProfileReading*>& batch) {
  const bool judged = judge_ != nullptr && judge_->wants_profiles();
  const bool told = judged || observer_ != nullptr;
  const pqxx::result rows =
      exec_binary(transaction, told ? statements::kApplyJudgedProfiles : statements::kApplyProfiles,
                  profile_parameters(project, batch));
  if (told) note_recorded(transaction, project, judged, recorded_profiles(rows));
  return counts_of(rows);
}

std::unique_ptr<StoreFactory> make_postgres_store_factory(const std::string& url, const AlertJudge* judge,
                                                          std::optional<Lease> lease, StoreObserver* observer) {
  return std::make_unique<PostgresStoreFactory>(url, judge, std::move(lease), observer);
}

}  // namespace simsync
