#include <algorithm>

#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/sim_story.h"
#include "storage/story_statements.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

TimePoint time_of(const pqxx::field& field) {
  return from_epoch(field.as<std::int64_t>());
}

std::optional<TimePoint> time_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return time_of(field);
}

template <typename Value>
std::optional<Value> value_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<Value>();
}

// In ICCIDs of 19 digits an F fills the last half of a byte; some write it, some do not.
std::string without_filler(std::string iccid) {
  if (iccid.size() > 1 && (iccid.back() == 'F' || iccid.back() == 'f')) iccid.pop_back();
  return iccid;
}

// Stories that have a project and an id, and nothing else yet.
std::vector<SimStory> find(Transaction& transaction, const std::vector<std::string>& projects,
                           const std::string& id_or_iccid) {
  const std::string all = text_array(projects);
  const std::string most = std::to_string(kMostStories);
  pqxx::result found = exec_with(transaction, statements::kFindSimById, {all, id_or_iccid, most});
  if (found.empty()) {
    found = exec_with(transaction, statements::kFindSimByIccid, {all, without_filler(id_or_iccid), most});
  }
  std::vector<SimStory> stories;
  for (const auto& row : found) {
    SimStory& story = stories.emplace_back();
    story.project = row[0].template as<std::string>();
    story.sim.id = row[1].template as<std::string>();
  }
  return stories;
}

SimStory::Profile profile_of(const pqxx::row& row) {
  return {row["profile_status"].as<std::string>(), time_of(row["status_since"]), time_of(row["updated_at"]),
          time_of(row["first_observed_at"]), time_of(row["last_polled_at"])};
}

SimStory::Service service_of(const pqxx::row& row) {
  return {time_of(row["saved_at"]),
          row["profiles"].as<std::uint64_t>(),
          row["overdue"].as<std::uint64_t>(),
          row["needed_per_second"].as<double>(),
          row["planned_per_second"].as<double>(),
          std::chrono::milliseconds{row["quiet_interval"].as<std::int64_t>()},
          time_or_null(row["failing_since"]),
          row["last_error"].as<std::string>()};
}

void read_present_state(Transaction& transaction, SimStory& story) {
  const pqxx::result found = exec_with(transaction, statements::kSimStory, {story.project, story.sim.id});
  const pqxx::row row = found[0];
  story.sim.iccid = row["iccid"].as<std::string>();
  story.sim.provider = row["provider"].as<std::string>();
  story.sim.type = row["type"].as<std::string>();
  story.sim.status = row["status"].as<std::string>();
  story.sim.metadata = row["metadata"].as<std::string>();
  story.sim.extra = row["extra"].as<std::string>();
  story.sim.created_at = time_of(row["created_at"]);
  story.first_seen_at = time_of(row["first_seen_at"]);
  story.changed_at = time_of(row["changed_at"]);
  story.missing_since = time_or_null(row["missing_since"]);
  story.confirmed_at = time_of(row["confirmed_at"]);
  if (!row["profile_status"].is_null()) story.profile = profile_of(row);
  story.last_transition_at = time_or_null(row["last_transition_at"]);
  if (!row["saved_at"].is_null()) story.service = service_of(row);
}

// The newest come first from the database, and each row ends with the number of all.
template <typename Entry, typename Read>
std::uint64_t read_newest(Transaction& transaction, const char* statement, const SimStory& story, std::uint64_t newest,
                          std::vector<Entry>& entries, const Read& read) {
  const pqxx::result rows = exec_with(transaction, statement, {story.project, story.sim.id, std::to_string(newest)});
  if (rows.empty()) return 0;
  for (const auto& row : rows) entries.push_back(read(row));
  std::ranges::reverse(entries);
  return rows[0]["entries"].as<std::uint64_t>() - entries.size();
}

void read_history(Transaction& transaction, SimStory& story, std::uint64_t newest) {
  const auto text = [](const pqxx::field& field) { return value_or_null<std::string>(field); };
  story.older_entries =
      read_newest(transaction, statements::kSimTimeline, story, newest, story.timeline, [&](const pqxx::row& row) {
        return SimStory::Entry{
            time_or_null(row[0]),     time_of(row[1]), time_or_null(row[2]), row[3].as<std::string>(),
            row[4].as<std::string>(), text(row[5]),    text(row[6]),         text(row[7])};
      });
  story.older_pending =
      read_newest(transaction, statements::kSimPending, story, newest, story.pending, [&](const pqxx::row& row) {
        return SimStory::Pending{row[0].as<std::string>(),
                                 row[1].as<std::int64_t>(),
                                 time_of(row[2]),
                                 row[3].as<std::string>(),
                                 text(row[4]),
                                 text(row[5]),
                                 text(row[6]),
                                 value_or_null<std::int64_t>(row[7]),
                                 text(row[8])};
      });
}

}  // namespace

std::vector<SimStory> read_sim_stories(const std::string& url, const std::vector<std::string>& projects,
                                       const std::string& id_or_iccid, std::uint64_t newest) {
  PostgresSession session{url};
  return session.read(bounds::kPerson, [&](Transaction& transaction) {
    transaction.exec(statements::kOneMoment);
    std::vector<SimStory> stories = find(transaction, projects, id_or_iccid);
    for (SimStory& story : stories) {
      read_present_state(transaction, story);
      read_history(transaction, story, newest);
    }
    return stories;
  });
}

}  // namespace simsync
