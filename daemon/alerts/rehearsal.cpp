#include "daemon/alerts/rehearsal.h"

#include <map>
#include <unordered_map>
#include <utility>

#include "daemon/alerts/alert_rules.h"
#include "daemon/alerts/condition_watch.h"
#include "daemon/alerts/word_pattern.h"

namespace simsync {
namespace {

// The one rule, so that nothing else is judged.
AlertsConfig only(const AlertsConfig& config, AlertRuleConfig rule) {
  AlertsConfig one = config;
  // To have been somewhere for long is judged as having come there: the history tells the stays that were long enough.
  if (!rule.in.empty()) {
    rule.to = std::exchange(rule.in, {});
    rule.change = {"status"};
  }
  one.rules = {std::move(rule)};
  return one;
}

// As the outbox would have had it: the same SIM within repeat_after is counted, what comes within group_wait is one
// message.
class Outbox {
 public:
  Outbox(const AlertsConfig& config, Rehearsal& rehearsal) : config_(config), rehearsal_(rehearsal) {}

  void raise(RehearsedAlert alert, bool counts_repeats) {
    if (counts_repeats && counted(alert)) return;
    ++rehearsal_.alerts;
    const bool listed = rehearsal_.first.size() < kMostRehearsed;
    if (counts_repeats) {
      open_[alert.project + '\0' + alert.sim_id] = {alert.raised_at, listed ? rehearsal_.first.size() : kMostRehearsed};
    }
    TimePoint& message = message_of_[alert.project];
    if (message == TimePoint{} || alert.raised_at > message + config_.group_wait) {
      ++rehearsal_.messages;
      message = alert.raised_at;
    }
    if (listed) rehearsal_.first.push_back(std::move(alert));
  }

 private:
  struct Open {
    TimePoint raised_at{};
    std::size_t place = 0;
  };

  bool counted(const RehearsedAlert& alert) {
    const auto found = open_.find(alert.project + '\0' + alert.sim_id);
    if (found == open_.end() || alert.raised_at - found->second.raised_at > config_.repeat_after) return false;
    if (found->second.place < rehearsal_.first.size()) ++rehearsal_.first[found->second.place].count;
    return true;
  }

  const AlertsConfig& config_;
  Rehearsal& rehearsal_;
  std::unordered_map<std::string, Open> open_;
  std::map<std::string, TimePoint> message_of_;
};

RehearsedAlert alert_of(const std::string& project, const RecordedChange& change, const RaisedAlert& raised) {
  return {change.observed_at, project, change.sim_id, change.provider, raised.from, raised.to, 1, std::nullopt};
}

}  // namespace

Rehearsal rehearse(const AlertsConfig& config, const AlertRuleConfig& rule, const std::vector<std::string>& projects,
                   TimePoint since, TimePoint now, AlertHistory& history, AlertConditions& conditions,
                   const std::function<bool()>& stopped) {
  Rehearsal rehearsal;
  Outbox outbox{config, rehearsal};
  const AlertRules rules{only(config, rule)};
  const bool of_profiles = rule.on == "profile";
  const auto wanted = rule.where.find("project");
  for (const std::string& project : projects) {
    if (wanted != rule.where.end() && !any_matches(word_patterns(wanted->second), project)) continue;
    if (rule.on == "stock") {
      rehearsal.of_the_present = true;
      for (const AlertCondition& low : low_stock(rule, project, conditions, now)) {
        outbox.raise({now, project, "", low.provider, "", low.subject, 1, std::nullopt}, false);
      }
    } else if (rule.on == "freshness") {
      for (const PastLateness& late : history.lateness(project, rule.above.value_or(Milliseconds{0}), since, now)) {
        outbox.raise({late.from, project, "", "", "", "", 1, late.until}, false);
      }
    } else if (!rule.in.empty()) {
      const auto take = [&](const std::vector<PastStay>& stays) {
        for (const PastStay& stay : stays) {
          for (const RaisedAlert& raised : rules.judge(project, {&stay.change, 1})) {
            RehearsedAlert alert = alert_of(project, stay.change, raised);
            alert.resolved_at = stay.until;
            outbox.raise(std::move(alert), false);
          }
        }
        return !stopped();
      };
      history.stays(project, of_profiles, rule.lasting.value_or(Milliseconds{0}), since, now, take);
    } else {
      const auto take = [&](const std::vector<RecordedChange>& changes) {
        for (const RaisedAlert& raised : rules.judge(project, changes)) {
          outbox.raise(alert_of(project, changes[raised.change], raised), true);
        }
        return !stopped();
      };
      history.changes(project, of_profiles, since, take);
    }
  }
  return rehearsal;
}

}  // namespace simsync
