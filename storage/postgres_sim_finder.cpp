#include "storage/migrator.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/sim_finder.h"
#include "storage/story_statements.h"

namespace simsync {
namespace {

std::vector<FoundSim> find(const std::string& url, const char* statement, const std::vector<std::string>& projects,
                           const std::string& text) {
  require_current_schema(url);
  PostgresSession session{url};
  return session.read(bounds::kPerson, [&](pqxx::transaction_base& transaction) {
    std::vector<FoundSim> sims;
    for (const auto& row :
         exec_with(transaction, statement, {text_array(projects), text, std::to_string(kMostFound)})) {
      sims.push_back({row[0].template as<std::string>(), row[1].template as<std::string>(),
                      row[2].template as<std::string>(), row[3].template as<std::string>(),
                      row[4].template as<std::string>()});
    }
    return sims;
  });
}

}  // namespace

std::vector<FoundSim> find_sims_by_id(const std::string& url, const std::vector<std::string>& projects,
                                      const std::string& sim_id) {
  return find(url, statements::kFindSim, projects, sim_id);
}

std::vector<FoundSim> find_sims_by_iccid(const std::string& url, const std::vector<std::string>& projects,
                                         const std::string& iccid) {
  return find(url, statements::kFindPresentByIccid, projects, iccid);
}

}  // namespace simsync
