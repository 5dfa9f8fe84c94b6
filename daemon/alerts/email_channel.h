// Mail by SMTP, over TLS wherever it leaves the machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/secret.h"
#include "daemon/alerts/channel.h"

namespace simsync {

struct EmailOptions {
  std::string server;  // smtps://host:465, or smtp://host:587 (STARTTLS; only a loopback address may lack it)
  std::string from;    // an address, without a name
  std::vector<std::string> to;
  std::string user;  // empty: no login
  Secret password;
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};
};

// Throws std::invalid_argument for an address that could not stand in an SMTP command.
std::unique_ptr<AlertChannel> make_email_channel(const EmailOptions& options);

}  // namespace simsync
