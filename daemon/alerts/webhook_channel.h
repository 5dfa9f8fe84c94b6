// A webhook: the message as a CloudEvent, signed by the Standard Webhooks scheme.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/secret.h"
#include "daemon/alerts/channel.h"

namespace simsync {

struct WebhookOptions {
  std::string url;
  std::vector<Secret> secrets;  // whsec_…; none: unsigned
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};
};

// Throws std::invalid_argument for a secret that cannot be read.
std::unique_ptr<AlertChannel> make_webhook_channel(const WebhookOptions& options);

}  // namespace simsync
