#include "tests/simulation/simulated_store.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <set>
#include <utility>

#include "tests/simulation/virtual_threads.h"
#include "tests/simulation/world.h"

namespace simsync::simulation {
namespace {

// Small, so that a disappearance takes several transactions.
constexpr std::size_t kMissingAtOnce = 3;

bool chance(unsigned of_a_thousand) {
  return random()() % 1000 < of_a_thousand;
}

[[noreturn]] void fail(StorageFailure failure) {
  throw StorageError(failure, "simulated");
}

// Tells the judge once a transaction is over, if it went well.
class Announcement {
 public:
  explicit Announcement(const AlertJudge* judge) : judge_(judge), failures_(std::uncaught_exceptions()) {}
  ~Announcement() {
    if (judge_ != nullptr && std::uncaught_exceptions() == failures_) judge_->committed();
  }
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

 private:
  const AlertJudge* judge_;
  const int failures_;
};

class SimulatedStore : public InventoryStore {
  // Rows of SIMs, in the order of their numbers.
  static std::vector<HistoryRow> recorded(const Tables& tables, TimePoint since, std::int64_t after) {
    std::vector<HistoryRow> rows;
    auto begin = std::ranges::upper_bound(tables.history, after, {}, &HistoryRow::id);
    std::copy_if(begin, tables.history.end(), std::back_inserter(rows),
                 [&](const HistoryRow& row) { return row.field != "profile" && row.observed_at >= since; });
    return rows;
  }

  [[nodiscard]] std::int64_t epoch() const { return lease_ ? lease_->epoch : 0; }

  template <typename Action>
  auto write(const Action& action) {
    const Announcement announcement{judge_};
    return connection_.transact([&](Tables& tables) {
      if (lease_ && (tables.lease.epoch != lease_->epoch || tables.lease.holder != lease_->holder)) {
        throw StorageError(StorageFailure::lease_lost, "another one has taken over");
      }
      return action(tables);
    });
  }

 public:
  SimulatedStore(const StoreAccess& access, std::optional<Lease> lease, const AlertJudge* judge)
      : connection_(access), lease_(std::move(lease)), judge_(judge) {}

  std::int64_t begin_walk(const std::string&, WalkKind kind, TimePoint started_at) override {
    return write([&](Tables& tables) { return tables.begin_walk(kind, started_at); });
  }

  std::optional<WalkProgress> open_walk(const std::string&) override {
    return connection_.transact([](Tables& tables) -> std::optional<WalkProgress> {
      if (!tables.progress || !tables.open_walks.contains(tables.progress->record.id)) return std::nullopt;
      WalkProgress progress = *tables.progress;
      const WalkRecord& open = tables.open_walks.at(progress.record.id);
      progress.record.started_at = open.started_at;
      progress.record.disappeared = open.disappeared;
      progress.idle = std::chrono::duration_cast<std::chrono::seconds>(true_time() - tables.progress_saved_at);
      return progress;
    });
  }

  std::int64_t latest_walk(const std::string&) override {
    return connection_.transact([](Tables& tables) { return tables.last_walk; });
  }

  using InventoryStore::apply;
  ApplyResult apply(const std::string&, const std::vector<SimReading>& readings,
                    const WalkProgress* progress) override {
    return write([&](Tables& tables) {
      ApplyResult result = tables.apply(readings, wall_clock(), epoch(), judge_);
      if (progress != nullptr) tables.save(*progress);
      return result;
    });
  }

  void save_progress(const std::string&, const WalkProgress& progress) override {
    write([&](Tables& tables) { tables.save(progress); });
  }

  void finish_walk(const std::string&, WalkRecord& record, const std::vector<Disappearance>& gone) override {
    std::size_t done = 0;
    const auto mark = [&](Tables& tables, std::size_t count) {
      tables.present_before.try_emplace(record.id, tables.present());
      const auto begin = gone.begin() + static_cast<std::ptrdiff_t>(done);
      const std::uint64_t marked =
          tables.mark_missing({begin, begin + static_cast<std::ptrdiff_t>(count)}, wall_clock(), epoch(), judge_);
      if (const auto open = tables.open_walks.find(record.id); open != tables.open_walks.end()) {
        open->second.disappeared += marked;
      }
    };
    for (; gone.size() - done > kMissingAtOnce; done += kMissingAtOnce) {
      write([&](Tables& tables) { mark(tables, kMissingAtOnce); });
    }
    write([&](Tables& tables) {
      mark(tables, gone.size() - done);
      tables.close_walk(record);
    });
  }

  void read_present(const std::string&, const std::function<bool(const Sim&, TimePoint)>& row) override {
    for (const SimRow& one : connection_.transact([](Tables& tables) { return present_rows(tables); })) {
      if (!row(one.sim, one.confirmed_at)) return;
    }
  }

