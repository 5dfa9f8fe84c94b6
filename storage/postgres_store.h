// The PostgreSQL store itself; private to storage/, callers know InventoryStore and the factories.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/alert.h"
#include "storage/inventory_store.h"
#include "storage/postgres_leases.h"
#include "storage/postgres_session.h"

namespace simsync {

class PostgresStore : public InventoryStore {
 public:
  // `judge` hears of what is recorded and must outlive the store; null: none. `lease` is shown with each transaction.
  explicit PostgresStore(const std::string& url, const AlertJudge* judge = nullptr,
                         std::optional<Lease> lease = std::nullopt)
      : session_(url), judge_(judge), lease_(std::move(lease)) {}

  std::int64_t begin_walk(const std::string& project, WalkKind kind, TimePoint started_at) override;
  std::optional<WalkProgress> open_walk(const std::string& project) override;
  std::int64_t latest_walk(const std::string& project) override;
  using InventoryStore::apply;
  ApplyResult apply(const std::string& project, const std::vector<SimReading>& readings,
                    const WalkProgress* progress) override;
  void save_progress(const std::string& project, const WalkProgress& progress) override;
  void finish_walk(const std::string& project, WalkRecord& record, const std::vector<Disappearance>& gone) override;
  void read_present(const std::string& project, const std::function<bool(const Sim&, TimePoint)>& row) override;
  std::optional<Approval> approval(const std::string& project) override;
  ApproveOutcome approve(std::int64_t walk_id) override;
  std::uint64_t present_count(const std::string& project) override;
  std::vector<std::string> present_ids(const std::string& project, const std::string& after,
                                       std::size_t limit) override;
  std::optional<std::string> present_beyond(const std::string& project, TimePoint created_at,
                                            std::size_t distance) override;
  bool ever_complete(const std::string& project) override;
  void read_watched(const std::string& project, const std::vector<std::string>& providers,
                    const std::function<bool(const WatchedSim&)>& sim,
                    const std::function<bool(const WatchedProfile&)>& profile) override;
  ApplyResult apply_profiles(const std::string& project, const std::vector<ProfileReading>& readings) override;
  void save_poll_state(const std::string& project, const PollState& state) override;
  std::int64_t begin_watch(const std::string& project, const Watch& watch) override;
  void still_watching(const std::string& project, std::int64_t run_id, TimePoint now) override;
  void end_watch(const std::string& project, std::int64_t run_id, TimePoint stopped_at, bool polled) override;
  std::uint64_t forget_history(const std::string& project, TimePoint before, std::size_t limit) override;
  std::uint64_t count_anew(const std::string& project) override;
  ProjectStatus status(const std::string& project, const std::vector<std::string>& providers,
                       std::chrono::milliseconds poll_interval) override;

 protected:
  PostgresSession session_;

 private:
  // A transaction that writes.
  template <typename Body>
  auto write(const Body& body) {
    return session_.transact([&](pqxx::transaction_base& transaction) {
      require_lease(transaction, lease_);
      return body(transaction);
    });
  }

  using AfterLast = std::function<void(pqxx::transaction_base&, const ApplyResult&)>;
  std::optional<ApplyResult> insert_sims(const std::string& project, const std::vector<SimReading>& readings,
                                         const AfterLast& after_last);
  ApplyResult write_sims(pqxx::transaction_base& transaction, const std::string& project,
                         const std::vector<const SimReading*>& batch);
  ApplyResult write_profiles(pqxx::transaction_base& transaction, const std::string& project,
                             const std::vector<const ProfileReading*>& batch);
  std::uint64_t mark_missing(pqxx::transaction_base& transaction, const std::string& project,
                             const std::vector<Disappearance>& gone);

  // After a commit: lets the judge know if alerts were written.
  void tell_judge();

  const AlertJudge* judge_;
  const std::optional<Lease> lease_;
  bool raised_ = false;                                 // alerts were written since the judge was told
  std::unordered_map<std::string, unsigned> refusals_;  // of copies, by project
  std::unordered_set<std::string> complete_projects_;   // that are known to have had a complete walk
};

// The parameters of the batch statements, for exec_binary: the project, then one array per column.
std::vector<std::string> sim_parameters(const std::string& project, const std::vector<const SimReading*>& batch);
std::vector<std::string> profile_parameters(const std::string& project,
                                            const std::vector<const ProfileReading*>& batch);

}  // namespace simsync
