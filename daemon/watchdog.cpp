#include "daemon/watchdog.h"

#include <algorithm>

#include "config/log.h"
#include "daemon/service_manager.h"
#include "sync/stopping.h"

namespace simsync {

Watchdog::Watchdog(const Pulses& pulses, std::optional<std::chrono::microseconds> interval) : pulses_(pulses) {
  using std::chrono::milliseconds;
  const milliseconds longest = std::chrono::seconds{15};
  const milliseconds pause =
      interval ? std::clamp(std::chrono::floor<milliseconds>(*interval / 4), milliseconds{1}, longest) : longest;
  thread_ = std::jthread{[this, pause](const std::stop_token& stop) {
    do look();
    while (sleep_for(pause, stop));
  }};
}

void Watchdog::look() {
  const std::optional<Pulses::Silence> silence = pulses_.too_long(Pulses::Clock::now());
  if (!silence) {
    if (said_) log::info("a loop comes round again", {{"loop", stuck_}});
    stuck_.clear();
    said_ = false;
    service_manager::alive();
    return;
  }
  // Once is no fault yet: after this process was frozen all loops have been silent.
  if (silence->loop == stuck_ && !said_) {
    log::error(
        "a loop makes no progress",
        {{"loop", silence->loop}, {"silent_s", std::chrono::floor<std::chrono::seconds>(silence->lasted).count()}});
    said_ = true;
  }
  if (silence->loop != stuck_) said_ = false;
  stuck_ = silence->loop;
}

}  // namespace simsync
