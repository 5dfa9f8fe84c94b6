#include "storage/postgres_inventory.h"

#include "storage/batch.h"
#include "storage/pg_binary.h"
#include "storage/pg_text.h"
#include "storage/postgres_store.h"
#include "storage/pqxx_compat.h"
#include "storage/statements.h"

namespace simsync {
namespace {

constexpr std::size_t kRosterPart = 20'000;  // profiles read at a time: bounds the memory of one result

void begin_batch(pqxx::transaction_base& transaction, const std::string& project) {
  transaction.exec(statements::kPlanForBatches);
  exec_with(transaction, statements::kLockProject, {project});
}

// Reads the row that both batch statements return.
ApplyResult counts_of(const pqxx::result& result) {
  ApplyResult counts;
  counts.created = result[0][0].as<std::uint64_t>();
  counts.changed = result[0][1].as<std::uint64_t>();
  counts.recorded = result[0][2].as<std::uint64_t>();
  return counts;
}

template <typename Reading, typename Parameters>
ApplyResult write_readings(PostgresSession& session, const std::string& project, const std::vector<Reading>& readings,
                           const std::string& statement, const Parameters& parameters_of) {
  ApplyResult total;
  for (const auto& round : rounds_of(readings)) {
    total += write_or_halve<Reading>(round, [&](const std::vector<const Reading*>& batch) {
      const std::vector<std::string> parameters = parameters_of(project, batch);
      return session.transact([&](pqxx::transaction_base& transaction) {
        begin_batch(transaction, project);
        return counts_of(exec_binary(transaction, statement, parameters));
      });
    });
  }
  return total;
}

std::uint64_t mark_missing(pqxx::transaction_base& transaction, const std::string& project,
                           const std::vector<Disappearance>& gone) {
  if (gone.empty()) return 0;
  BinaryArray ids{ElementType::text}, asked{ElementType::timestamptz}, observed{ElementType::timestamptz};
  for (const Disappearance& sim : gone) {
    ids.append(sim.sim_id);
    asked.append(sim.asked_at);
    observed.append(sim.observed_at);
  }
  begin_batch(transaction, project);
  return exec_binary(transaction, statements::kMarkMissing,
                     {project, ids.take(), asked.take(), observed.take(), binary_time(wall_clock())})[0][0]
      .as<std::uint64_t>();
}

std::string text_array(const std::vector<std::string>& values) {
  TextArray array;
  for (const std::string& value : values) array.append(value);
  return array.take();
}

WalkRecord walk_record(const pqxx::row& row) {
  WalkRecord record;
  record.id = row[0].as<std::int64_t>();
  record.started_at = from_epoch(row[1].as<std::int64_t>());
  record.finished_at = from_epoch(row[2].as<std::int64_t>());
  const std::string outcome = row[3].as<std::string>();
  record.outcome = outcome == "complete"     ? WalkOutcome::complete
                   : outcome == "incomplete" ? WalkOutcome::incomplete
                                             : WalkOutcome::failed;
  std::uint64_t* const counters[] = {&record.pages,   &record.sims,        &record.created,
                                     &record.changed, &record.disappeared, &record.requests,
                                     &record.retries, &record.skipped,     &record.held_back};
  int column = 4;
  for (std::uint64_t* counter : counters) *counter = row[column++].as<std::uint64_t>();
  record.error = row[column].as<std::string>();
  return record;
}

class PostgresStoreFactory : public StoreFactory {
 public:
  explicit PostgresStoreFactory(std::string url) : url_(std::move(url)) {}
  std::unique_ptr<InventoryStore> open() override { return std::make_unique<PostgresStore>(url_); }

 private:
  std::string url_;
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

std::int64_t PostgresStore::begin_walk(const std::string& project, WalkKind kind, TimePoint started_at) {
  return session_.transact([&](pqxx::transaction_base& transaction) {
    exec_with(transaction, statements::kCloseAbandonedWalks, {project, to_text(kind)});
    return exec_with(transaction, statements::kBeginWalk, {project, to_text(kind), to_pg(started_at)})[0][0]
        .as<std::int64_t>();
  });
}

ApplyResult PostgresStore::apply(const std::string& project, const std::vector<SimReading>& readings) {
  return write_readings(session_, project, readings, statements::kApplySims, sim_parameters);
}

void PostgresStore::finish_walk(const std::string& project, WalkRecord& record,
                                const std::vector<Disappearance>& gone) {
  session_.transact([&](pqxx::transaction_base& transaction) {
    record.disappeared = mark_missing(transaction, project, gone);
    exec_with(transaction, statements::kFinishWalk,
              {project, std::to_string(record.id), to_pg(record.finished_at), to_text(record.outcome),
               std::to_string(record.pages), std::to_string(record.sims), std::to_string(record.created),
               std::to_string(record.changed), std::to_string(record.disappeared), std::to_string(record.requests),
               std::to_string(record.retries), std::to_string(record.skipped), std::to_string(record.held_back),
               record.error});
  });
}

std::uint64_t PostgresStore::present_count(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    return exec_with(transaction, statements::kPresentCount, {project})[0][0].as<std::uint64_t>();
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

bool PostgresStore::ever_complete(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    return exec_with(transaction, statements::kEverComplete, {project})[0][0].as<bool>();
  });
}

std::vector<WatchedProfile> PostgresStore::watched_profiles(const std::string& project,
                                                            const std::vector<std::string>& providers) {
  std::vector<WatchedProfile> roster;
  const std::string provider_array = text_array(providers);
  for (bool more = true; more;) {
    const std::string after = roster.empty() ? std::string{} : roster.back().sim_id;
    session_.read([&](pqxx::transaction_base& transaction) {
      const pqxx::result part = exec_with(transaction, statements::kWatchedProfiles,
                                          {project, provider_array, after, std::to_string(kRosterPart)});
      for (const auto& row : part) {
        WatchedProfile& watched = roster.emplace_back();
        watched.sim_id = row[0].template as<std::string>();
        if (row[1].is_null()) continue;
        watched.known = EsimProfile{watched.sim_id, row[1].template as<std::string>(),
                                    from_epoch(row[2].template as<std::int64_t>())};
        watched.last_polled_at = from_epoch(row[3].template as<std::int64_t>());
      }
      more = static_cast<std::size_t>(part.size()) == kRosterPart;
    });
  }
  return roster;
}

ApplyResult PostgresStore::apply_profiles(const std::string& project, const std::vector<ProfileReading>& readings) {
  return write_readings(session_, project, readings, statements::kApplyProfiles, profile_parameters);
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

std::unique_ptr<StoreFactory> make_postgres_store_factory(const std::string& url) {
  return std::make_unique<PostgresStoreFactory>(url);
}

}  // namespace simsync