  std::optional<Approval> approval(const std::string&) override {
    return connection_.transact([](Tables& tables) {
      std::optional<Approval> largest;
      for (const WalkRecord& walk : tables.walks) {
        if (!tables.approved.contains(walk.id) || complete_since(tables, walk.id)) continue;
        if (!largest || walk.held_back > largest->held_back) largest = {walk.id, walk.held_back};
      }
      return largest;
    });
  }

  ApproveOutcome approve(std::int64_t walk_id) override {
    return connection_.transact([&](Tables& tables) {
      const auto walk = std::ranges::find(tables.walks, walk_id, &WalkRecord::id);
      if (walk == tables.walks.end()) return ApproveOutcome::no_such_walk;
      if (walk->held_back == 0) return ApproveOutcome::nothing_held_back;
      if (complete_since(tables, walk_id)) return ApproveOutcome::outdated;
      tables.approved.insert(walk_id);
      return ApproveOutcome::approved;
    });
  }

  std::uint64_t present_count(const std::string&) override {
    return connection_.transact([](Tables& tables) { return tables.present(); });
  }

  std::uint64_t gone_since(const std::string&, TimePoint since) override {
    return connection_.transact([&](Tables& tables) {
      return static_cast<std::uint64_t>(std::ranges::count_if(tables.sims, [&](const auto& row) {
        return row.second.missing_since && *row.second.missing_since >= since;
      }));
    });
  }

  std::vector<std::string> present_ids(const std::string&, const std::string& after, std::size_t limit) override {
    return connection_.transact([&](Tables& tables) {
      std::vector<std::string> ids;
      for (auto at = tables.sims.upper_bound(after); at != tables.sims.end() && ids.size() < limit; ++at) {
        if (!at->second.missing_since) ids.push_back(at->first);
      }
      return ids;
    });
  }

  std::optional<std::string> present_beyond(const std::string&, TimePoint created_at, std::size_t distance) override {
    return connection_.transact([&](Tables& tables) -> std::optional<std::string> {
      std::vector<std::pair<TimePoint, std::string>> below;
      for (const auto& [id, row] : tables.sims) {
        if (!row.missing_since && row.sim.created_at < created_at) below.emplace_back(row.sim.created_at, id);
      }
      std::ranges::sort(below, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
      if (distance >= below.size()) return std::nullopt;
      return below[distance].second;
    });
  }

  RecordedRows recorded_since(const std::string&, TimePoint since, std::int64_t after) override {
    return connection_.transact([&](Tables& tables) {
      RecordedRows found;
      for (const HistoryRow& row : recorded(tables, since, after)) {
        ++found.rows;
        found.last = row.id;
      }
      found.counted_at = true_time();
      return found;
    });
  }

  std::vector<std::string> changed_since(const std::string&, TimePoint since, std::int64_t after,
                                         std::size_t limit) override {
    return connection_.transact([&](Tables& tables) {
      std::set<std::string> ids;
      for (const HistoryRow& row : recorded(tables, since, after)) {
        if (ids.size() <= limit) ids.insert(row.sim_id);
      }
      return std::vector<std::string>{ids.begin(), ids.end()};
    });
  }

  bool ever_complete(const std::string&) override {
    return connection_.transact([](Tables& tables) { return tables.ever_complete(); });
  }

  void read_watched(const std::string&, const std::vector<std::string>& providers,
                    const std::function<bool(const WatchedSim&)>& sim,
                    const std::function<bool(const WatchedProfile&)>& profile) override {
    const auto rows = connection_.transact([](Tables& tables) { return present_rows(tables); });
    for (const SimRow& row : rows) {
      if (row.sim.type != "eSIM" || std::ranges::count(providers, row.sim.provider) == 0) continue;
      if (!sim({row.sim.id, row.sim.status, row.sim.created_at})) return;
    }
    for (const auto& [id, row] : connection_.transact([](Tables& tables) { return tables.profiles; })) {
      if (!profile({row.profile, row.last_polled_at})) return;
    }
  }

  ApplyResult apply_profiles(const std::string&, const std::vector<ProfileReading>& readings) override {
    return write([&](Tables& tables) { return tables.apply_profiles(readings, wall_clock(), epoch(), judge_); });
  }

  std::vector<MetadataRequest> pending_metadata(const std::string&, const std::string& after,
                                                std::size_t limit) override {
    return connection_.transact([&](Tables& tables) { return tables.pending_metadata(after, limit); });
  }

  std::vector<std::int64_t> step_metadata(const std::string&, const std::vector<MetadataStep>& steps) override {
    return write([&](Tables& tables) { return tables.step_metadata(steps, wall_clock(), epoch(), judge_); });
  }

  void save_poll_state(const std::string&, const PollState& state) override {
    write([&](Tables& tables) { tables.poll_state = state; });
  }

  std::int64_t begin_watch(const std::string&, const Watch&) override {
    return write([](Tables&) { return std::int64_t{1}; });
  }
  void still_watching(const std::string&, std::int64_t, TimePoint) override {}
  void end_watch(const std::string&, std::int64_t, TimePoint, bool) override {
    write([](Tables&) {});
  }
  std::uint64_t forget_history(const std::string&, TimePoint, std::size_t) override { return 0; }
  std::uint64_t count_anew(const std::string&) override { return 0; }
  ProjectStatus status(const std::string&, const std::vector<std::string>&, std::chrono::milliseconds) override {
    return {};
  }

 private:
  static std::vector<SimRow> present_rows(const Tables& tables) {
    std::vector<SimRow> rows;
    for (const auto& [id, row] : tables.sims) {
      if (!row.missing_since) rows.push_back(row);
    }
    return rows;
  }

  static bool complete_since(const Tables& tables, std::int64_t walk_id) {
    return std::ranges::any_of(tables.walks, [&](const WalkRecord& walk) {
      return walk.kind == WalkKind::full && walk.outcome == WalkOutcome::complete && walk.id > walk_id;
    });
  }

  Connection connection_;
  std::optional<Lease> lease_;
  const AlertJudge* judge_;
};

class SimulatedStores : public StoreFactory {
 public:
  SimulatedStores(const StoreAccess& access, std::optional<Lease> lease, const AlertJudge* judge)
      : access_(access), lease_(std::move(lease)), judge_(judge) {}
  std::unique_ptr<InventoryStore> open() override { return std::make_unique<SimulatedStore>(access_, lease_, judge_); }

