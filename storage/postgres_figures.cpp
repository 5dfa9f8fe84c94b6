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
  explicit PostgresFigures(const std::string& url) : session_(url) {}

  std::vector<ProjectFigures> read(const std::vector<std::string>& projects) override {
    return session_.read([&](pqxx::transaction_base& transaction) {
      std::vector<ProjectFigures> all;
      for (const auto& row : exec_with(transaction, statements::kFigures, {text_array(projects)})) {
        ProjectFigures& figures = all.emplace_back();
        figures.project = row[0].template as<std::string>();
        figures.host = row[1].template as<std::string>();
        figures.sims = row[2].template as<std::uint64_t>();
        figures.profiles = row[3].template as<std::uint64_t>();
        figures.overdue = row[4].template as<std::uint64_t>();
        figures.held_back = row[5].template as<std::uint64_t>();
        if (!row[6].is_null()) figures.last_complete_walk = from_epoch(row[6].template as<std::int64_t>());
      }
      return all;
    });
  }

 private:
  PostgresSession session_;
};

}  // namespace

std::unique_ptr<FiguresReader> open_postgres_figures(const std::string& url) {
  return std::make_unique<PostgresFigures>(url);
}

}  // namespace simsync
