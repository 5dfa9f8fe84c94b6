// The parts of load_config that stand in files of their own. Internal to config/. All throw ConfigError.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/section.h"

namespace simsync {

// The secret that exactly one of the keys `file_key` and `env_key` of `section` leads to; none where neither is there.
std::optional<Secret> read_secret(const Section& section, const std::string& file_key, const std::string& env_key);

// The section `alerts`; `projects` are those that rules may name.
AlertsConfig read_alerts(const Value& value, const std::vector<ProjectConfig>& projects);

}  // namespace simsync
