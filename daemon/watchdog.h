// Tells systemd that all is well as long as every loop of the program comes round (sync/pulse.h), and logs which one
// does not. Ends nothing itself: whoever watches this service starts it anew.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "sync/pulse.h"

namespace simsync {

class Watchdog {
 public:
  // `interval`: within which systemd has to hear; nullopt: nobody listens, and a loop that is stuck is only logged.
  // `pulses` outlives it. Looks four times an interval, each 15 s at least.
  Watchdog(const Pulses& pulses, std::optional<std::chrono::microseconds> interval);

 private:
  void look();

  const Pulses& pulses_;
  std::string stuck_;  // the loop that was stuck at the last look; empty: none was
  bool said_ = false;  // that it is
  std::jthread thread_;
};

}  // namespace simsync
