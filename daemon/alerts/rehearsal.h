// What a rule would have raised: a rule and the past, or, where no past is kept (stock), the present. Of the past it
// asks through the interfaces it is given; knows no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "storage/alert_conditions.h"
#include "storage/alert_history.h"

namespace simsync {

struct RehearsedAlert {
  TimePoint raised_at{};
  std::string project;
  std::string sim_id;  // empty: about no SIM
  std::string provider;
  std::string from;
  std::string to;
  std::uint64_t count = 1;               // raised again within alerts.repeat_after
  std::optional<TimePoint> resolved_at;  // of what lasts
};

struct Rehearsal {
  std::vector<RehearsedAlert> first;  // the oldest, at most kMostRehearsed
  std::uint64_t alerts = 0;           // all of them
  std::uint64_t messages = 0;         // that each channel would have got of those raised, by alerts.group_wait
  bool of_the_present = false;        // there is no past to judge by
};

inline constexpr std::size_t kMostRehearsed = 1000;

// `config` may hold other rules and channels. Blocks; throws StorageError. `stopped` ends it early.
Rehearsal rehearse(const AlertsConfig& config, const AlertRuleConfig& rule, const std::vector<std::string>& projects,
                   TimePoint since, TimePoint now, AlertHistory& history, AlertConditions& conditions,
                   const std::function<bool()>& stopped);

}  // namespace simsync
