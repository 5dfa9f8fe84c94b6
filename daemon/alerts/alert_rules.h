// Does this change concern anyone? The rules on profile transitions and on SIM changes; those on what lasts (time in a
// state, stock, freshness) are not judged here, for no change begins them.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/alerts/word_pattern.h"
#include "storage/alert.h"

namespace simsync {

// What a rule's lists mean:
//   from, to      the status before and after, or of a metadata key its value; a list that is not there matches all
//   own_changes   false: not what simsyncd itself has written back to the API
//   where         every key has to match; a SIM without the metadata key does not
// A transition from a status to itself (the API reported it anew, so something happened in between) concerns a rule
// that names neither from nor to, or that names the status in both. The first sight of a profile concerns none.
class AlertRules : public AlertJudge {
 public:
  explicit AlertRules(const AlertsConfig& config);
  ~AlertRules() override;

  [[nodiscard]] bool wants_profiles() const override;
  [[nodiscard]] bool wants_sims() const override;
  [[nodiscard]] std::vector<RaisedAlert> judge(const std::string& project,
                                               std::span<const RecordedChange> changes) const override;
  [[nodiscard]] std::vector<std::string> channels() const override { return channels_; }
  [[nodiscard]] std::chrono::milliseconds repeat_after() const override { return repeat_after_; }

 private:
  struct Rule;
  std::vector<Rule> rules_;
  std::vector<std::string> channels_;
  std::chrono::milliseconds repeat_after_;
};

}  // namespace simsync
