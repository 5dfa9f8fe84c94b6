// Whether the loops of a program that runs for years still come round: each says so as it goes, and somebody else asks
// which has been silent for longer than it can be for a good reason. Knows no clock but the steady one, and decides
// nothing: what is done about a silent loop is the daemon's business.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace simsync {

// One loop's side. Copies are the same loop; it is watched as long as one of them lives. One that was made by nobody is
// not watched. Safe from any thread.
class Pulse {
 public:
  using Clock = std::chrono::steady_clock;

  Pulse() = default;

  // The loop has come round, or what it waits for has answered. Some tens of nanoseconds.
  void beat() const { begun(Clock::now()); }

  // The loop is at something that began at `time`.
  void begun(Clock::time_point time) const {
    if (state_) state_->last.store(time.time_since_epoch().count(), std::memory_order_relaxed);
  }

  // The loop has nothing to do, and may be silent until its next beat.
  void rest() const { begun(kResting); }

  // From now on it may be silent for so long.
  void allow(std::chrono::milliseconds longest_silence) const {
    if (state_) state_->longest_silence.store(longest_silence.count(), std::memory_order_relaxed);
  }

 private:
  friend class Pulses;
  static constexpr Clock::time_point kResting = Clock::time_point::max();  // no time to reckon with

  struct State {
    std::string loop;
    std::atomic<std::chrono::milliseconds::rep> longest_silence;
    std::atomic<Clock::rep> last;
  };
  explicit Pulse(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

// All loops of the process. Safe from any thread.
class Pulses {
 public:
  using Clock = Pulse::Clock;

  struct Silence {
    std::string loop;
    std::chrono::milliseconds lasted{};
  };

  // A loop that begins now. `longest_silence`: how long it may be silent while all is well, above all in one call to
  // the API or the database, which have limits of their own.
  Pulse begin(std::string loop, std::chrono::milliseconds longest_silence);

  // The loop that has been silent for the longest beyond what it may; nullopt: they all come round.
  [[nodiscard]] std::optional<Silence> too_long(Clock::time_point now) const;

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::weak_ptr<Pulse::State>> loops_;  // those that ended are dropped when they are looked at
};

}  // namespace simsync
