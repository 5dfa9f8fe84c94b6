// Whoever counts the requests hears of each here. In the words of the API's client; what becomes of it is nobody's
// business in sync/.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "sync/api/api_error.h"

namespace simsync {

// The operations of the API (sims-reference.txt).
enum class ApiCall { list, get, search, credentials, profile, update_metadata };
inline constexpr std::size_t kApiCalls = 6;

// One request as it went out.
struct RequestSample {
  ApiCall call = ApiCall::list;
  int http_status = 0;  // 0 where no answer came
  std::optional<ApiFailure> failure;
  std::chrono::nanoseconds duration{};   // from sending to the whole, parsed answer
  std::chrono::nanoseconds throttled{};  // waited for the budget before
  bool retry = false;
};

// Called by whatever thread made the request, several at once; must be quick and throw nothing.
class ApiObserver {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~ApiObserver() = default;
  virtual void ended(const RequestSample& sample) = 0;
  // The API asked the project to wait: nothing is sent from `now` until `until`, or until a later end of an earlier
  // pause.
  virtual void paused(Time now, Time until) = 0;
};

}  // namespace simsync
