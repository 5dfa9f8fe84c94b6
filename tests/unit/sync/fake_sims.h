// A list of SIMs in memory that answers pages as the API does (facts.md, "Lists"), and an API and a store made of it.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"

namespace simsync {

inline Sim fake_sim(const std::string& id, int created = 0) {
  Sim sim;
  sim.id = id;
  sim.iccid = "8988307000000753711";
  sim.provider = "p3";
  sim.type = "eSIM";
  sim.status = "active";
  sim.created_at = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::seconds{created};
  return sim;
}

class FakeList {
 public:
  std::vector<Sim> sims;  // newest first

  // Gives the SIMs several providers, types and statuses, in no pattern.
  void vary() {
    for (Sim& sim : sims) {
      const auto chance = static_cast<unsigned>(std::stoi(sim.id.substr(4))) * 2654435761U >> 16U;
      sim.provider = "p" + std::to_string(chance % 4);
      sim.type = chance / 4 % 3 == 0 ? "pSIM" : "eSIM";
      sim.status = kAllStatuses[chance / 12 % 3];
    }
  }

  // Creates `count` SIMs at the head.
  void create(int count) {
    std::vector<Sim> born;
    for (int i = next_ + count - 1; i >= next_; --i) born.push_back(fake_sim("sim_" + std::to_string(i), i));
    next_ += count;
    sims.insert(sims.begin(), born.begin(), born.end());
  }

  [[nodiscard]] auto find(const std::string& id) const { return std::ranges::find(sims, id, &Sim::id); }

  // Throws ApiError (rejected) when the cursor's SIM does not exist.
  [[nodiscard]] SimPage page(const ListQuery& query) const {
    auto at = sims.begin();
    if (!query.after.empty()) {
      at = find(query.after);
      if (at == sims.end()) throw ApiError(ApiFailure::rejected, 400, "no such cursor");
      ++at;
    }
    SimPage page;
    for (; at != sims.end(); ++at) {
      if (!listed(*at, query)) continue;
      if (page.sims.size() == static_cast<std::size_t>(query.limit)) {
        if (!page.sims.empty()) page.more_after = page.sims.back().id;
        break;
      }
      page.sims.push_back(*at);
    }
    return page;
  }
  // Of the whole list.
  [[nodiscard]] SimPage page(const std::string& after, int limit) const {
    ListQuery query;
    query.statuses = kAllStatuses;
    query.after = after;
    query.limit = limit;
    return page(query);
  }

 private:
  static bool listed(const Sim& sim, const ListQuery& query) {
    static const std::vector<std::string> kDefault = {"inactive", "active"};
    const auto among = [](const std::vector<std::string>& wanted, const std::string& value) {
      return std::ranges::count(wanted, value) > 0;
    };
    return (query.providers.empty() || among(query.providers, sim.provider)) &&
           (query.type.empty() || query.type == sim.type) &&
           among(query.statuses.empty() ? kDefault : query.statuses, sim.status);
  }

  int next_ = 0;
};

// Serves a FakeList. `on_list` runs before each page and may change the list, the answer, or throw.
class FakeApi : public SimApi {
 public:
  FakeList list_;
  std::function<void(FakeApi&, const ListQuery&)> on_list;
  std::function<void(SimPage&)> on_page;
  std::function<EsimProfile(const std::string&)> on_profile;
  std::function<void(const std::string&)> on_get;
  std::function<void(Sim&, const std::string& metadata)> on_update;  // in place of taking it; may throw
  std::vector<std::pair<std::string, std::string>> sent;             // SIM and metadata of each PATCH
  std::map<std::string, int> gets;                                   // how often each SIM was asked for
  std::map<std::string, int> polls;
  int lists = 0;
  std::mutex mutex;

  SimPage list(const ListQuery& query, std::stop_token) override {
    const std::lock_guard lock{mutex};
    ++lists;
    if (on_list) on_list(*this, query);
    const TimePoint asked = wall_clock();
    SimPage page = list_.page(query);
    if (on_page) on_page(page);
    page.exchange = {asked, wall_clock(), 1};
    return page;
  }

