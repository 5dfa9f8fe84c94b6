// SimApi over HTTP: a pool of kept-alive connections, time and size limits on every answer, no redirect
// followed, TLS verified, the project's budget and retries. The token goes to the configured host and nowhere else.
#pragma once

#include <memory>

#include "config/config.h"
#include "sync/api/api_observer.h"
#include "sync/api/retry_policy.h"
#include "sync/api/sim_api.h"

namespace simsync {

struct HttpSimApiOptions {
  ApiObserver* observer = nullptr;  // hears of each request, and outlives the client; null: nobody
  RetryPolicy::Limits retry = {};
};

// `api` and `project` are copied. Safe from any thread; several may call at once, at most api.connections
// requests are in flight. The destructor may run only when no call is under way. A call makes at most five attempts and
// starts none later than two minutes after its first; then, and when the server has the project wait (Retry-After)
// longer than that, it throws. What a call waits for its turn at the operator's own rate does not count: that takes
// however long it takes. Polls (profile()) wait in one lane, all other calls in another: within a lane first come,
// first served, and while both wait, for a connection or for the rate, in turn (lane.h).
//
// After a 401 or 403 (but for what the API forbids of one SIM: get, update_metadata) the whole project stops sending:
// each call fails with `unauthorized` (attempts() 0, retry_after() the time to the next try) after at most a second,
// but for a single probe after 30 s, 1, 2, 5 and every 10 minutes.
//
// The environment's https_proxy, http_proxy and no_proxy are read here, once. SIGPIPE is set to be ignored where it has
// its default. Throws ConfigError for a base URL or proxy that cannot be read.
std::unique_ptr<SimApi> make_http_sim_api(const ApiConfig& api, const ProjectConfig& project,
                                          HttpSimApiOptions options = {});

// What one call to such a client takes at the most, with its retries and what it waits for its turn.
std::chrono::milliseconds longest_call(const ApiConfig& api);

}  // namespace simsync
