// Leases on PostgreSQL; lease_statements.h says how.
#include "storage/postgres_leases.h"

#include <utility>

#include "storage/lease_statements.h"
#include "storage/lease_store.h"
#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/walk_statements.h"

namespace simsync {
namespace {

using Milliseconds = std::chrono::milliseconds;
using Transaction = pqxx::transaction_base;

class PostgresLeaseStore : public LeaseStore {
 public:
  PostgresLeaseStore(const std::string& url, SessionObserver* observer) : session_(url, observer) {}

  LeaseView beat(const DaemonIdentity& self, const std::vector<std::string>& projects, Milliseconds length) override {
    const std::string all = text_array(projects);
    return session_.transact(bounds::kBeat, [&](Transaction& transaction) {
      // Losing the last second of it, should the server die, costs nothing.
      transaction.exec(statements::kLostTogether);
      if (!seen_) exec_with(transaction, statements::kReplaceDaemon, {self.holder, self.host, all});
      exec_with(transaction, statements::kSeeDaemon, {self.holder, self.host, all});
      exec_with(transaction, statements::kProlongLeases, {self.holder, all, std::to_string(length.count())});
      seen_ = true;
      return view_of(exec_with(transaction, statements::kLeases, {all, std::to_string(length.count())}));
    });
  }

  std::optional<Lease> take(const std::string& project, const DaemonIdentity& self, Milliseconds length,
                            const std::string& dead_holder) override {
    return session_.transact(bounds::kBeat, [&](Transaction& transaction) -> std::optional<Lease> {
      // What somebody took meanwhile is not waited for, and its writers are left alone.
      if (!exec_with(transaction, statements::kIsFree, {project, std::to_string(length.count()), dead_holder})[0][0]
               .as<bool>()) {
        return std::nullopt;
      }
      for (const auto& writer : exec_with(transaction, statements::kStuckWriters, {project})) {
        exec_with(transaction, statements::kEndSession, {writer[0].template as<std::string>()});
      }
      exec_with(transaction, statements::kLockLease, {project});
      const pqxx::result taken =
          exec_with(transaction, statements::kTakeLease,
                    {project, self.holder, self.host, std::to_string(length.count()), dead_holder});
      if (taken.empty()) return std::nullopt;
      return Lease{project, taken[0][0].as<std::int64_t>(), self.holder};
    });
  }

  void release(const Lease& lease) override {
    session_.transact(bounds::kBeat, [&](Transaction& transaction) {
      exec_with(transaction, statements::kReleaseLease, {lease.project, std::to_string(lease.epoch), lease.holder});
    });
  }

  void leave(const DaemonIdentity& self) override {
    session_.transact(bounds::kBeat,
                      [&](Transaction& transaction) { exec_with(transaction, statements::kLeave, {self.holder}); });
  }

 private:
  static LeaseView view_of(const pqxx::result& rows) {
    LeaseView view;
    view.daemons = rows[0][0].as<std::size_t>();
    view.server = rows[0][1].as<std::string>();
    for (const auto& row : rows) {
      if (row[2].is_null()) continue;
      view.leases.push_back({row[2].template as<std::string>(), row[3].template as<std::int64_t>(),
                             row[4].template as<std::string>(), row[5].template as<std::string>(),
                             Milliseconds{row[6].template as<std::int64_t>()}});
    }
    return view;
  }

  PostgresSession session_;
  bool seen_ = false;  // this store's daemon has a row
};

}  // namespace

void require_lease(pqxx::transaction_base& transaction, const std::optional<Lease>& lease) {
  if (!lease) return;
  exec_with(transaction, statements::kShareLease, {lease->project});
  if (exec_with(transaction, statements::kHoldsLease,
                {lease->project, std::to_string(lease->epoch), lease->holder})[0][0]
          .as<bool>()) {
    return;
  }
  throw StorageError(StorageFailure::lease_lost, "another simsyncd has taken over project " + lease->project);
}

std::unique_ptr<LeaseStore> open_postgres_lease_store(const std::string& url, SessionObserver* observer) {
  return std::make_unique<PostgresLeaseStore>(url, observer);
}

}  // namespace simsync
