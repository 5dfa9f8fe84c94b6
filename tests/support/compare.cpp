#include "tests/support/compare.h"

#include <array>

namespace simsync::test {
namespace {

constexpr std::array kColumns = {"iccid", "provider", "type", "status", "metadata", "extra", "created_at"};

constexpr char kSims[] = R"(
SELECT sim_id, iccid, provider, type, status, metadata::text, extra::text,
       (extract(epoch FROM created_at) * 1000000)::bigint, missing_since IS NOT NULL
FROM simsync.sim WHERE project = $1 ORDER BY sim_id)";

constexpr char kProfiles[] = R"(
SELECT p.sim_id, p.status, (extract(epoch FROM p.updated_at) * 1000000)::bigint, s.type, s.provider,
       s.missing_since IS NOT NULL
FROM simsync.esim_profile p LEFT JOIN simsync.sim s USING (project, sim_id) WHERE project = $1 ORDER BY sim_id)";

class Comparison {
 public:
  Comparison(const World& world, const TestDatabase& database, const CompareRules& rules)
      : world_(world), database_(database), rules_(rules) {}

  Differences find() {
    compare_sims();
    compare_profiles();
    return std::move(found_);
  }

 private:
  void compare_sims() {
    std::set<std::string> stored;
    for (const DatabaseRow& row : database_.rows(kSims, {world_.project()})) {
      const std::string& id = *row[0];
      if (rules_.leave_out.contains(id)) continue;
      stored.insert(id);
      const auto sim = world_.sims().find(id);
      const bool missing = *row[8] == "t";
      if (missing != (sim == world_.sims().end())) {
        found_.push_back(id + (missing ? ": marked missing, but the API has it" : ": gone, but not marked missing"));
      }
      if (sim != world_.sims().end()) compare_fields(id, sim->second, row);
    }
    for (const auto& [id, sim] : world_.sims()) {
      if (!stored.contains(id) && !rules_.leave_out.contains(id)) found_.push_back(id + ": not in the mirror");
    }
  }

  void compare_fields(const std::string& id, const TrueSim& sim, const DatabaseRow& row) {
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const std::string field = kColumns[i];
      const bool is_json = field == "metadata" || field == "extra";
      const std::string stored = is_json ? canonical_json(*row[i + 1]) : *row[i + 1];
      const std::string& wanted = sim.fields.at(field);
      if (stored != wanted) found_.push_back(id + "." + field + ": stored " + stored + ", true is " + wanted);
    }
  }

  void compare_profiles() {
    std::set<std::string> stored;
    for (const DatabaseRow& row : database_.rows(kProfiles, {world_.project()})) {
      const std::string& id = *row[0];
      if (rules_.leave_out.contains(id)) continue;
      stored.insert(id);
      if (!row[3]) {
        found_.push_back(id + ": has a profile but no SIM");
        continue;
      }
      const auto sim = world_.sims().find(id);
      if (sim == world_.sims().end() || !wanted(sim->second)) continue;  // was polled in earlier days
      const TrueProfile& profile = *sim->second.profile;
      const std::string mirror = *row[1] + " of " + *row[2];
      const std::string truth = profile.status + " of " + std::to_string(profile.updated_at);
      if (mirror != truth) found_.push_back(id + ".profile: stored " + mirror + ", true is " + truth);
    }
    for (const auto& [id, sim] : world_.sims()) {
      if (wanted(sim) && !stored.contains(id) && !rules_.leave_out.contains(id)) {
        found_.push_back(id + ": its profile is not in the mirror");
      }
    }
  }

  [[nodiscard]] bool wanted(const TrueSim& sim) const {
    return sim.profile && rules_.providers.contains(sim.fields.at("provider"));
  }

  const World& world_;
  const TestDatabase& database_;
  const CompareRules& rules_;
  Differences found_;
};

}  // namespace

Differences mirror_differences(const World& world, const TestDatabase& database, const CompareRules& rules) {
  return Comparison{world, database, rules}.find();
}

}  // namespace simsync::test
