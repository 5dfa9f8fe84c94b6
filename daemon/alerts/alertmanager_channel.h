// Prometheus' Alertmanager, by its API of version 2. It knows an alert by its labels and forgets what is not repeated,
// so there is one alert for each rule, project and provider, not one for each SIM; how many there are stands in the
// annotations.
#pragma once

#include <memory>
#include <string>

#include "daemon/alerts/channel.h"

namespace simsync {

struct AlertmanagerOptions {
  std::string url;                                                // its root, without a slash at the end
  std::chrono::milliseconds repeat_after{std::chrono::hours{1}};  // how long a change is shown
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};
};

std::unique_ptr<AlertChannel> make_alertmanager_channel(const AlertmanagerOptions& options);

}  // namespace simsync
