// Whether and when a failed request is sent again. Pure: no clock, no thread; the caller waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/sim.h"
#include "sync/api/api_error.h"

namespace simsync {

// What a repeated request may do. Idempotency keys are not documented (facts.md, "Errors").
enum class Repeat {
  harmless,  // GET, and the POST that searches
  never,     // PATCH: what it says was made of what a GET said, and is old news after any wait
};

struct FailedAttempt {
  ApiFailure failure = ApiFailure::unreachable;
  int http_status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
};

// One call's retries: exponential backoff with full jitter, so that the callers that failed together do not come back
// together. Use from one thread.
class RetryPolicy {
 public:
  struct Limits {
    unsigned attempts = 5;
    std::chrono::milliseconds total{std::chrono::minutes{2}};  // no attempt starts later than this after the first
    std::chrono::milliseconds first{500};                      // the bound of the first wait; doubles each time
    std::chrono::milliseconds longest{std::chrono::seconds{15}};
  };

  RetryPolicy(const Limits& limits, std::uint64_t seed) : limits_(limits), state_(seed) {}

  // How long to wait before the next attempt, after `attempts` of them in `elapsed`; nullopt to give up. A wait that
  // the server asked for is kept to; where it does not fit into the total, the call gives up instead.
  std::optional<std::chrono::milliseconds> wait_before_next(Repeat repeat, const FailedAttempt& failed,
                                                            unsigned attempts, std::chrono::milliseconds elapsed);

 private:
  std::uint64_t next_random();

  Limits limits_;
  std::uint64_t state_;
};

inline constexpr std::chrono::milliseconds kLongestRetryAfter = std::chrono::hours{1};

// The header Retry-After (RFC 9110, 10.2.3): whole seconds or an HTTP date in any of its three forms, seen at `now`.
// Times past are 0, waits longer than kLongestRetryAfter are cut to it; nullopt for anything unreadable.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, TimePoint now);

}  // namespace simsync
