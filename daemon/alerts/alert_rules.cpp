#include "daemon/alerts/alert_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace simsync {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadata = "metadata.";

// Metadata is parsed when the first rule asks for it. What is no object has no keys.
class Metadata {
 public:
  explicit Metadata(const std::string& text) : text_(text) {}

  // A text as it is, any other value as JSON text; nullopt: there is no such key.
  std::optional<std::string> value(const std::string& key) {
    if (!parsed_) parsed_ = Json::parse(text_, nullptr, false);
    if (!parsed_->is_object()) return std::nullopt;
    const auto found = parsed_->find(key);
    if (found == parsed_->end()) return std::nullopt;
    if (found->is_string()) return found->get<std::string>();
    return found->dump(-1, ' ', false, Json::error_handler_t::replace);
  }

 private:
  const std::string& text_;
  std::optional<Json> parsed_;
};

// The change that is judged, with what several rules would otherwise find out again.
struct Judged {
  explicit Judged(const RecordedChange& recorded)
      : change(recorded),
        metadata(recorded.metadata),
        before(recorded.old_value ? *recorded.old_value : kNothing),
        after(recorded.new_value ? *recorded.new_value : kNothing) {}

  static inline const std::string kNothing;

  const RecordedChange& change;
  Metadata metadata;
  Metadata before;  // of a change of the metadata
  Metadata after;
};

struct Step {
  std::optional<std::string> from;
  std::optional<std::string> to;
};

bool fits(const std::vector<WordPattern>& patterns, const std::optional<std::string>& value) {
  return patterns.empty() || (value && any_matches(patterns, *value));
}

}  // namespace

struct AlertRules::Rule {
  explicit Rule(const AlertRuleConfig& config)
      : name(config.name),
        severity(config.severity),
        channels(config.channels),
        on_profile(config.on == "profile"),
        change(config.change),
        own_changes(config.own_changes),
        from(word_patterns(config.from)),
        to(word_patterns(config.to)) {
    for (const auto& [key, words] : config.where) {
      if (key.starts_with(kMetadata)) {
        metadata.emplace_back(key.substr(kMetadata.size()), word_patterns(words));
      } else {
        where.emplace(key, word_patterns(words));
      }
    }
  }

  [[nodiscard]] bool where_matches(const std::string& project, Judged& judged) const {
    const RecordedChange& change_row = judged.change;
    for (const auto& [key, patterns] : where) {
      const std::string& word = key == "project"    ? project
                                : key == "provider" ? change_row.provider
                                : key == "type"     ? change_row.type
                                                    : change_row.status;
      if (!any_matches(patterns, word)) return false;
    }
    return std::all_of(metadata.begin(), metadata.end(),
                       [&](const auto& wanted) { return fits(wanted.second, judged.metadata.value(wanted.first)); });
  }

  // What it would tell of the change; nullopt: it does not concern it. The cheap questions come first.
  [[nodiscard]] std::optional<Step> concerned(Judged& judged) const {
    if (judged.change.profile != on_profile) return std::nullopt;
    return on_profile ? by_transition(judged.change) : by_sim_change(judged);
  }

  [[nodiscard]] std::optional<Step> by_transition(const RecordedChange& row) const {
    if (!row.old_value || !row.new_value) return std::nullopt;
    const Step step{row.old_value, row.new_value};
    const bool anew = *row.old_value == *row.new_value;
    if (anew && from.empty() != to.empty()) return std::nullopt;
    return fits(from, step.from) && fits(to, step.to) ? std::optional{step} : std::nullopt;
  }

  [[nodiscard]] std::optional<Step> by_sim_change(Judged& judged) const {
    const RecordedChange& row = judged.change;
    if (row.own && !own_changes) return std::nullopt;
    for (const std::string& wanted : change) {
      std::optional<Step> step;
      if (row.kind != "changed") {
        if (wanted == row.kind) step = Step{row.old_value, row.new_value};
      } else if (wanted == row.field) {
        step = Step{row.old_value, row.new_value};
      } else if (row.field == "metadata" && wanted.starts_with(kMetadata)) {
        const std::string key = wanted.substr(kMetadata.size());
        step = Step{judged.before.value(key), judged.after.value(key)};
        if (step->from == step->to) continue;
      }
      if (step && fits(from, step->from) && fits(to, step->to)) return step;
    }
    return std::nullopt;
  }

  std::string name;
  std::string severity;
  std::vector<std::string> channels;
  bool on_profile;
  std::vector<std::string> change;
  bool own_changes;
  std::vector<WordPattern> from;
  std::vector<WordPattern> to;
  std::map<std::string, std::vector<WordPattern>> where;
  std::vector<std::pair<std::string, std::vector<WordPattern>>> metadata;
};

AlertRules::AlertRules(const AlertsConfig& config) : repeat_after_(config.repeat_after) {
  for (const AlertChannelConfig& channel : config.channels) channels_.push_back(channel.name);
  for (const AlertRuleConfig& rule : config.rules) {
    if ((rule.on == "profile" || rule.on == "sim") && rule.in.empty()) rules_.emplace_back(rule);
  }
}

AlertRules::~AlertRules() = default;

bool AlertRules::wants_profiles() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const Rule& rule) { return rule.on_profile; });
}

bool AlertRules::wants_sims() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const Rule& rule) { return !rule.on_profile; });
}

std::vector<RaisedAlert> AlertRules::judge(const std::string& project, std::span<const RecordedChange> changes) const {
  std::vector<RaisedAlert> raised;
  for (std::size_t place = 0; place < changes.size(); ++place) {
    Judged judged{changes[place]};
    for (const Rule& rule : rules_) {
      const std::optional<Step> step = rule.concerned(judged);
      if (!step || !rule.where_matches(project, judged)) continue;
      raised.push_back({place, rule.name, rule.on_profile ? "simsync.profile.transition" : "simsync.sim.change",
                        rule.severity, rule.channels, step->from.value_or(""), step->to.value_or("")});
    }
  }
  return raised;
}

}  // namespace simsync
