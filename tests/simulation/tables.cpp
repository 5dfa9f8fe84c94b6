#include "tests/simulation/tables.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/world.h"

namespace simsync::simulation {
namespace {

constexpr std::chrono::minutes kAhead{1};  // a stored time so far ahead comes from a clock that was wrong
constexpr std::chrono::minutes kLongestToWrite{5};

// Asked for before `since`, unless that is of a `stored` time so far ahead that it must not be believed.
bool is_late(TimePoint asked_at, TimePoint since, TimePoint stored, TimePoint clock) {
  return asked_at < since && stored <= clock + kAhead;
}

// Of a SIM's row, which was confirmed, found missing and changed; each of these answers counts.
bool is_late(TimePoint asked_at, const SimRow& row, TimePoint clock) {
  const TimePoint known = std::max(row.confirmed_at, row.missing_since.value_or(TimePoint::min()));
  return is_late(asked_at, known, row.confirmed_at, clock) || is_late(asked_at, row.changed_at, row.changed_at, clock);
}

// What differs, in the order of the columns.
std::vector<std::pair<std::string, std::pair<std::string, std::string>>> differences(const Sim& before,
                                                                                     const Sim& after) {
  std::vector<std::pair<std::string, std::pair<std::string, std::string>>> all;
  const auto compare = [&](const std::string& field, const std::string& a, const std::string& b) {
    if (a != b) all.push_back({field, {a, b}});
  };
  compare("status", before.status, after.status);
  compare("iccid", before.iccid, after.iccid);
  compare("provider", before.provider, after.provider);
  compare("type", before.type, after.type);
  compare("metadata", before.metadata, after.metadata);
  compare("extra", before.extra, after.extra);
  return all;
}

}  // namespace

std::uint64_t Tables::present() const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(sims, [](const auto& row) { return !row.second.missing_since; }));
}

void Tables::record(Recording& recording, const HistoryRow& row) {
  HistoryRow& written = history.emplace_back(row);
  written.id = next_id_++;
  written.written_at = true_time();
  written.epoch = recording.epoch;
  ++writes_;
  const auto sim = sims.find(row.sim_id);
  RecordedChange change;
  change.id = written.id;
  change.profile = row.field == "profile";
  change.sim_id = row.sim_id;
  change.kind = row.kind;
  change.field = row.field;
  const auto status_of = [&](const std::optional<std::string>& value) {
    return value && change.profile ? std::optional{value->substr(0, value->find('@'))} : value;
  };
  change.old_value = status_of(row.old_value);
  change.new_value = status_of(row.new_value);
  if (sim != sims.end()) {
    change.provider = sim->second.sim.provider;
    change.type = sim->second.sim.type;
    change.status = sim->second.sim.status;
    change.metadata = sim->second.sim.metadata;
  }
  change.observed_at = row.observed_at;
  // The first sight of a profile is no news.
  if (!change.profile || row.old_value) recording.changes.push_back(std::move(change));
}

void Tables::raise(const Recording& recording) {
  if (recording.judge == nullptr) return;
  for (const RaisedAlert& alert : recording.judge->judge("acme", recording.changes)) {
    const RecordedChange& change = recording.changes[alert.change];
    alerts.push_back({change.id, alert.rule, change.sim_id, recording.clock});
  }
}

ApplyResult Tables::apply(const std::vector<SimReading>& readings, TimePoint clock, std::int64_t epoch,
                          const AlertJudge* judge) {
  ApplyResult result;
  Recording recording{clock, epoch, judge, {}};
  for (const SimReading& reading : readings) apply(reading, recording, result);
  raise(recording);
  return result;
}

