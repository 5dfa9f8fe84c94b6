// A Slack incoming webhook: the message as text. Its URL is the secret, so no error repeats any of it.
#pragma once

#include <memory>

#include "config/secret.h"
#include "daemon/alerts/channel.h"

namespace simsync {

struct SlackOptions {
  Secret url;
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};
};

std::unique_ptr<AlertChannel> make_slack_channel(const SlackOptions& options);

// `text` as Slack shows it unchanged: &, < and > would begin links and mentions.
std::string slack_escaped(std::string_view text);

}  // namespace simsync
