// All projects of one simulator and the settings that tests turn while it runs. Projects are made at the start and
// never go, so pointers to them stay good. Refuses to know HTTP.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/changes.h"
#include "tests/simulator/project.h"

namespace simsync::simulator {

struct ProjectOrder {
  std::string id;
  std::string token;
  std::size_t sims = 0;
};

// Read by every request without a lock.
struct Settings {
  std::atomic<int> latency_ms{0};
  std::atomic<double> changes_per_second{0};
  std::atomic<bool> paused{false};
  std::atomic<bool> patch_merges{false};     // PATCH merges metadata instead of replacing it (undocumented which)
  std::atomic<int> gone_cursor_status{400};  // 400 or 404 (facts.md, Lists: not documented)
};

class World {
 public:
  World(const std::vector<ProjectOrder>& orders, std::uint64_t seed, ChangeMix mix);

  Project* find(std::string_view project_id) const;
  // The project that this token opens, or none. Locks each project for a moment.
  Project* of_token(std::string_view token) const;
  const std::vector<std::unique_ptr<Project>>& projects() const { return projects_; }
  Settings& settings() { return settings_; }

  // Makes `count` changes in one project now. Locks it; returns the seq of the first line in its log and one past
  // the last. A mix that is impossible here makes fewer.
  std::pair<std::size_t, std::size_t> change(Project& project, std::size_t count, const ChangeMix* mix);
  // Makes `count` changes, spread over the projects by their size.
  void live(std::size_t count);

  ChangeMix mix() const;
  void set_mix(const ChangeMix& mix);

  // The chance of whatever an admin call draws (SIMs to delete or create). Taken before a project's mutex.
  std::mutex& chance_mutex() { return chance_mutex_; }
  ChangeMaker& changes() { return changes_; }

 private:
  std::vector<std::unique_ptr<Project>> projects_;
  std::vector<std::uint64_t> weight_of_;  // a project's share in the world's life: its SIMs at the start
  std::uint64_t weights_ = 0;
  Settings settings_;
  mutable std::mutex chance_mutex_;
  ChangeMaker changes_;  // guarded by chance_mutex_, as is mix_
  ChangeMix mix_;
};

}  // namespace simsync::simulator
