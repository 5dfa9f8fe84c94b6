// The rules on what lasts: time in a state, stock, freshness. No change begins or ends them, so they are looked at
// again and again, each as often as its `for` needs. Knows no clock and no thread; asks the database through the
// interfaces it is given.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "storage/alert_conditions.h"
#include "storage/alert_store.h"

namespace simsync {

class ConditionWatch {
 public:
  // All that is given outlives it. `config` may hold other rules, too.
  ConditionWatch(const AlertsConfig& config, std::vector<std::string> projects, AlertConditions& conditions,
                 AlertStore& store);

  // Ends the alerts of rules that are no more, or look at another project now. Blocks; throws StorageError.
  void begin(TimePoint now);

  // Looks at every rule that is due, and raises and ends its alerts. Returns when the next is due; nullopt: there is no
  // such rule. Blocks; throws StorageError once all were looked at; those that failed are due again at the next call.
  std::optional<TimePoint> look(TimePoint now);

  // How many alerts it has raised and ended so far.
  [[nodiscard]] std::uint64_t news() const { return news_; }

 private:
  struct Watched {
    AlertRuleConfig rule;
    std::string project;
    TimePoint due{};
    std::map<std::string, TimePoint> low_since;  // of a rule on stock: by subject, as long as it is low
    bool too_many = false;                       // hold for all to be raised
  };

  void look_at(Watched& watched, TimePoint now);
  static void note_total(Watched& watched, const HoldingConditions& found);
  [[nodiscard]] HoldingConditions in_state(const Watched& watched, TimePoint now);
  [[nodiscard]] HoldingConditions stock_below(Watched& watched, TimePoint now);
  [[nodiscard]] HoldingConditions late(const Watched& watched, TimePoint now);

  std::vector<Watched> watched_;
  std::vector<std::string> projects_;
  AlertConditions& conditions_;
  AlertStore& store_;
  std::uint64_t news_ = 0;
};

// Where the stock is below what the rule says, `now` being since when. Blocks; throws StorageError.
std::vector<AlertCondition> low_stock(const AlertRuleConfig& rule, const std::string& project,
                                      AlertConditions& conditions, TimePoint now);

// How often a rule is looked at: a twentieth of the time it waits for, between a second and a minute.
std::chrono::milliseconds look_interval(const AlertRuleConfig& rule);

}  // namespace simsync
