#include "daemon/alerts/channel_factory.h"

#include <stdexcept>

#include "daemon/alerts/alertmanager_channel.h"
#include "daemon/alerts/command_channel.h"
#include "daemon/alerts/email_channel.h"
#include "daemon/alerts/slack_channel.h"
#include "daemon/alerts/webhook_channel.h"

namespace simsync {

std::unique_ptr<AlertChannel> make_alert_channel(const AlertChannelConfig& config,
                                                 std::chrono::milliseconds repeat_after) {
  const Secret secret = config.secrets.empty() ? Secret{} : config.secrets.front();
  if (config.type == "webhook") return make_webhook_channel({config.url, config.secrets, config.timeout});
  if (config.type == "alertmanager") return make_alertmanager_channel({config.url, repeat_after, config.timeout});
  if (config.type == "slack") return make_slack_channel({secret, config.timeout});
  if (config.type == "command") return make_command_channel({config.program, config.args, config.timeout});
  if (config.type != "email") throw std::invalid_argument("no such type of channel: " + config.type);
  return make_email_channel({config.url, config.from, config.to, config.user, secret, config.timeout});
}

}  // namespace simsync
