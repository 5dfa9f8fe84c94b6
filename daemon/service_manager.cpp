#include "daemon/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

#include "config/printable.h"

namespace simsync::service_manager {

void ready() {
  sd_notify(0, "READY=1");
}

// The time is for units of Type=notify-reload, which tell by it whose answer this is.
void reloading() {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch());
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count())).c_str());
}

void status(const std::string& line) {
  sd_notify(0, ("STATUS=" + printable(line)).c_str());
}

void stopping() {
  sd_notify(0, "STOPPING=1");
}

void alive() {
  sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds{microseconds};
}

}  // namespace simsync::service_manager
