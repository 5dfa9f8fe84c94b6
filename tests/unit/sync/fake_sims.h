// A list of SIMs in memory that answers pages as the API does (facts.md, "Lists"), and an API and a store made of it.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
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

  // Creates `count` SIMs at the head.
  void create(int count) {
    std::vector<Sim> born;
    for (int i = next_ + count - 1; i >= next_; --i) born.push_back(fake_sim("sim_" + std::to_string(i), i));
    next_ += count;
    sims.insert(sims.begin(), born.begin(), born.end());
  }

  [[nodiscard]] auto find(const std::string& id) const { return std::ranges::find(sims, id, &Sim::id); }

  // Throws ApiError (rejected) when the cursor's SIM does not exist.
  [[nodiscard]] SimPage page(const std::string& after, int limit) const {
    auto at = sims.begin();
    if (!after.empty()) {
      at = find(after);
      if (at == sims.end()) throw ApiError(ApiFailure::rejected, 400, "no such cursor");
      ++at;
    }
    SimPage page;
    for (; at != sims.end() && page.sims.size() < static_cast<std::size_t>(limit); ++at) page.sims.push_back(*at);
    if (at != sims.end() && !page.sims.empty()) page.more_after = page.sims.back().id;
    return page;
  }

 private:
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
  std::map<std::string, int> gets;  // how often each SIM was asked for
  std::map<std::string, int> polls;
  int lists = 0;
  std::mutex mutex;

  SimPage list(const ListQuery& query, std::stop_token) override {
    const std::lock_guard lock{mutex};
    ++lists;
    if (on_list) on_list(*this, query);
    const TimePoint asked = wall_clock();
    SimPage page = list_.page(query.after, query.limit);
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
    return {*found, {wall_clock(), wall_clock(), 1}};
  }

  ProfileAnswer profile(const std::string& id, std::stop_token) override {
    const std::lock_guard lock{mutex};
    ++polls[id];
    if (on_profile) return {on_profile(id), {wall_clock(), wall_clock(), 1}};
    return {{id, "enabled", TimePoint{}}, {wall_clock(), wall_clock(), 1}};
  }

  SimCredentials credentials(const std::string&, std::stop_token) override { return {}; }
  SimAnswer update_metadata(const std::string& id, const std::string&, std::stop_token stop) override {
    return get(id, std::move(stop));
  }
  SimPage search(const std::string&, const std::vector<std::string>&, std::stop_token) override { return {}; }
};

// What FakeStores share: a mirror of id -> SIM, and what was done to it.
struct FakeMirror {
  std::mutex mutex;
  std::map<std::string, Sim> present;
  std::vector<std::string> missing;
  std::vector<WalkRecord> walks;
  std::vector<ProfileReading> profiles;
  bool ever_complete = false;
  std::function<void()> before_write;  // may throw StorageError
};

class FakeStore : public InventoryStore {
 public:
  explicit FakeStore(FakeMirror& mirror) : mirror_(mirror) {}

  std::int64_t begin_walk(const std::string&, WalkKind, TimePoint) override { return 1; }

  ApplyResult apply(const std::string&, const std::vector<SimReading>& readings) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_write) mirror_.before_write();
    ApplyResult result;
    for (const SimReading& reading : readings) {
      const auto [place, is_new] = mirror_.present.try_emplace(reading.sim.id, reading.sim);
      if (is_new) {
        ++result.created;
      } else if (place->second != reading.sim) {
        place->second = reading.sim;
        ++result.changed;
      }
    }
    return result;
  }

  void finish_walk(const std::string&, WalkRecord& record, const std::vector<Disappearance>& gone) override {
    const std::lock_guard lock{mirror_.mutex};
    for (const Disappearance& sim : gone) {
      mirror_.present.erase(sim.sim_id);
      mirror_.missing.push_back(sim.sim_id);
    }
    record.disappeared = gone.size();
    mirror_.walks.push_back(record);
    if (record.kind == WalkKind::full && record.outcome == WalkOutcome::complete) mirror_.ever_complete = true;
  }

  std::uint64_t present_count(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    return mirror_.present.size();
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

  bool ever_complete(const std::string&) override {
    const std::lock_guard lock{mirror_.mutex};
    return mirror_.ever_complete;
  }

  std::vector<WatchedProfile> watched_profiles(const std::string&, const std::vector<std::string>& providers) override {
    const std::lock_guard lock{mirror_.mutex};
    std::vector<WatchedProfile> roster;
    for (const auto& [id, sim] : mirror_.present) {
      if (sim.type == "eSIM" && std::ranges::count(providers, sim.provider) > 0) roster.push_back({id, {}, {}});
    }
    return roster;
  }

  ApplyResult apply_profiles(const std::string&, const std::vector<ProfileReading>& readings) override {
    const std::lock_guard lock{mirror_.mutex};
    if (mirror_.before_write) mirror_.before_write();
    mirror_.profiles.insert(mirror_.profiles.end(), readings.begin(), readings.end());
    return {};
  }

  ProjectStatus status(const std::string&, const std::vector<std::string>&, std::chrono::milliseconds) override {
    return {};
  }

 private:
  FakeMirror& mirror_;
};

class FakeStores : public StoreFactory {
 public:
  FakeMirror mirror;
  std::unique_ptr<InventoryStore> open() override { return std::make_unique<FakeStore>(mirror); }
};

}  // namespace simsync