 private:
  StoreAccess access_;
  std::optional<Lease> lease_;
  const AlertJudge* judge_;
};

// By the server's clock, which is right.
class SimulatedLeases : public LeaseStore {
 public:
  explicit SimulatedLeases(const StoreAccess& access) : connection_(access) {}

  LeaseView beat(const DaemonIdentity& self, const std::vector<std::string>& projects,
                 std::chrono::milliseconds length) override {
    return connection_.transact([&](Tables& tables) {
      const TimePoint now = true_time();
      tables.daemons[self.holder] = now;
      Tables::LeaseState& lease = tables.lease;
      if (lease.holder == self.holder && lease.expires_at != TimePoint::min()) lease.expires_at = now + length;
      LeaseView view;
      view.daemons = static_cast<std::size_t>(
          std::ranges::count_if(tables.daemons, [&](const auto& daemon) { return daemon.second > now - length; }));
      view.server = "one";
      if (lease.epoch > 0) {
        using Milliseconds = std::chrono::milliseconds;
        view.leases.push_back({projects.front(), lease.epoch, lease.holder, lease.host,
                               lease.expires_at == TimePoint::min()
                                   ? Milliseconds{-86'400'000}
                                   : std::chrono::duration_cast<Milliseconds>(lease.expires_at - now)});
      }
      return view;
    });
  }

  std::optional<Lease> take(const std::string& project, const DaemonIdentity& self, std::chrono::milliseconds length,
                            const std::string& dead_holder) override {
    return connection_.transact([&](Tables& tables) -> std::optional<Lease> {
      Tables::LeaseState& lease = tables.lease;
      if (lease.epoch > 0 && lease.expires_at > true_time() && lease.holder != dead_holder) return std::nullopt;
      lease = {lease.epoch + 1, self.holder, self.host, true_time() + length};
      return Lease{project, lease.epoch, self.holder};
    });
  }

  void release(const Lease& lease) override {
    connection_.transact([&](Tables& tables) {
      if (tables.lease.epoch == lease.epoch && tables.lease.holder == lease.holder) {
        tables.lease.expires_at = TimePoint::min();
      }
    });
  }

  void leave(const DaemonIdentity& self) override {
    connection_.transact([&](Tables& tables) { tables.daemons.erase(self.holder); });
  }

 private:
  Connection connection_;
};

}  // namespace

void Connection::travel() const {
  sleep(std::chrono::microseconds{random()() % static_cast<std::uint64_t>(access_.faults.slowest.count() * 1000 + 1)});
  if (access_.line.severed || access_.faults.away) fail(StorageFailure::unreachable);
}

void Connection::begin() const {
  travel();
  if (chance(access_.faults.broken)) fail(StorageFailure::unreachable);
  if (chance(access_.faults.conflict)) fail(StorageFailure::conflict);
}

bool Connection::comes_to_doubt() const {
  if (!chance(access_.faults.in_doubt)) return false;
  if (random()() % 2 == 0) fail(StorageFailure::in_doubt);
  return true;
}

void Connection::end(bool in_doubt) const {
  sleep(std::chrono::microseconds{random()() % 2000});
  if (in_doubt || access_.line.severed || access_.faults.away) fail(StorageFailure::in_doubt);
}

std::unique_ptr<StoreFactory> make_simulated_stores(const StoreAccess& access, std::optional<Lease> lease,
                                                    const AlertJudge* judge) {
  return std::make_unique<SimulatedStores>(access, std::move(lease), judge);
}

std::unique_ptr<LeaseStore> make_simulated_lease_store(const StoreAccess& access) {
  return std::make_unique<SimulatedLeases>(access);
}

}  // namespace simsync::simulation