  SimAnswer get(const std::string& id, std::stop_token) override {
    const std::lock_guard lock{mutex};
    ++gets[id];
    if (on_get) on_get(id);
    const auto found = list_.find(id);
    if (found == list_.sims.end()) throw ApiError(ApiFailure::not_found, 404, "no such SIM");
    return {*found, {wall_clock(), wall_clock(), 1}, found->metadata};
  }

  ProfileAnswer profile(const std::string& id, std::stop_token) override {
    const std::lock_guard lock{mutex};
    ++polls[id];
    if (on_profile) return {on_profile(id), {wall_clock(), wall_clock(), 1}};
    return {{id, "enabled", TimePoint{}}, {wall_clock(), wall_clock(), 1}};
  }

  WholeProfileAnswer whole_profile(const std::string& id, std::stop_token stop) override {
    return {profile(id, std::move(stop)), std::nullopt};
  }
  SimCredentials credentials(const std::string&, std::stop_token) override { return {}; }
  SimAnswer update_metadata(const std::string& id, const std::string& metadata, std::stop_token) override {
    const std::lock_guard lock{mutex};
    sent.push_back({id, metadata});
    const auto found = std::ranges::find(list_.sims, id, &Sim::id);
    if (found == list_.sims.end()) throw ApiError(ApiFailure::not_found, 404, "no such SIM");
    if (on_update) on_update(*found, metadata);
    if (!on_update) found->metadata = metadata;
    return {*found, {wall_clock(), wall_clock(), 1}, found->metadata};
  }
  SimPage search(const std::string&, const std::vector<std::string>&, std::stop_token) override { return {}; }
};

// What FakeStores share: a mirror of id -> SIM, its walks, and what was done to it.
struct FakeMirror {
  struct Gone {
    Sim sim;
    TimePoint since{};
  };
  std::mutex mutex;
  std::map<std::string, Sim> present;
  std::map<std::string, TimePoint> confirmed;              // when the row of a present SIM was written; others: never
  std::chrono::minutes clock_behind{};                     // the database's, behind this process's
  std::vector<std::pair<std::string, TimePoint>> history;  // whose, and when observed; numbered from 1
  std::map<std::string, Gone> gone;                        // what is marked missing
  std::vector<std::string> missing;                        // whatever was marked so, in that order
  std::vector<WalkRecord> walks;                           // closed
  std::map<std::int64_t, WalkRecord> open;                 // begun and not closed
  std::optional<WalkProgress> progress;
  std::set<std::int64_t> approved;
  std::int64_t last_walk = 0;
  std::vector<ProfileReading> profiles;
  int rosters_read = 0;
  int times_read = 0;  // all that is present
  std::function<void()> while_roster_is_read;
  PollState poll_state;
  std::vector<Watch> watches;
  std::vector<std::pair<std::int64_t, bool>> watches_ended;  // run, and whether it polled
  std::uint64_t old_history = 0;                             // rows that forget_history() finds
  TimePoint forgotten_before{};
  std::function<void()> before_forgetting;  // may throw StorageError
  unsigned counted_anew = 0;
  std::uint64_t wrong_counts = 0;  // that count_anew() finds
  bool ever_complete = false;
  std::map<std::pair<std::string, std::int64_t>, MetadataRequest> requests;  // pending, by SIM and id
  std::vector<MetadataStep> steps;                                           // that were stored
  std::set<std::string> unfit;            // SIMs of which the database cannot hold a value
  std::size_t largest_write = 0;          // SIMs, of one call
  std::function<void()> before_write;     // may throw StorageError
  std::function<void()> after_each_gone;  // each is a transaction; may throw StorageError
  std::function<void()> after_write;      // the same, after the commit: its answer was lost
};

class FakeStore : public InventoryStore {
 public:
  explicit FakeStore(FakeMirror& mirror) : mirror_(mirror) {}

