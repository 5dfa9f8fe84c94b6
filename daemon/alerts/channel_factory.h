// The channels of the configuration.
#pragma once

#include <memory>

#include "config/config.h"
#include "daemon/alerts/channel.h"

namespace simsync {

// `repeat_after` as in AlertsConfig. Throws std::invalid_argument for what the channel itself cannot take.
std::unique_ptr<AlertChannel> make_alert_channel(const AlertChannelConfig& config,
                                                 std::chrono::milliseconds repeat_after);

}  // namespace simsync
