#include "sync/pulse.h"

#include <utility>

namespace simsync {

Pulse Pulses::begin(std::string loop, std::chrono::milliseconds longest_silence) {
  auto state =
      std::make_shared<Pulse::State>(std::move(loop), longest_silence.count(), Clock::now().time_since_epoch().count());
  const std::lock_guard lock{mutex_};
  loops_.push_back(state);
  return Pulse{std::move(state)};
}

std::optional<Pulses::Silence> Pulses::too_long(Clock::time_point now) const {
  const std::lock_guard lock{mutex_};
  std::erase_if(loops_, [](const auto& loop) { return loop.expired(); });
  std::optional<Silence> longest;
  Clock::duration beyond{};
  for (const auto& one : loops_) {
    const std::shared_ptr<Pulse::State> loop = one.lock();
    if (!loop) continue;
    const Clock::time_point last{Clock::duration{loop->last.load(std::memory_order_relaxed)}};
    if (last == Pulse::kResting) continue;
    const Clock::duration silent = now - last;
    const Clock::duration excess =
        silent - std::chrono::milliseconds{loop->longest_silence.load(std::memory_order_relaxed)};
    if (excess <= beyond) continue;
    beyond = excess;
    longest = Silence{loop->loop, std::chrono::floor<std::chrono::milliseconds>(silent)};
  }
  return longest;
}

}  // namespace simsync