  std::int64_t latest_walk(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    return mirror_.last_walk;
  }

  std::int64_t begin_walk(const std::string&, WalkKind kind, TimePoint started_at) override {
    const std::lock_guard lock{mirror_.mutex};
    for (auto& [id, record] : mirror_.open) {
      if (record.kind != kind) continue;
      record.error = "the program ended before the walk did";
      mirror_.walks.push_back(record);
    }
    std::erase_if(mirror_.open, [kind](const auto& open) { return open.second.kind == kind; });
    if (kind == WalkKind::full) mirror_.progress.reset();
    WalkRecord record;
    record.id = ++mirror_.last_walk;
    record.kind = kind;
    record.started_at = started_at;
    mirror_.open[record.id] = record;
    return record.id;
  }

  std::optional<WalkProgress> open_walk(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    if (!mirror_.progress || !mirror_.open.contains(mirror_.progress->record.id)) return std::nullopt;
    WalkProgress progress = *mirror_.progress;
    const WalkRecord& open = mirror_.open.at(progress.record.id);
    progress.record.started_at = open.started_at;
    progress.record.disappeared = open.disappeared;
    return progress;
  }

  using InventoryStore::apply;
  ApplyResult apply(const std::string&, const std::vector<SimReading>& readings,
                    const WalkProgress* progress) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_write) mirror_.before_write();
    ApplyResult result;
    mirror_.largest_write = std::max(mirror_.largest_write, readings.size());
    for (const SimReading& reading : readings) apply(reading, result);
    if (progress != nullptr) keep(*progress);
    if (mirror_.after_write) mirror_.after_write();
    return result;
  }

  void save_progress(const std::string&, const WalkProgress& progress) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_write) mirror_.before_write();
    keep(progress);
  }

  void finish_walk(const std::string&, WalkRecord& record, const std::vector<Disappearance>& gone) override {
    const std::lock_guard lock{mirror_.mutex};
    std::uint64_t& marked = mirror_.open[record.id].disappeared;
    for (const Disappearance& sim : gone) {
      marked += mark_missing(sim) ? 1 : 0;
      if (mirror_.after_each_gone) mirror_.after_each_gone();
    }
    record.disappeared = marked;
    mirror_.walks.push_back(record);
    mirror_.open.erase(record.id);
    if (record.kind != WalkKind::full) return;
    if (mirror_.progress && mirror_.progress->record.id <= record.id) mirror_.progress.reset();
    if (record.outcome == WalkOutcome::complete) mirror_.ever_complete = true;
  }

  void read_present(const std::string&, const std::function<bool(const Sim&, TimePoint)>& row) override {
    const std::lock_guard lock{mirror_.mutex};
    ++mirror_.times_read;
    for (const auto& [id, sim] : mirror_.present) {
      if (!row(sim, mirror_.confirmed[id])) return;
    }
  }

  std::optional<Approval> approval(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    std::optional<Approval> largest;
    for (const WalkRecord& walk : mirror_.walks) {
      if (!mirror_.approved.contains(walk.id) || complete_since(walk.id)) continue;
      if (!largest || walk.held_back > largest->held_back) largest = {walk.id, walk.held_back};
    }
    return largest;
  }

  ApproveOutcome approve(std::int64_t walk_id) override {
    const std::lock_guard lock{mirror_.mutex};
    const auto walk = std::ranges::find(mirror_.walks, walk_id, &WalkRecord::id);
    if (walk == mirror_.walks.end()) return ApproveOutcome::no_such_walk;
    if (walk->held_back == 0) return ApproveOutcome::nothing_held_back;
    if (complete_since(walk_id)) return ApproveOutcome::outdated;
    mirror_.approved.insert(walk_id);
    return ApproveOutcome::approved;
  }

  std::uint64_t present_count(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    return mirror_.present.size();
  }

  std::uint64_t gone_since(const std::string&, TimePoint since) override {
    const std::lock_guard lock{mirror_.mutex};
    return static_cast<std::uint64_t>(
        std::ranges::count_if(mirror_.gone, [&](const auto& one) { return one.second.since >= since; }));
  }

  std::vector<std::string> present_ids(const std::string&, const std::string& after, std::size_t limit) override {
    const std::lock_guard lock{mirror_.mutex};
    std::vector<std::string> ids;
    for (auto at = mirror_.present.upper_bound(after); at != mirror_.present.end() && ids.size() < limit; ++at) {
      ids.push_back(at->first);
    }
    return ids;
  }

  std::optional<std::string> present_beyond(const std::string&, TimePoint created_at, std::size_t distance) override {
    const std::lock_guard lock{mirror_.mutex};
    std::vector<Sim> below;
    for (const auto& [id, sim] : mirror_.present) {
      if (sim.created_at < created_at) below.push_back(sim);
    }
    std::ranges::sort(below, std::greater<>{}, &Sim::created_at);
    if (distance >= below.size()) return std::nullopt;
    return below[distance].id;
  }

  RecordedRows recorded_since(const std::string&, TimePoint since, std::int64_t after) override {
    const std::lock_guard lock{mirror_.mutex};
    RecordedRows recorded;
    recorded.counted_at = wall_clock() - mirror_.clock_behind;
    for (auto i = static_cast<std::size_t>(after); i < mirror_.history.size(); ++i) {
      if (mirror_.history[i].second < since) continue;
      ++recorded.rows;
      recorded.last = static_cast<std::int64_t>(i) + 1;
    }
    return recorded;
  }

  std::vector<std::string> changed_since(const std::string&, TimePoint since, std::int64_t after,
                                         std::size_t limit) override {
    const std::lock_guard lock{mirror_.mutex};
    std::set<std::string> ids;
    for (auto i = static_cast<std::size_t>(after); i < mirror_.history.size() && ids.size() <= limit; ++i) {
      if (mirror_.history[i].second >= since) ids.insert(mirror_.history[i].first);
    }
    return {ids.begin(), ids.end()};
  }

  bool ever_complete(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    return mirror_.ever_complete;
  }

  void read_watched(const std::string&, const std::vector<std::string>& providers,
                    const std::function<bool(const WatchedSim&)>& watched,
                    const std::function<bool(const WatchedProfile&)>&) override {
    const std::lock_guard lock{mirror_.mutex};
    ++mirror_.rosters_read;
    if (mirror_.while_roster_is_read) mirror_.while_roster_is_read();
    for (const auto& [id, sim] : mirror_.present) {
      if (sim.type != "eSIM" || std::ranges::count(providers, sim.provider) == 0) continue;
      if (!watched({id, sim.status, sim.created_at})) return;
    }
  }

  void save_poll_state(const std::string&, const PollState& state) override {
    const std::lock_guard lock{mirror_.mutex};
    mirror_.poll_state = state;
  }

  std::int64_t begin_watch(const std::string&, const Watch& watch) override {
    const std::lock_guard lock{mirror_.mutex};
    mirror_.watches.push_back(watch);
    return static_cast<std::int64_t>(mirror_.watches.size());
  }

  void still_watching(const std::string&, std::int64_t, TimePoint) override {}

  void end_watch(const std::string&, std::int64_t run_id, TimePoint, bool polled) override {
    const std::lock_guard lock{mirror_.mutex};
    mirror_.watches_ended.emplace_back(run_id, polled);
  }

  std::uint64_t forget_history(const std::string&, TimePoint before, std::size_t limit) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_forgetting) mirror_.before_forgetting();
    mirror_.forgotten_before = before;
    const std::uint64_t step = std::min<std::uint64_t>(limit, mirror_.old_history);
    mirror_.old_history -= step;
    return step;
  }

  std::uint64_t count_anew(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    ++mirror_.counted_anew;
    return std::exchange(mirror_.wrong_counts, 0);
  }

  ApplyResult apply_profiles(const std::string&, const std::vector<ProfileReading>& readings) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_write) mirror_.before_write();
    ApplyResult result;
    for (const ProfileReading& reading : readings) {
      if (mirror_.unfit.contains(reading.profile.sim_id)) {
        result.rejected.push_back(reading.profile.sim_id);
      } else {
        mirror_.profiles.push_back(reading);
      }
    }
    return result;
  }

  std::vector<MetadataRequest> pending_metadata(const std::string&, const std::string& after,
                                                std::size_t limit) override {
    const std::lock_guard lock{mirror_.mutex};
    std::vector<MetadataRequest> oldest;
    std::string last = after;
    for (const auto& [key, request] : mirror_.requests) {
      if (key.first <= last || oldest.size() == limit) continue;
      oldest.push_back(request);
      last = key.first;
    }
    return oldest;
  }

  std::vector<std::int64_t> step_metadata(const std::string&, const std::vector<MetadataStep>& steps) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_write) mirror_.before_write();
    std::vector<std::int64_t> stored;
    ApplyResult result;
    for (const MetadataStep& step : steps) {
      if (step.as_read) apply(*step.as_read, result);
      const auto found = mirror_.requests.find({step.sim_id, step.request});
      if (found == mirror_.requests.end() || found->second.attempts != step.attempts) continue;
      stored.push_back(step.request);
      mirror_.steps.push_back(step);
      found->second.overtaken = step.overtaken;
      if (step.sent) ++found->second.attempts;
      if (step.state != MetadataState::pending) mirror_.requests.erase(found);
    }
    return stored;
  }

  ProjectStatus status(const std::string&, const std::vector<std::string>&, std::chrono::milliseconds) override {
    return {};
  }

 private:
  void apply(const SimReading& reading, ApplyResult& result) {
    const std::string& id = reading.sim.id;
    if (mirror_.unfit.contains(id)) {
      result.rejected.push_back(id);
      return;
    }
    const auto present = mirror_.present.find(id);
    const auto gone = mirror_.gone.find(id);
    if (present != mirror_.present.end() && present->second == reading.sim) return;
    TimePoint confirmed{};
    if (const auto known = mirror_.confirmed.find(id); known != mirror_.confirmed.end()) confirmed = known->second;
    if (gone != mirror_.gone.end()) confirmed = std::max(confirmed, gone->second.since);
    if (reading.asked_at < confirmed) {
      ++result.late;
      return;
    }
    const bool created = present == mirror_.present.end() && gone == mirror_.gone.end();
    created ? ++result.created : ++result.changed;
    if (!created || mirror_.ever_complete) {
      ++result.recorded;
      mirror_.history.emplace_back(id, reading.observed_at);
    }
    mirror_.present[id] = reading.sim;
    mirror_.confirmed[id] = reading.asked_at;
    mirror_.gone.erase(id);
  }

  // Writes nothing once the walk is closed.
  void keep(const WalkProgress& progress) {
    if (mirror_.open.contains(progress.record.id)) mirror_.progress = progress;
  }

  bool mark_missing(const Disappearance& sim) {
    const auto present = mirror_.present.find(sim.sim_id);
    if (present == mirror_.present.end() || mirror_.confirmed[sim.sim_id] > sim.asked_at) return false;
    mirror_.gone[sim.sim_id] = {present->second, sim.observed_at};
    mirror_.present.erase(present);
    mirror_.history.emplace_back(sim.sim_id, sim.observed_at);
    mirror_.missing.push_back(sim.sim_id);
    return true;
  }

  [[nodiscard]] bool complete_since(std::int64_t walk_id) const {
    return std::ranges::any_of(mirror_.walks, [&](const WalkRecord& walk) {
      return walk.kind == WalkKind::full && walk.outcome == WalkOutcome::complete && walk.id > walk_id;
    });
  }

  FakeMirror& mirror_;
};

class FakeStores : public StoreFactory {
 public:
  FakeMirror mirror;
  std::unique_ptr<InventoryStore> open() override { return std::make_unique<FakeStore>(mirror); }
};

}  // namespace simsync
