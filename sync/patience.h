// What to do while the database is away: repeat the call, ever more slowly, and say so once. Every write of
// InventoryStore may be repeated (inventory_store.h), so nothing is lost and nothing is written twice.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <stop_token>
#include <string>

#include "config/log.h"
#include "storage/storage_error.h"
#include "sync/pulse.h"
#include "sync/stopping.h"

namespace simsync {

// Whether a database that is away is waited for (the service) or is the end (one pass). A lock of somebody else is
// waited for in either case, by one pass for half a minute.
enum class Patience { until_stop, none };

class StorageRetry {
 public:
  // What is worth repeating: whatever passes by itself, or only what a lock of somebody else has ended.
  enum class Worth { whatever_passes, conflicts };

  // `pulse` beats with each call: waiting for the database is no silence.
  StorageRetry(Patience patience, std::string project, Worth worth = Worth::whatever_passes, Pulse pulse = {})
      : patience_(patience),
        project_(std::move(project)),
        worth_(worth),
        pulse_(std::move(pulse)),
        random_(std::random_device{}()) {}

  // Calls `action` until it does not throw a retryable StorageError, and returns what it returns. Throws the last
  // StorageError when it is not retryable, when there is no patience, or when stop was requested.
  template <typename Action>
  auto operator()(const std::stop_token& stop, Action&& action) {
    for (unsigned failures = 0;; ++failures) {
      try {
        if constexpr (std::is_void_v<decltype(action())>) {
          action();
          note_success(failures);
          return;
        } else {
          auto result = action();
          note_success(failures);
          return result;
        }
      } catch (const StorageError& error) {
        if (!again(error, failures, stop)) throw;
      }
    }
  }

  // How long to wait after the so manieth failure, the first being 0: 100 to 200 ms, then twice as long each time up to
  // 5 to 10 s. `random` is any number.
  static std::chrono::milliseconds pause_after(unsigned failures, std::uint32_t random);

  // After so many failed calls one went well: says so, if there were any.
  void note_success(unsigned failures);
  // After a failed call, the so manieth: waits, and says whether to repeat it.
  bool again(const StorageError& error, unsigned failures, const std::stop_token& stop) {
    return worth_repeating(error, failures) && wait_after(error, failures, stop);
  }

 private:
  [[nodiscard]] bool worth_repeating(const StorageError& error, unsigned failures) const;
  // False when stop was requested.
  bool wait_after(const StorageError& error, unsigned failures, const std::stop_token& stop);

  Patience patience_;
  std::string project_;
  Worth worth_;
  Pulse pulse_;
  std::mt19937 random_;
};

}  // namespace simsync
