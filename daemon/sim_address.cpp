#include "daemon/sim_address.h"

#include <algorithm>
#include <cctype>

#include "config/load_config.h"
#include "config/printable.h"
#include "config/scalars.h"
#include "daemon/project_ids.h"
#include "storage/sim_finder.h"
#include "sync/api/http_sim_api.h"
#include "sync/iccid.h"

namespace simsync {
namespace {

constexpr std::size_t kMostNamed = 10;  // SIMs in one error

struct Candidate {
  SimAddress address;
  std::string description;
};

std::string described(const std::string& project, const std::string& id, const std::string& type,
                      const std::string& status) {
  return id + " (" + project + ", " + type + ", " + status + ")";
}

const ProjectConfig& project_named(const std::vector<ProjectConfig>& projects, const std::string& id) {
  return *std::ranges::find(projects, id, &ProjectConfig::id);
}

// Ids are not of digits alone, whatever is left out between them.
bool means_iccid(const std::string& text) {
  const std::string plain = plain_iccid_text(text);
  return plain.find_first_not_of("0123456789F") == std::string::npos &&
         plain.find_first_of("0123456789") != std::string::npos;
}

void refuse_what_is_no_id(const std::string& text) {
  const bool good = std::ranges::all_of(
      text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '~'; });
  constexpr std::size_t kLongestId = 200;
  if (good && !text.empty() && text.size() <= kLongestId && text != "." && text != "..") return;
  throw ConfigError(in_quotes(text) + " is neither a SIM's id, such as sim_0SNlurA049MEWV1BAAmWZULA4lf6, nor an ICCID");
}

SimAddress only_one(std::vector<Candidate> candidates, const std::string& iccid) {
  if (candidates.empty()) throw std::runtime_error("no SIM has the ICCID " + iccid);
  if (candidates.size() == 1) return std::move(candidates.front().address);
  std::string names;
  for (std::size_t i = 0; i < std::min(candidates.size(), kMostNamed); ++i) {
    names += (i == 0 ? "" : ", ") + candidates[i].description;
  }
  if (candidates.size() > kMostNamed) names += " and more";
  throw std::runtime_error("more than one SIM has the ICCID " + iccid + ": " + names + "; name one by its id");
}

SimAddress by_id(const SimQuestion& question, const DatabaseConfig& database) {
  refuse_what_is_no_id(question.text);
  if (question.projects.size() == 1) return {question.projects.front(), question.text, {}};
  const std::vector<FoundSim> found = find_sims_by_id(database.url, ids_of(question.projects), question.text);
  if (found.size() == 1) return {project_named(question.projects, found.front().project), question.text, {}};
  std::vector<std::string> projects;
  for (const FoundSim& sim : found) projects.push_back(sim.project);
  throw ConfigError("SIM " + question.text + " is in the mirror of " +
                    (found.empty() ? "no project" : "more than one project: " + joined(projects)) +
                    "; say which one with --project");
}

std::vector<Candidate> in_mirror(const SimQuestion& question, const std::string& iccid,
                                 const DatabaseConfig& database) {
  std::vector<Candidate> candidates;
  if (!question.ask_mirror) return candidates;
  try {
    for (const FoundSim& sim : find_sims_by_iccid(database.url, ids_of(question.projects), iccid)) {
      candidates.push_back({{project_named(question.projects, sim.project), sim.sim_id, {}},
                            described(sim.project, sim.sim_id, sim.type, sim.status)});
    }
  } catch (const StorageError&) {
    if (question.projects.size() > 1) throw;
  }
  return candidates;
}

std::vector<Candidate> in_api(const SimQuestion& question, const std::string& iccid, ApiClients& clients,
                              const std::stop_token& stop) {
  std::vector<Candidate> candidates;
  for (const ProjectConfig& project : question.projects) {
    SimPage page = clients.of(project).search(iccid, {}, stop);
    if (!page.skipped.empty()) {
      throw ApiError(ApiFailure::malformed, 200,
                     "POST /projects/" + project.id + "/sims/search: a SIM in the answer cannot be read (" +
                         page.skipped.front().reason + "); name it by its id");
    }
    for (Sim& sim : page.sims) {
      const std::string id = sim.id;
      const std::string description = described(project.id, id, sim.type, sim.status);
      candidates.push_back(
          {{project, id, SimReading{std::move(sim), page.exchange.asked_at, page.exchange.observed_at}}, description});
    }
  }
  return candidates;
}

}  // namespace

SimApi& ApiClients::of(const ProjectConfig& project) {
  std::unique_ptr<SimApi>& client = clients_[project.id];
  if (!client) client = make_http_sim_api(api_, project);
  return *client;
}

std::string searchable_iccid(const std::string& text) {
  if (api_accepts_iccid(text)) return text;
  const auto read = read_iccid(text);
  if (const auto* fault = std::get_if<IccidFault>(&read)) throw ConfigError(in_quotes(text) + " " + fault->why);
  const std::string digits{std::get<Iccid>(read).digits()};
  if (api_accepts_iccid(digits)) return digits;
  throw ConfigError(in_quotes(text) + " has 18 digits, the API searches for all 19 or 20 of an ICCID");
}

SimAddress find_sim(const SimQuestion& question, const DatabaseConfig& database, ApiClients& clients,
                    const std::stop_token& stop) {
  if (question.projects.size() > 1 && !question.ask_mirror) {
    throw ConfigError("--no-record asks no database in which project a SIM is; say so with --project");
  }
  if (!means_iccid(question.text)) return by_id(question, database);
  const std::string iccid = searchable_iccid(question.text);
  std::vector<Candidate> candidates = in_mirror(question, iccid, database);
  if (candidates.empty()) candidates = in_api(question, iccid, clients, stop);
  return only_one(std::move(candidates), iccid);
}

}  // namespace simsync
