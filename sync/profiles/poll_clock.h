// Times of the schedule in four bytes: tenths of a second, years before and after its start. Due times follow the
// steady clock, for a wall clock that jumps must not make a wave of polls; what is told of answers follows the wall
// clock. Both are counted from the same moment, so that what the database says of the past can be set against what is
// due.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "storage/sim.h"

namespace simsync {

using Tick = std::uint32_t;

class PollClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Ticks = std::chrono::duration<std::int64_t, std::deci>;

  PollClock(Time start, TimePoint wall_start) : start_(start), wall_start_(wall_start) {}

  // Rounded down; what lies years away is cut to what can be held (6.8 years).
  [[nodiscard]] Tick tick(Time time) const { return cut(std::chrono::floor<Ticks>(time - start_)); }
  [[nodiscard]] Tick tick(TimePoint time) const { return cut(std::chrono::floor<Ticks>(time - wall_start_)); }
  [[nodiscard]] Time time(Tick tick) const { return start_ + since_start(tick); }
  [[nodiscard]] TimePoint wall(Tick tick) const { return wall_start_ + since_start(tick); }

  // At least one.
  static Tick length(std::chrono::milliseconds time) {
    return static_cast<Tick>(
        std::clamp<std::int64_t>(std::chrono::floor<Ticks>(time).count(), 1, std::int64_t{kStart} / 2));
  }
  static std::chrono::milliseconds length(Tick later, Tick earlier) {
    return Ticks{std::int64_t{later} - std::int64_t{earlier}};
  }
  // No overflow.
  static Tick after(Tick tick, Tick length) { return tick > UINT32_MAX - length ? UINT32_MAX : tick + length; }

 private:
  static constexpr Tick kStart = 1U << 31U;

  static Tick cut(Ticks since_start) {
    return static_cast<Tick>(std::clamp<std::int64_t>(since_start.count() + std::int64_t{kStart}, 0, UINT32_MAX));
  }
  [[nodiscard]] static Ticks since_start(Tick tick) { return Ticks{std::int64_t{tick} - std::int64_t{kStart}}; }

  Time start_;
  TimePoint wall_start_;
};

}  // namespace simsync
