#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/project_figures.h"
#include "storage/walk_statements.h"

namespace simsync {
namespace {

class PostgresFigures : public FiguresReader {
 public:
  PostgresFigures(const std::string& url, SessionObserver* observer) : session_(url, observer) {}

  std::vector<ProjectFigures> read(const std::vector<std::string>& projects) override {
    return session_.read([&](pqxx::transaction_base& transaction) {
      std::vector<ProjectFigures> all;
      for (const auto& row :
           exec_with(transaction, statements::kFigures,
                     {text_array(projects), std::to_string(kMostAlerts), std::to_string(kMostRequests)})) {
        ProjectFigures& figures = all.emplace_back();
        figures.project = row[0].template as<std::string>();
        figures.host = row[1].template as<std::string>();
        figures.sims = row[2].template as<std::uint64_t>();
        figures.profiles = row[3].template as<std::uint64_t>();
        figures.overdue = row[4].template as<std::uint64_t>();
        figures.held_back = row[5].template as<std::uint64_t>();
        if (!row[6].is_null()) figures.last_complete_walk = from_epoch(row[6].template as<std::int64_t>());
        if (!row[7].is_null()) {
          figures.last_walk = {from_epoch(row[7].template as<std::int64_t>()), row[8].template as<std::string>(),
                               row[9].template as<std::string>()};
        }
        figures.poll_lag = std::chrono::milliseconds{row[10].template as<std::int64_t>()};
        if (!row[11].is_null()) figures.polls_as_of = from_epoch(row[11].template as<std::int64_t>());
        figures.poll_error = row[12].template as<std::string>();
        figures.alerts_pending = row[13].template as<std::uint64_t>();
        figures.alerts_dead = row[14].template as<std::uint64_t>();
        figures.metadata_pending = row[15].template as<std::uint64_t>();
        if (!row[16].is_null()) figures.metadata_pending_since = from_epoch(row[16].template as<std::int64_t>());
      }
      return all;
    });
  }

  std::vector<InventoryGroup> read_inventory(const std::vector<std::string>& projects) override {
    return session_.read([&](pqxx::transaction_base& transaction) {
      std::vector<InventoryGroup> all;
      for (const auto& row : exec_with(transaction, statements::kInventoryGroups, {text_array(projects)})) {
        all.push_back({row[0].template as<std::string>(), row[1].template as<std::string>(),
                       row[2].template as<std::string>(), row[3].template as<std::string>(),
                       row[4].template as<std::string>(), row[5].template as<std::uint64_t>()});
      }
      return all;
    });
  }

 private:
  PostgresSession session_;
};

}  // namespace

std::unique_ptr<FiguresReader> open_postgres_figures(const std::string& url, SessionObserver* observer) {
  return std::make_unique<PostgresFigures>(url, observer);
}

}  // namespace simsync
