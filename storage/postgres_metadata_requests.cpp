#include "storage/metadata_requests.h"
#include "storage/metadata_statements.h"
#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"

namespace simsync {
namespace {

using Transaction = pqxx::transaction_base;

MetadataState state_of(const std::string& text) {
  for (const MetadataState state : {MetadataState::applied, MetadataState::conflict, MetadataState::failed}) {
    if (text == to_text(state)) return state;
  }
  return MetadataState::pending;
}

class PostgresMetadataRequests : public MetadataRequests {
 public:
  explicit PostgresMetadataRequests(const std::string& url) : session_(url) {}

  std::vector<std::int64_t> ask(const std::vector<MetadataWish>& wishes, const std::string& who) override {
    TextArray projects, sims, metadata, remove;
    for (const MetadataWish& wish : wishes) {
      projects.append(wish.project);
      sims.append(wish.sim_id);
      metadata.append(wish.metadata);
      remove.append(wish.remove);
    }
    const std::vector<std::string> parameters = {projects.take(), sims.take(), metadata.take(), remove.take(), who};
    return session_.transact([&](Transaction& transaction) {
      std::vector<std::int64_t> ids;
      ids.reserve(wishes.size());
      for (const auto& row : exec_with(transaction, statements::kAskForMetadata, parameters)) {
        ids.push_back(row[0].template as<std::int64_t>());
      }
      return ids;
    });
  }

  std::optional<MetadataAnswer> answer(const MetadataWish& wish, std::int64_t request) override {
    return session_.read([&](Transaction& transaction) -> std::optional<MetadataAnswer> {
      const pqxx::result found =
          exec_with(transaction, statements::kAnswerToMetadata, {wish.project, wish.sim_id, std::to_string(request)});
      if (found.empty()) return std::nullopt;
      return MetadataAnswer{request, state_of(found[0][0].as<std::string>()), found[0][1].as<std::string>()};
    });
  }

  bool is_served(const std::string& project) override {
    return session_.read([&](Transaction& transaction) {
      return exec_with(transaction, statements::kIsServed, {project})[0][0].as<bool>();
    });
  }

  std::vector<NamedSim> by_id(const std::vector<std::string>& projects, const std::vector<std::string>& ids) override {
    return named(statements::kNamedById, projects, ids);
  }
  std::vector<NamedSim> by_iccid(const std::vector<std::string>& projects,
                                 const std::vector<std::string>& iccids) override {
    return named(statements::kNamedByIccid, projects, iccids);
  }

 private:
  std::vector<NamedSim> named(const char* statement, const std::vector<std::string>& projects,
                              const std::vector<std::string>& names) {
    if (names.empty()) return {};
    return session_.read(bounds::kPerson, [&](Transaction& transaction) {
      std::vector<NamedSim> found;
      for (const auto& row : exec_with(transaction, statement, {text_array(projects), text_array(names)})) {
        found.push_back({row[0].template as<std::size_t>(), row[1].template as<std::string>(),
                         row[2].template as<std::string>(), row[3].template as<std::string>(),
                         row[4].template as<bool>(), row[5].template as<bool>()});
      }
      return found;
    });
  }

  PostgresSession session_;
};

}  // namespace

std::unique_ptr<MetadataRequests> open_metadata_requests(const std::string& url) {
  return std::make_unique<PostgresMetadataRequests>(url);
}

}  // namespace simsync
