// The parts of load_config that stand in files of their own. Internal to config/. All throw ConfigError.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/secret_source.h"
#include "config/section.h"

namespace simsync {

// The secrets that exactly one of the keys `file_key` and `env_key` of `section` leads to; none where neither is there.
// A variable holds one, a file as many as `lines` says.
std::vector<Secret> read_secrets(const Section& section, const std::string& file_key, const std::string& env_key,
                                 SecretLines lines);

// The channels under `alerts`.
std::vector<AlertChannelConfig> read_alert_channels(const Value& value);

// The section `alerts`; `projects` are those that rules may name.
AlertsConfig read_alerts(const Value& value, const std::vector<ProjectConfig>& projects);

}  // namespace simsync
