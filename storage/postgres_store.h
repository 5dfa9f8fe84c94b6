// The PostgreSQL store itself; private to storage/, callers know InventoryStore and the factories.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/alert.h"
#include "storage/inventory_store.h"
#include "storage/postgres_leases.h"
#include "storage/postgres_session.h"
#include "storage/store_observer.h"

namespace simsync {

class PostgresStore : public InventoryStore {
 public:
  // `judge` and `observer` hear of what is recorded and must outlive the store; null: none. `lease` is shown with each
  // transaction.
  explicit PostgresStore(const std::string& url, const AlertJudge* judge = nullptr,
                         std::optional<Lease> lease = std::nullopt, StoreObserver* observer = nullptr)
      : session_(url, observer), judge_(judge), observer_(observer), lease_(std::move(lease)) {}

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
  std::uint64_t gone_since(const std::string& project, TimePoint since) override;
  std::vector<std::string> present_ids(const std::string& project, const std::string& after,
                                       std::size_t limit) override;
  std::optional<std::string> present_beyond(const std::string& project, TimePoint created_at,
                                            std::size_t distance) override;
  RecordedRows recorded_since(const std::string& project, TimePoint since, std::int64_t after) override;
  std::vector<std::string> changed_since(const std::string& project, TimePoint since, std::int64_t after,
                                         std::size_t limit) override;
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
  std::vector<MetadataRequest> pending_metadata(const std::string& project, const std::string& after,
                                                std::size_t limit) override;
  std::vector<std::int64_t> step_metadata(const std::string& project, const std::vector<MetadataStep>& steps) override;
  ProjectStatus status(const std::string& project, const std::vector<std::string>& providers,
                       std::chrono::milliseconds poll_interval) override;

 protected:
  PostgresSession session_;

 private:
  // A transaction that writes.
  template <typename Body>
  auto write(const TransactionBounds& bounds, const Body& body) {
    steps_.clear();
    settled_.clear();
    const auto committed = [&] {
      return session_.transact(bounds, [&](pqxx::transaction_base& transaction) {
        require_lease(transaction, lease_);
        return body(transaction);
      });
    };
    if constexpr (std::is_void_v<decltype(committed())>) {
      committed();
      tell_steps();
    } else {
      auto result = committed();
      tell_steps();
      return result;
    }
  }
  template <typename Body>
  auto write(const Body& body) {
    return write(bounds::kWrite, body);
  }

  using AfterLast = std::function<void(pqxx::transaction_base&, const ApplyResult&)>;
  std::optional<ApplyResult> insert_sims(const std::string& project, const std::vector<SimReading>& readings,
                                         const AfterLast& after_last);
  ApplyResult write_sims(pqxx::transaction_base& transaction, const std::string& project,
                         const std::vector<const SimReading*>& batch);
  ApplyResult write_profiles(pqxx::transaction_base& transaction, const std::string& project,
                             const std::vector<const ProfileReading*>& batch);
  std::vector<MetadataRequest> read_pending(const std::string& project, const std::string& after, std::size_t limit,
                                            std::size_t most_bytes);
  void read_wish(const std::string& project, MetadataRequest& request);
  std::vector<std::int64_t> write_steps(const std::string& project, std::span<const MetadataStep> steps,
                                        bool with_readings);
  // Both set record.disappeared to what the walk's row says.
  void mark_missing(pqxx::transaction_base& transaction, const std::string& project, WalkRecord& record,
                    std::span<const Disappearance> gone);
  static void close_walk(pqxx::transaction_base& transaction, const std::string& project, WalkRecord& record);

  // What was written to the history: for the judge, who may raise alerts within the transaction, and to be counted.
  void note_recorded(pqxx::transaction_base& transaction, const std::string& project, bool judged,
                     const std::vector<RecordedChange>& changes);
  // After a commit: lets the observer know what was recorded, and the judge if alerts were written.
  void tell_steps();
  void tell_judge();

  const AlertJudge* judge_;
  StoreObserver* const observer_;
  const std::optional<Lease> lease_;
  std::vector<StatusStep> steps_;                       // of the transaction under way, to be counted
  std::vector<MetadataState> settled_;                  // requests, in the transaction under way
  bool raised_ = false;                                 // alerts were written since the judge was told
  std::unordered_map<std::string, unsigned> refusals_;  // of copies, by project
  std::unordered_set<std::string> complete_projects_;   // that are known to have had a complete walk
};

// The parameters of the batch statements, for exec_binary: the project, then one array per column.
std::vector<std::string> sim_parameters(const std::string& project, const std::vector<const SimReading*>& batch);
std::vector<std::string> profile_parameters(const std::string& project,
                                            const std::vector<const ProfileReading*>& batch);

}  // namespace simsync
