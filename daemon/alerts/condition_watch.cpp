#include "daemon/alerts/condition_watch.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/log.h"
#include "daemon/alerts/word_pattern.h"

namespace simsync {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadata = "metadata.";

bool lasts(const AlertRuleConfig& rule) {
  return rule.on == "stock" || rule.on == "freshness" || !rule.in.empty();
}

std::vector<std::string> words(const AlertRuleConfig& rule, const std::string& key) {
  const auto found = rule.where.find(key);
  return found == rule.where.end() ? std::vector<std::string>{} : found->second;
}

SimFilter filter_of(const AlertRuleConfig& rule) {
  SimFilter filter{words(rule, "provider"), words(rule, "type"), words(rule, "status"), {}};
  for (const auto& [key, values] : rule.where) {
    if (key.starts_with(kMetadata)) filter.metadata.emplace_back(key.substr(kMetadata.size()), values);
  }
  return filter;
}

std::string type_of(const AlertRuleConfig& rule) {
  if (rule.on == "stock") return "simsync.stock";
  if (rule.on == "freshness") return "simsync.freshness";
  return rule.on == "profile" ? "simsync.profile.transition" : "simsync.sim.change";
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t seconds(std::chrono::system_clock::duration span) {
  return std::chrono::duration_cast<std::chrono::seconds>(span).count();
}

}  // namespace

std::chrono::milliseconds look_interval(const AlertRuleConfig& rule) {
  constexpr std::chrono::milliseconds kShortest = std::chrono::seconds{1};
  constexpr std::chrono::milliseconds kLongest = std::chrono::minutes{1};
  const std::chrono::milliseconds waits = rule.lasting.value_or(rule.above.value_or(std::chrono::milliseconds{0}));
  // Stock costs next to nothing to look at.
  if (rule.on == "stock" && !rule.lasting) return std::chrono::seconds{5};
  return std::clamp(waits / 20, kShortest, kLongest);
}

ConditionWatch::ConditionWatch(const AlertsConfig& config, std::vector<std::string> projects,
                               AlertConditions& conditions, AlertStore& store)
    : projects_(std::move(projects)), conditions_(conditions), store_(store) {
  for (const AlertRuleConfig& rule : config.rules) {
    if (!lasts(rule)) continue;
    const std::vector<WordPattern> wanted = word_patterns(words(rule, "project"));
    for (const std::string& project : projects_) {
      if (any_matches(wanted, project)) watched_.push_back({rule, project, {}, {}, false});
    }
  }
}

void ConditionWatch::begin(TimePoint now) {
  std::vector<WatchedRule> watched;
  for (const Watched& one : watched_) watched.push_back({one.project, one.rule.name});
  news_ += store_.end_all_but(projects_, watched, now);
}

std::optional<TimePoint> ConditionWatch::look(TimePoint now) {
  std::optional<TimePoint> next;
  std::exception_ptr failure;
  for (Watched& watched : watched_) {
    // A clock that was set back does not put a look off for longer than one interval.
    if (watched.due <= now || watched.due > now + look_interval(watched.rule)) {
      try {
        look_at(watched, now);
        watched.due = now + look_interval(watched.rule);
      } catch (const StorageError&) {
        // One question that always fails must not keep the others from being asked.
        failure = std::current_exception();
      }
    }
    next = next ? std::min(*next, watched.due) : watched.due;
  }
  if (failure) std::rethrow_exception(failure);
  return next;
}

void ConditionWatch::look_at(Watched& watched, TimePoint now) {
  const AlertRuleConfig& rule = watched.rule;
  HoldingConditions found = rule.on == "stock"       ? stock_below(watched, now)
                            : rule.on == "freshness" ? late(watched, now)
                                                     : in_state(watched, now);
  note_total(watched, found);
  news_ += store_.observe(
      {watched.project, rule.name, type_of(rule), rule.severity, rule.channels, std::move(found.holding)}, now);
}

void ConditionWatch::note_total(Watched& watched, const HoldingConditions& found) {
  const bool too_many = found.total > found.holding.size();
  if (too_many && !watched.too_many) {
    log::warning("alert rule holds for more SIMs than it raises alerts for", {{"project", watched.project},
                                                                              {"rule", watched.rule.name},
                                                                              {"holds", found.total},
                                                                              {"raised", found.holding.size()}});
  }
  watched.too_many = too_many;
}

HoldingConditions ConditionWatch::in_state(const Watched& watched, TimePoint now) {
  const AlertRuleConfig& rule = watched.rule;
  const StateQuestion question{rule.name, rule.in, rule.lasting.value_or(std::chrono::milliseconds{0}),
                               filter_of(rule)};
  return rule.on == "profile" ? conditions_.profiles_in(watched.project, question, now)
                              : conditions_.sims_in(watched.project, question, now);
}

std::vector<AlertCondition> low_stock(const AlertRuleConfig& rule, const std::string& project,
                                      AlertConditions& conditions, TimePoint now) {
  const std::uint64_t below = rule.below.value_or(0);
  std::vector<AlertCondition> low;
  for (const StockLevel& level : conditions.stock(project, filter_of(rule))) {
    if (level.unused >= below) continue;
    const Json details = {
        {"provider", level.provider}, {"type", level.type}, {"unused", level.unused}, {"below", below}};
    AlertCondition& condition = low.emplace_back();
    condition.subject = level.provider + " " + level.type;
    condition.provider = level.provider;
    condition.since = now;
    condition.details = text_of(details);
  }
  return low;
}

HoldingConditions ConditionWatch::stock_below(Watched& watched, TimePoint now) {
  std::map<std::string, TimePoint> low_since;
  HoldingConditions found;
  for (AlertCondition& low : low_stock(watched.rule, watched.project, conditions_, now)) {
    const auto before = watched.low_since.find(low.subject);
    if (before != watched.low_since.end()) low.since = std::min(before->second, now);
    low_since.emplace(low.subject, low.since);
    // Since when it is low is not kept: after a start the alert that is open goes on.
    low.young = now - low.since < watched.rule.lasting.value_or(std::chrono::milliseconds{0});
    found.holding.push_back(std::move(low));
  }
  watched.low_since = std::move(low_since);
  found.total = found.holding.size();
  return found;
}

HoldingConditions ConditionWatch::late(const Watched& watched, TimePoint now) {
  const ProjectAge age = conditions_.age(watched.project);
  const std::optional<TimePoint> since = age.last_complete_walk ? age.last_complete_walk : age.first_walk;
  HoldingConditions found;
  const std::chrono::milliseconds above = watched.rule.above.value_or(std::chrono::milliseconds{0});
  if (!since || now - *since <= above) return found;
  // Only what stays the same while it lasts: the alert is written once.
  found.holding.push_back({"", watched.project, "", "", *since + above,
                           text_of({{"project", watched.project},
                                    {"ever_complete", age.last_complete_walk.has_value()},
                                    {"last_complete_walk_seconds", seconds(since->time_since_epoch())},
                                    {"above_seconds", seconds(above)}})});
  found.total = 1;
  return found;
}

}  // namespace simsync
