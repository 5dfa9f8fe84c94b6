#include "daemon/alerts/unlikely_rules.h"

#include <algorithm>
#include <string_view>

#include "config/printable.h"
#include "config/scalars.h"
#include "daemon/alerts/word_pattern.h"

namespace simsync {
namespace {

using Words = std::vector<std::string>;

// "Retrieve an eSIM profile": status. "The SIM object": status (`retired` is in the list's filter) and type.
const Words& profile_statuses() {
  static const Words kWords = {"deleted", "disabled", "enabled", "installed", "unknown"};
  return kWords;
}
const Words& sim_statuses() {
  static const Words kWords = {"active", "inactive", "retired"};
  return kWords;
}
const Words& types() {
  static const Words kWords = {"eSIM", "pSIM"};
  return kWords;
}

class Doubts {
 public:
  explicit Doubts(std::vector<UnlikelyRule>& found) : found_(found) {}

  // Of each word that matches none of `known`.
  void check(const AlertRuleConfig& rule, const std::string& key, const Words& words, const Words& known,
             const std::string& what) {
    for (const std::string& word : words) {
      const WordPattern pattern{word};
      if (std::any_of(known.begin(), known.end(), [&](const std::string& one) { return pattern.matches(one); }))
        continue;
      found_.push_back(
          {rule.name, key + " names " + in_quotes(word) + ", which is no " + what + suggestion(word, known)});
    }
  }

  void say(const AlertRuleConfig& rule, const std::string& why) { found_.push_back({rule.name, why}); }

 private:
  std::vector<UnlikelyRule>& found_;
};

Words where(const AlertRuleConfig& rule, const std::string& key) {
  const auto found = rule.where.find(key);
  return found == rule.where.end() ? Words{} : found->second;
}

void doubt_profile_rule(const AlertRuleConfig& rule, const Config& config, Doubts& doubts) {
  doubts.check(rule, "from", rule.from, profile_statuses(), "status of a profile");
  doubts.check(rule, "to", rule.to, profile_statuses(), "status of a profile");
  doubts.check(rule, "in", rule.in, profile_statuses(), "status of a profile");
  doubts.check(rule, "where.provider", where(rule, "provider"), config.profiles.providers,
               "provider whose profiles are polled (profiles.providers)");
  if (!any_matches(word_patterns(where(rule, "type")), "eSIM")) {
    doubts.say(rule, "where.type leaves out eSIM, and only eSIMs have profiles");
  }
}

void doubt_sim_rule(const AlertRuleConfig& rule, Doubts& doubts) {
  const bool of_status = std::all_of(rule.change.begin(), rule.change.end(), [](const std::string& change) {
    return change == "status" || change.ends_with("appeared");
  });
  doubts.check(rule, "in", rule.in, sim_statuses(), "status of a SIM");
  if (of_status) {
    doubts.check(rule, "from", rule.from, sim_statuses(), "status of a SIM");
    doubts.check(rule, "to", rule.to, sim_statuses(), "status of a SIM");
  }
  const auto only = [&](std::string_view change) {
    return std::all_of(rule.change.begin(), rule.change.end(), [&](const std::string& one) { return one == change; });
  };
  if (!rule.to.empty() && only("disappeared"))
    doubts.say(rule, "to is named, but a SIM that disappeared has no status after");
  if (!rule.from.empty() && (only("appeared") || only("reappeared"))) {
    doubts.say(rule, "from is named, but a SIM that appeared has no status before");
  }
}

}  // namespace

std::vector<UnlikelyRule> unlikely_rules(const Config& config) {
  std::vector<UnlikelyRule> found;
  Doubts doubts{found};
  for (const AlertRuleConfig& rule : config.alerts.rules) {
    if (rule.on == "profile") doubt_profile_rule(rule, config, doubts);
    if (rule.on == "sim") doubt_sim_rule(rule, doubts);
    doubts.check(rule, "where.type", where(rule, "type"), types(), "type of a SIM");
    doubts.check(rule, "where.status", where(rule, "status"), sim_statuses(), "status of a SIM");
  }
  return found;
}

}  // namespace simsync