void Tables::apply(const SimReading& reading, Recording& recording, ApplyResult& result) {
  std::optional<TimePoint> walked = last_complete_walk_;
  if (walked) walked = std::min({*walked, reading.asked_at, reading.observed_at});
  const auto found = sims.find(reading.sim.id);
  if (found == sims.end()) {
    ++writes_;
    sims[reading.sim.id] = {reading.sim, reading.observed_at, reading.observed_at, reading.asked_at, std::nullopt};
    ++result.created;
    if (!walked) return;
    record(recording, {.sim_id = reading.sim.id,
                       .kind = "appeared",
                       .field = "status",
                       .old_value = std::nullopt,
                       .new_value = reading.sim.status,
                       .not_before = walked,
                       .observed_at = reading.observed_at});
    ++result.recorded;
    return;
  }
  SimRow& row = found->second;
  if (!row.missing_since && row.sim == reading.sim) return;
  if (is_late(reading.asked_at, row, recording.clock)) {
    ++result.late;
    return;
  }
  const TimePoint recorded_at = std::max(reading.observed_at, row.changed_at);
  const auto no_later = [&](TimePoint time) { return std::min(time, reading.observed_at); };
  const TimePoint since_walk =
      last_complete_walk_ && *last_complete_walk_ >= row.changed_at + kLongestToWrite ? *walked : TimePoint::min();
  const TimePoint confirmed = no_later(row.missing_since ? row.confirmed_at : std::max(row.confirmed_at, since_walk));
  const SimRow before = row;
  row.sim = reading.sim;
  row.changed_at = recorded_at;
  row.confirmed_at = reading.asked_at;
  row.missing_since.reset();
  ++writes_;
  ++result.changed;
  if (before.missing_since) {
    record(recording, {.sim_id = reading.sim.id,
                       .kind = "reappeared",
                       .field = "status",
                       .old_value = std::nullopt,
                       .new_value = reading.sim.status,
                       .not_before = no_later(std::max(*before.missing_since, since_walk)),
                       .observed_at = recorded_at});
    ++result.recorded;
  }
  for (const auto& [field, values] : differences(before.sim, reading.sim)) {
    if (field == "status" && before.missing_since) continue;
    record(recording, {.sim_id = reading.sim.id,
                       .kind = "changed",
                       .field = field,
                       .old_value = values.first,
                       .new_value = values.second,
                       .not_before = confirmed,
                       .observed_at = recorded_at,
                       .own = field == "metadata" && is_sent(reading.sim)});
    ++result.recorded;
  }
}

bool Tables::is_sent(const Sim& sim) const {
  return std::ranges::any_of(requests, [&](const RequestRow& row) {
    return row.state == MetadataState::pending && row.request.sim_id == sim.id && row.sent == sim.metadata;
  });
}

void Tables::ask_for_metadata(const std::string& sim_id, const std::string& metadata) {
  RequestRow& row = requests.emplace_back();
  row.request.id = static_cast<std::int64_t>(requests.size());
  row.request.sim_id = sim_id;
  row.request.metadata = metadata;
  row.asked_at = true_time();
}

std::vector<MetadataRequest> Tables::pending_metadata(const std::string& after, std::size_t limit) const {
  std::map<std::string, MetadataRequest> oldest;
  for (const RequestRow& row : requests) {
    if (row.state == MetadataState::pending && row.request.sim_id > after) {
      oldest.try_emplace(row.request.sim_id, row.request);
    }
  }
  std::vector<MetadataRequest> found;
  for (const auto& [sim, request] : oldest) {
    if (found.size() < limit) found.push_back(request);
  }
  return found;
}

std::vector<std::int64_t> Tables::step_metadata(const std::vector<MetadataStep>& steps, TimePoint clock,
                                                std::int64_t epoch, const AlertJudge* judge) {
  std::vector<SimReading> readings;
  for (const MetadataStep& step : steps) {
    if (step.as_read) readings.push_back(*step.as_read);
  }
  apply(readings, clock, epoch, judge);
  std::vector<std::int64_t> stored;
  for (const MetadataStep& step : steps) {
    RequestRow& row = requests.at(static_cast<std::size_t>(step.request - 1));
    if (row.state != MetadataState::pending || row.request.attempts != step.attempts) continue;
    row.state = step.state;
    row.error = step.error;
    row.request.overtaken = step.overtaken;
    if (step.state != MetadataState::pending) row.settled_at = true_time();
    if (step.sent) {
      row.sent = step.sent;
      ++row.request.attempts;
    }
    stored.push_back(step.request);
  }
  return stored;
}

ApplyResult Tables::apply_profiles(const std::vector<ProfileReading>& readings, TimePoint clock, std::int64_t epoch,
                                   const AlertJudge* judge) {
  ApplyResult result;
  Recording recording{clock, epoch, judge, {}};
  for (const ProfileReading& reading : readings) apply(reading, recording, result);
  raise(recording);
  return result;
}

