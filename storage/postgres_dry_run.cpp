// The store of `simsyncd sync --dry-run`: the same comparisons in read-only transactions. The database itself refuses
// a write here, so a mistake cannot become one.
#include <mutex>

#include "storage/batch.h"
#include "storage/postgres_inventory.h"
#include "storage/postgres_store.h"
#include "storage/pqxx_compat.h"
#include "storage/profile_statements.h"
#include "storage/statements.h"

namespace simsync {
namespace {

struct Listener {
  std::mutex mutex;
  std::function<void(const Change&)> tell;
};

std::optional<std::string> text_or_null(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<std::string>();
}

class PostgresDryRun : public PostgresStore {
 public:
  PostgresDryRun(const std::string& url, std::shared_ptr<Listener> listener)
      : PostgresStore(url), listener_(std::move(listener)) {}

  std::int64_t begin_walk(const std::string&, WalkKind, TimePoint) override { return 0; }

  void finish_walk(const std::string&, WalkRecord& record, const std::vector<Disappearance>& gone) override {
    for (const Disappearance& sim : gone) tell({sim.sim_id, "disappeared", "status", {}, {}});
    record.disappeared = gone.size();
  }

  std::optional<WalkProgress> open_walk(const std::string&) override { return std::nullopt; }
  void save_progress(const std::string&, const WalkProgress&) override {}
  void save_poll_state(const std::string&, const PollState&) override {}
  std::int64_t begin_watch(const std::string&, const Watch&) override { return 0; }
  std::uint64_t forget_history(const std::string&, TimePoint, std::size_t) override { return 0; }
  std::uint64_t count_anew(const std::string&) override { return 0; }
  std::vector<MetadataRequest> pending_metadata(const std::string&, const std::string&, std::size_t) override {
    return {};
  }
  std::vector<std::int64_t> step_metadata(const std::string&, const std::vector<MetadataStep>&) override { return {}; }

  using InventoryStore::apply;
  ApplyResult apply(const std::string& project, const std::vector<SimReading>& readings, const WalkProgress*) override {
    return compare(project, readings, statements::kCompareSims, sim_parameters,
                   [this](const pqxx::result& rows, ApplyResult& result) { count_sims(rows, result); });
  }

  ApplyResult apply_profiles(const std::string& project, const std::vector<ProfileReading>& readings) override {
    return compare(project, readings, statements::kCompareProfiles, profile_parameters,
                   [this](const pqxx::result& rows, ApplyResult& result) { count_profiles(rows, result); });
  }

 private:
  template <typename Reading, typename Parameters, typename Count>
  ApplyResult compare(const std::string& project, const std::vector<Reading>& readings, const std::string& statement,
                      const Parameters& parameters_of, const Count& count) {
    ApplyResult total;
    for (const auto& round : rounds_of(readings)) {
      total += write_or_halve<Reading>(round, [&](const std::vector<const Reading*>& batch) {
        return session_.read([&](pqxx::transaction_base& transaction) {
          ApplyResult result;
          count(exec_binary(transaction, statement, parameters_of(project, batch)), result);
          return result;
        });
      });
    }
    return total;
  }

  void count_sims(const pqxx::result& rows, ApplyResult& result) {
    std::string last;
    for (const auto& row : rows) {
      const auto id = row[0].template as<std::string>();
      const bool is_new = row[1].template as<bool>();
      if (id != last) ++(is_new ? result.created : result.changed);
      if (!row[2].is_null()) ++result.recorded;
      tell({id, row[2].is_null() ? "new" : row[2].template as<std::string>(), text_or_null(row[3]).value_or("status"),
            text_or_null(row[4]), text_or_null(row[5])});
      last = id;
    }
  }

  void count_profiles(const pqxx::result& rows, ApplyResult& result) {
    for (const auto& row : rows) {
      ++(row[1].template as<bool>() ? result.created : result.changed);
      ++result.recorded;
      tell({row[0].template as<std::string>(), "transition", "profile", text_or_null(row[2]), text_or_null(row[3])});
    }
  }

  void tell(const Change& change) {
    const std::lock_guard lock{listener_->mutex};
    listener_->tell(change);
  }

  std::shared_ptr<Listener> listener_;
};

class DryRunFactory : public StoreFactory {
 public:
  DryRunFactory(std::string url, std::function<void(const Change&)> tell)
      : url_(std::move(url)), listener_(std::make_shared<Listener>()) {
    listener_->tell = std::move(tell);
  }
  std::unique_ptr<InventoryStore> open() override { return std::make_unique<PostgresDryRun>(url_, listener_); }

 private:
  std::string url_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace

std::unique_ptr<StoreFactory> make_postgres_dry_run_factory(const std::string& url,
                                                            std::function<void(const Change&)> tell) {
  return std::make_unique<DryRunFactory>(url, std::move(tell));
}

}  // namespace simsync
