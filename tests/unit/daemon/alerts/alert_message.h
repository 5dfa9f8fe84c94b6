// A message of the outbox for tests of what sends it.
#pragma once

#include <string>

#include "storage/alert_store.h"

namespace simsync {

inline TimePoint some_time() {
  return TimePoint{std::chrono::sys_days{std::chrono::year{2026} / 3 / 14} + std::chrono::seconds{1}};
}

// A single change of a SIM.
inline AlertMessage some_message(const std::string& id = "msg_0123456789abcdef0123456789abcdef") {
  AlertMessage message;
  message.id = id;
  message.project = "acme";
  message.channel = "ops";
  message.rule = "profile-gone";
  message.type = "simsync.profile.transition";
  message.severity = "critical";
  message.first_raised_at = message.last_raised_at = message.pending_since = some_time();
  message.alerts = 1;
  message.breakdown = {{"p9", "enabled", "disabled", 1}};
  message.providers = {"p9"};
  message.first = {{7, "sim-1", "8944500102198304826", "p9", "enabled", "disabled", 1, some_time()}};
  return message;
}

}  // namespace simsync
