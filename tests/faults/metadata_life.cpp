#include "tests/faults/metadata_life.h"

namespace simsync::test {

using Json = nlohmann::json;

MetadataLife::MetadataLife(const Simulator& simulator, const TestDatabase& database, unsigned seed)
    : simulator_(simulator), database_(database), random_(seed) {
  for (const Json& sim : simulator.truth()) {
    ids_.push_back(sim.at("id"));
    wanted_[ids_.back()] = sim.at("metadata");
  }
}

void MetadataLife::ask(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    const std::string key = "k" + std::to_string(any(4));
    const bool remove = any(5) == 0;
    rows += (rows.empty() ? "('" : ", ('") + simulator_.first_project() + "', '" + any_sim() + "', '" +
            (remove ? "{}" : "{\"" + key + "\": \"" + std::to_string(++value_) + "\"}") + "', '" +
            (remove ? "{" + key + "}" : "{}") + "')";
  }
  database_.run("INSERT INTO simsync.metadata_request (project, sim_id, metadata, remove) VALUES " + rows);
}

void MetadataLife::meddle(int count) {
  std::set<std::string> busy;
  for (const DatabaseRow& row :
       database_.rows("SELECT DISTINCT sim_id FROM simsync.metadata_request WHERE state = 'pending'")) {
    busy.insert(*row[0]);
  }
  std::map<std::string, Json> now;
  for (const Json& sim : simulator_.truth()) now[sim.at("id")] = sim.at("metadata");
  for (int i = 0; i < count; ++i) {
    const std::string& sim = any_sim();
    if (!now.contains(sim) || !busy.insert(sim).second) continue;
    Json metadata = now[sim];
    metadata["theirs"] = ++value_;
    simulator_.set(sim, {{"metadata", metadata}});
    wanted_[sim]["theirs"] = metadata["theirs"];
    foreign_.insert(sim);
  }
}

Differences MetadataLife::faults() const {
  std::map<std::string, Json> wanted = wanted_;
  for (const DatabaseRow& row : database_.rows("SELECT sim_id, metadata, remove[1] FROM simsync.metadata_request "
                                               "WHERE state = 'applied' ORDER BY request_id")) {
    Json& sim = wanted[*row[0]];
    sim.update(Json::parse(*row[1]));
    if (row[2]) sim.erase(*row[2]);
  }
  Differences found;
  const World world{simulator_, simulator_.first_project()};
  for (const auto& [id, sim] : world.sims()) {
    const auto asked = wanted.find(id);
    if (asked == wanted.end()) continue;  // it came later
    const std::string there = canonical_json(sim.fields.at("metadata"));
    const std::string should = canonical_json(asked->second.dump());
    if (there != should) found.push_back(id + ": the API has " + there + ", asked for was " + should);
  }
  return found;
}

}  // namespace simsync::test
