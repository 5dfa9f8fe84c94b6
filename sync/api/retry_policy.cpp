#include "sync/api/retry_policy.h"

#include <algorithm>

namespace simsync {
namespace {

using std::chrono::milliseconds;

// A garbled answer is asked for once more: a cut by a proxy passes, a wrong server does not.
constexpr unsigned kAttemptsIfMalformed = 2;

bool worth_repeating(const FailedAttempt& failed, unsigned attempts) {
  if (failed.failure == ApiFailure::malformed && attempts >= kAttemptsIfMalformed) return false;
  return passes_by_itself(failed.failure, failed.http_status);
}

}  // namespace

std::uint64_t RetryPolicy::next_random() {
  // splitmix64: enough for jitter, and a call that never fails pays nothing for its state.
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9U;
  z = (z ^ z >> 27U) * 0x94D049BB133111EBU;
  return z ^ z >> 31U;
}

std::optional<milliseconds> RetryPolicy::wait_before_next(Repeat repeat, const FailedAttempt& failed, unsigned attempts,
                                                          milliseconds elapsed) {
  if (repeat == Repeat::never || attempts >= limits_.attempts || !worth_repeating(failed, attempts)) {
    return std::nullopt;
  }
  milliseconds bound = limits_.first;
  for (unsigned i = 1; i < attempts && bound < limits_.longest; ++i) bound *= 2;
  bound = std::min(bound, limits_.longest);
  milliseconds wait{static_cast<std::int64_t>(next_random() % static_cast<std::uint64_t>(bound.count() + 1))};
  if (failed.retry_after) wait = std::max(wait, *failed.retry_after);
  if (elapsed + wait >= limits_.total) return std::nullopt;
  return wait;
}

}  // namespace simsync
