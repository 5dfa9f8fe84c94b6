// Of the PostgreSQL store: the queue of metadata requests; metadata_statements.h says how.
#include <algorithm>
#include <cstdlib>

#include "storage/metadata_statements.h"
#include "storage/pg_binary.h"
#include "storage/postgres_store.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

template <typename Row>
std::string text_of(const Row& row, int column) {
  return {row[column].c_str(), row[column].size()};
}

std::vector<std::string> step_parameters(const std::string& project, std::span<const MetadataStep> steps) {
  BinaryArray requests{ElementType::int8}, attempts{ElementType::int8}, overtaken{ElementType::int8};
  BinaryArray sims{ElementType::text}, states{ElementType::text}, errors{ElementType::text};
  BinaryArray sent{ElementType::jsonb}, seen{ElementType::timestamptz};
  for (const MetadataStep& step : steps) {
    requests.append(step.request);
    sims.append(std::string_view{step.sim_id});
    attempts.append(static_cast<std::int64_t>(step.attempts));
    states.append(std::string_view{to_text(step.state)});
    sent.append(step.sent ? std::string_view{*step.sent} : std::string_view{"null"});
    overtaken.append(static_cast<std::int64_t>(step.overtaken));
    errors.append(std::string_view{step.error});
    seen.append(step.as_read ? step.as_read->observed_at : wall_clock());
  }
  return {project,     requests.take(),  sims.take(),   attempts.take(), states.take(),
          sent.take(), overtaken.take(), errors.take(), seen.take()};
}

std::vector<const SimReading*> readings_of(std::span<const MetadataStep> steps) {
  std::vector<const SimReading*> readings;
  for (const MetadataStep& step : steps) {
    if (step.as_read) readings.push_back(&*step.as_read);
  }
  std::ranges::sort(readings, {}, [](const SimReading* reading) -> const std::string& { return reading->sim.id; });
  return readings;
}

}  // namespace

std::vector<MetadataRequest> PostgresStore::pending_metadata(const std::string& project, const std::string& after,
                                                             std::size_t limit) {
  try {
    return read_pending(project, after, limit, kMostRequestBytes);
  } catch (const StorageError& error) {
    if (error.failure() != StorageFailure::data) throw;
  }
  // One of them cannot even be written as text. It must neither keep the others waiting nor end who carries them out.
  std::vector<MetadataRequest> requests = read_pending(project, after, limit, 0);
  for (MetadataRequest& request : requests) read_wish(project, request);
  return requests;
}

// What `request` asks for; nothing where it is too large.
void PostgresStore::read_wish(const std::string& project, MetadataRequest& request) {
  try {
    session_.read([&](Transaction& transaction) {
      const pqxx::result found =
          exec_with(transaction, statements::kMetadataOfRequest,
                    {project, request.sim_id, std::to_string(request.id), std::to_string(kMostRequestBytes)});
      if (found.empty()) return;
      request.metadata = text_of(found[0], 0);
      request.remove = text_of(found[0], 1);
    });
  } catch (const StorageError& error) {
    if (error.failure() != StorageFailure::data) throw;
  }
}

std::vector<MetadataRequest> PostgresStore::read_pending(const std::string& project, const std::string& after,
                                                         std::size_t limit, std::size_t most_bytes) {
  return session_.read([&](Transaction& transaction) {
    std::vector<MetadataRequest> requests;
    for (const auto& row : exec_with(transaction, statements::kPendingMetadata,
                                     {project, after, std::to_string(limit), std::to_string(most_bytes)})) {
      MetadataRequest& request = requests.emplace_back();
      request.id = row[0].template as<std::int64_t>();
      request.sim_id = text_of(row, 1);
      if (!row[2].is_null()) request.metadata = text_of(row, 2);
      request.remove = text_of(row, 3);
      request.attempts = row[4].template as<std::uint64_t>();
      request.overtaken = row[5].template as<std::uint64_t>();
    }
    return requests;
  });
}

std::vector<std::int64_t> PostgresStore::step_metadata(const std::string& project,
                                                       const std::vector<MetadataStep>& steps) {
  std::vector<std::int64_t> stored;
  // A value that the database cannot hold costs the mirror that one reading, and no request.
  const std::function<void(std::span<const MetadataStep>)> store = [&](std::span<const MetadataStep> some) {
    if (some.empty()) return;
    std::vector<std::int64_t> ids;
    try {
      ids = write_steps(project, some, true);
    } catch (const StorageError& error) {
      if (error.failure() != StorageFailure::data) throw;
      if (some.size() > 1) {
        store(some.first(some.size() / 2));
        store(some.subspan(some.size() / 2));
        return;
      }
      ids = write_steps(project, some, false);
    }
    stored.insert(stored.end(), ids.begin(), ids.end());
  };
  store(steps);
  tell_judge();
  return stored;
}

// First what was read, then how the requests go on: what a SIM was like before something is sent is somebody else's
// doing, and what it is like afterwards is told by what was sent, which a settled request keeps no longer.
std::vector<std::int64_t> PostgresStore::write_steps(const std::string& project, std::span<const MetadataStep> steps,
                                                     bool with_readings) {
  return write([&](Transaction& transaction) -> std::vector<std::int64_t> {
    begin_batch(transaction, project);
    if (!lease_ && exec_with(transaction, statements::kIsServed, {project})[0][0].as<bool>()) return {};
    const std::vector<const SimReading*> readings = readings_of(steps);
    if (with_readings && !readings.empty()) write_sims(transaction, project, readings);
    std::vector<std::int64_t> stored;
    for (const auto& row : exec_binary(transaction, statements::kStepMetadata, step_parameters(project, steps))) {
      stored.push_back(row[0].template as<std::int64_t>());
    }
    for (const MetadataStep& step : steps) {
      if (step.state != MetadataState::pending && std::ranges::count(stored, step.request) > 0) {
        settled_.push_back(step.state);
      }
    }
    return stored;
  });
}

}  // namespace simsync