void Tables::apply(const ProfileReading& reading, Recording& recording, ApplyResult& result) {
  const EsimProfile& read = reading.profile;
  const auto found = profiles.find(read.sim_id);
  const bool is_new = found == profiles.end();
  if (!is_new) {
    for (const TimePoint stored : {found->second.last_polled_at, found->second.changed_at}) {
      if (is_late(reading.asked_at, stored, stored, recording.clock)) return;
    }
  }
  ++writes_;
  ProfileRow& row = profiles[read.sim_id];
  const ProfileRow before = row;
  const bool other_status = before.profile.status != read.status;
  const bool moved = is_new || other_status || read.updated_at > before.profile.updated_at;
  row.last_polled_at = reading.asked_at;
  if (!moved) return;
  const TimePoint recorded_at = is_new ? reading.observed_at : std::max(reading.observed_at, before.changed_at);
  row.changed_at = recorded_at;
  row.profile = read;
  if (!is_new && !other_status) row.profile.updated_at = std::max(read.updated_at, before.profile.updated_at);
  ++(is_new ? result.created : result.changed);
  ++result.recorded;
  record(recording,
         {.sim_id = read.sim_id,
          .kind = "transition",
          .field = "profile",
          .old_value = is_new ? std::nullopt : std::optional{World::profile_text(before.profile)},
          .new_value = World::profile_text(row.profile),
          .not_before = is_new ? std::nullopt : std::optional{std::min(before.last_polled_at, reading.observed_at)},
          .observed_at = recorded_at});
}

std::uint64_t Tables::mark_missing(const std::vector<Disappearance>& gone, TimePoint clock, std::int64_t epoch,
                                   const AlertJudge* judge) {
  Recording recording{clock, epoch, judge, {}};
  std::uint64_t marked = 0;
  for (const Disappearance& one : gone) {
    const auto found = sims.find(one.sim_id);
    if (found == sims.end() || found->second.missing_since) continue;
    SimRow& row = found->second;
    if (is_late(one.asked_at, row, clock)) continue;
    const TimePoint recorded_at = std::max(one.observed_at, row.changed_at);
    const TimePoint walked = last_complete_walk_.value_or(TimePoint::min());
    const TimePoint confirmed =
        std::min(walked >= row.changed_at + kLongestToWrite ? std::max(row.confirmed_at, walked) : row.confirmed_at,
                 one.observed_at);
    row.missing_since = one.observed_at;
    row.changed_at = recorded_at;
    ++writes_;
    ++marked;
    record(recording, {.sim_id = one.sim_id,
                       .kind = "disappeared",
                       .field = "status",
                       .old_value = row.sim.status,
                       .new_value = std::nullopt,
                       .not_before = confirmed,
                       .observed_at = recorded_at});
  }
  raise(recording);
  return marked;
}

void Tables::save(const WalkProgress& walk) {
  if (!open_walks.contains(walk.record.id)) return;
  progress = walk;
  progress_saved_at = true_time();
}

std::int64_t Tables::begin_walk(WalkKind kind, TimePoint started_at) {
  for (auto& [id, record] : open_walks) {
    if (record.kind != kind) continue;
    record.outcome = WalkOutcome::failed;
    record.error = "the program ended before the walk did";
    walks.push_back(record);
  }
  std::erase_if(open_walks, [kind](const auto& open) { return open.second.kind == kind; });
  if (kind == WalkKind::full) progress.reset();
  WalkRecord record;
  record.id = ++last_walk;
  record.kind = kind;
  record.started_at = started_at;
  open_walks[record.id] = record;
  return record.id;
}

void Tables::close_walk(WalkRecord& record) {
  const auto open = open_walks.find(record.id);
  if (open == open_walks.end()) return;
  record.disappeared = open->second.disappeared;
  const TimePoint started_at = open->second.started_at;
  WalkRecord& closed = walks.emplace_back(record);
  closed.started_at = started_at;
  if (record.kind == WalkKind::full && record.outcome == WalkOutcome::complete) {
    last_complete_walk_ = std::max(last_complete_walk_.value_or(started_at), started_at);
  }
  open_walks.erase(open);
  if (record.kind == WalkKind::full && progress && progress->record.id <= record.id) progress.reset();
}

}  // namespace simsync::simulation
