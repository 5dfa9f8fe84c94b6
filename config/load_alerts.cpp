#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "config/load_sections.h"
#include "config/printable.h"

namespace simsync {

namespace {

using Words = std::vector<std::string>;

// What a kind of rule may hold beside name, on, where, severity and channels.
struct RuleKind {
  std::string on;
  Words keys;
  Words where;    // what its alerts can be told apart by
  bool metadata;  // also by metadata.KEY
};

const std::vector<RuleKind>& rule_kinds() {
  static const std::vector<RuleKind> kKinds = {
      {"profile", {"from", "to", "in", "for"}, {"provider", "type", "status", "project"}, true},
      {"sim", {"change", "own_changes", "from", "to", "in", "for"}, {"provider", "type", "status", "project"}, true},
      {"stock", {"below", "for"}, {"provider", "type", "project"}, false},
      {"freshness", {"above"}, {"project"}, false},
  };
  return kKinds;
}

constexpr std::string_view kMetadata = "metadata.";

// Nothing here is judged more often than once a second.
constexpr Milliseconds kShortestSpan = std::chrono::seconds{1};
constexpr Milliseconds kShortestGroupWait{0};  // each alert on its way at once

bool among(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class RuleReader {
 public:
  RuleReader(Words channels, Words projects) : channels_(std::move(channels)), projects_(std::move(projects)) {}

  [[nodiscard]] AlertRuleConfig read(const Value& value) const {
    const RuleKind& kind = kind_of(value);
    const Section section(value, keys_of(kind), all_keys(), "by rules on " + kind.on);
    AlertRuleConfig rule;
    rule.on = kind.on;
    rule.name = section.require("name", "name: NAME, by which its alerts are known").parsed(parse_name, true);
    if (const auto where = section.find("where")) rule.where = read_where(*where, kind);
    if (const auto severity = section.find("severity")) rule.severity = severity->parsed(parse_name, true);
    read_changes(section, rule);
    read_own_changes(section, rule);
    read_states(section, rule);
    read_limits(section, rule);
    rule.channels = read_rule_channels(section.require("channels", "channels: [NAME], where its alerts go"));
    return rule;
  }

 private:
  static Words keys_of(const RuleKind& kind) {
    Words keys = {"name", "on"};
    keys.insert(keys.end(), kind.keys.begin(), kind.keys.end());
    keys.insert(keys.end(), {"where", "severity", "channels"});
    return keys;
  }

  static Words all_keys() {
    return {"name", "on", "where", "severity", "channels", "change", "own_changes",
            "from", "to", "in",    "for",      "below",    "above"};
  }

  static const RuleKind& kind_of(const Value& value) {
    Words names;
    for (const RuleKind& kind : rule_kinds()) names.push_back(kind.on);
    const Section loose(value, all_keys());
    const std::string on = loose.require("on", "on: one of " + joined(names)).choice(names);
    return *std::find_if(rule_kinds().begin(), rule_kinds().end(), [&](const RuleKind& kind) { return kind.on == on; });
  }

  static Words read_words(const Section& section, std::string_view key) {
    const std::optional<Value> value = section.find(key);
    if (!value) return {};
    Words words = value->distinct_texts();
    if (words.empty()) value->fail("the list is empty and would match nothing; name a status, or remove it");
    return words;
  }

  static void read_changes(const Section& section, AlertRuleConfig& rule) {
    static const Words kChanges = {"status", "iccid", "provider", "type", "appeared", "disappeared", "reappeared"};
    const std::optional<Value> value = section.find("change");
    if (!value) return;
    if (const auto in = section.find("in")) in->fail("change stands beside it; time in a state is of the status");
    rule.change = read_words(section, "change");
    for (const std::string& word : rule.change) {
      if (among(kChanges, word) || (word.starts_with(kMetadata) && word.size() > kMetadata.size())) continue;
      Words known = kChanges;
      known.emplace_back("metadata.KEY");
      value->fail("names an unknown change " + in_quotes(word) + suggestion(word, known));
    }
  }

  static void read_own_changes(const Section& section, AlertRuleConfig& rule) {
    const std::optional<Value> value = section.find("own_changes");
    if (!value) return;
    rule.own_changes = value->parsed(parse_bool);
    const bool metadata = std::any_of(rule.change.begin(), rule.change.end(),
                                      [](const std::string& word) { return word.starts_with(kMetadata); });
    if (!metadata) {
      value->fail(
          "change names no metadata.KEY, and simsyncd itself changes nothing else; name one, or remove this key");
    }
  }

  // Either a transition (from, to) or time in a state (in, for).
  static void read_states(const Section& section, AlertRuleConfig& rule) {
    rule.from = read_words(section, "from");
    rule.to = read_words(section, "to");
    rule.in = read_words(section, "in");
    if (const auto lasting = section.find("for")) rule.lasting = lasting->duration(kShortestSpan);
    const auto in = section.find("in");
    if (in && (!rule.from.empty() || !rule.to.empty())) {
      in->fail("from or to stands beside it; write from and to for a change, or in and for for time in a state");
    }
    if (in && !rule.lasting) in->fail("for is missing; write how long, such as for: 24h");
    const auto lasting = section.find("for");
    if (lasting && !in && rule.on != "stock")
      lasting->fail("in is missing; write in which states, such as in: [installed]");
  }

  static void read_limits(const Section& section, AlertRuleConfig& rule) {
    if (rule.on == "stock") {
      // Fewer than none never comes.
      rule.below =
          section.require("below", "below: NUMBER of unused SIMs").parsed(parse_count, std::uint64_t{1}, kMostSims);
    }
    if (rule.on == "freshness") {
      rule.above = section.require("above", "above: AGE, such as 1h").duration(kShortestSpan);
    }
  }

  [[nodiscard]] std::map<std::string, Words> read_where(const Value& value, const RuleKind& kind) const {
    Words known = kind.where;
    if (kind.metadata) known.emplace_back("metadata.KEY");
    std::map<std::string, Words> where;
    for (const auto& [key, child] : value.entries()) {
      const bool metadata = kind.metadata && key.starts_with(kMetadata) && key.size() > kMetadata.size();
      if (!metadata && !among(kind.where, key)) {
        const bool elsewhere = among(rule_kinds().front().where, key) || key.starts_with(kMetadata);
        if (elsewhere) child.fail("this key is not used by rules on " + kind.on + "; known here: " + joined(known));
        child.fail("unknown key" + suggestion(key, known));
      }
      Words words = child.one_or_more_texts();
      if (words.empty()) child.fail("the list is empty and would match nothing; name a value, or remove it");
      if (key == "project") check_known(child, words, projects_, "project");
      where[key] = std::move(words);
    }
    return where;
  }

  [[nodiscard]] Words read_rule_channels(const Value& value) const {
    Words names = value.distinct_texts();
    if (names.empty()) value.fail("the list is empty, nobody would be told; name a channel of alerts.channels");
    check_known(value, names, channels_, "channel");
    return names;
  }

  static void check_known(const Value& value, const Words& names, const Words& known, const std::string& what) {
    for (const std::string& name : names) {
      if (among(known, name)) continue;
      if (known.empty()) value.fail("there is no " + what + " at all; define one first");
      value.fail("names an unknown " + what + " " + in_quotes(name) + suggestion(name, known));
    }
  }

  Words channels_;
  Words projects_;
};

}  // namespace

AlertsConfig read_alerts(const Value& value, const std::vector<ProjectConfig>& projects) {
  const Section section(value, {"group_wait", "repeat_after", "channels", "rules"});
  AlertsConfig alerts;
  if (const auto wait = section.find("group_wait")) alerts.group_wait = wait->duration(kShortestGroupWait);
  if (const auto again = section.find("repeat_after")) alerts.repeat_after = again->duration(kShortestSpan);
  if (const auto channels = section.find("channels")) alerts.channels = read_alert_channels(*channels);
  const auto rules = section.find("rules");
  if (!rules) return alerts;
  Words channel_names;
  for (const AlertChannelConfig& channel : alerts.channels) channel_names.push_back(channel.name);
  Words project_ids;
  for (const ProjectConfig& project : projects) project_ids.push_back(project.id);
  const RuleReader reader(std::move(channel_names), std::move(project_ids));
  std::set<std::string> names;
  for (const Value& item : rules->items()) {
    alerts.rules.push_back(reader.read(item));
    const std::string& name = alerts.rules.back().name;
    if (!names.insert(name).second) {
      item.fail("the name " + in_quotes(name) + " is that of an earlier rule; give each its own");
    }
  }
  return alerts;
}

}  // namespace simsync
