// What systemd is told by sd_notify(3), as a service of Type=notify; nobody where another program started us. The only
// file that speaks of libsystemd beside the log. Safe from any thread, never blocks for long, throws nothing.
#pragma once

#include <string>

namespace simsync::service_manager {

// The service works: configuration and database are good.
void ready();
// One line for `systemctl status`.
void status(const std::string& line);
void stopping();

}  // namespace simsync::service_manager
