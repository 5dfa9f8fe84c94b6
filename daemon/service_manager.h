// What systemd is told by sd_notify(3), as a service of Type=notify; nobody where another program started us. The only
// file that speaks of libsystemd beside the log. Safe from any thread, never blocks for long, throws nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace simsync::service_manager {

// The service works: configuration and database are good. Also the end of a reload.
void ready();
// A reload begins.
void reloading();
// One line for `systemctl status`.
void status(const std::string& line);
void stopping();
// All is well. Who does not say so for watchdog_interval() is ended and started anew.
void alive();
// WatchdogSec= of the unit; nullopt: nobody waits for alive().
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace simsync::service_manager
