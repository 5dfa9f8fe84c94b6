// SimApi over HTTP: a pool of kept-alive connections, time and size limits on every answer, no redirect
// followed, TLS verified, the project's budget and retries. The token goes to the configured host and nowhere else.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "config/config.h"
#include "sync/api/retry_policy.h"
#include "sync/api/sim_api.h"

namespace simsync {

// One request as it went out, for metrics (product.md, "Metrics and health").
struct RequestSample {
  std::string_view endpoint;  // list, get, profile, credentials, update_metadata, search
  int http_status = 0;        // 0 where no answer came
  std::optional<ApiFailure> failure;
  std::chrono::nanoseconds duration{};   // from sending to the whole, parsed answer
  std::chrono::nanoseconds throttled{};  // waited for the budget before
  bool retry = false;
};

// Called by whatever thread made the request, several at once; must be quick and throw nothing.
using RequestObserver = std::function<void(const RequestSample&)>;

struct HttpSimApiOptions {
  RequestObserver observer;
  RetryPolicy::Limits retry;
};

// `api` and `project` are copied. Safe from any thread; several may call at once, at most api.connections
// requests are in flight. The destructor may run only when no call is under way. A call makes at most five attempts and
// starts none later than two minutes after its first; then, and when the server has the project wait (Retry-After)
// longer than that, it throws. What a call waits for its turn at the operator's own rate does not count: that takes
// however long it takes. Polls (profile()) wait in one lane, all other calls in another: within a lane first come,
// first served, and while both wait, for a connection or for the rate, in turn (lane.h).
//
// After a 401 or 403 the whole project stops sending: each call fails with `unauthorized` (attempts() 0, retry_after()
// the time to the next try) after at most a second, but for a single probe after 30 s, 1, 2, 5 and every 10 minutes.
//
// The environment's https_proxy, http_proxy and no_proxy are read here, once. SIGPIPE is set to be ignored where it has
// its default. Throws ConfigError for a base URL or proxy that cannot be read.
std::unique_ptr<SimApi> make_http_sim_api(const ApiConfig& api, const ProjectConfig& project,
                                          HttpSimApiOptions options = {});

}  // namespace simsync
