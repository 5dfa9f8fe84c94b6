// Host names to addresses, without blocking past stop: getaddrinfo waits for dead name servers for many seconds and
// cannot be woken, and the HTTP library would call it inside a request.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace simsync {

struct NameLookup {
  std::vector<std::string> addresses;  // numeric, in the order in which they should be tried
  std::string error;                   // why there is none
};

// Looks `host` up by the system's rules (hosts file, resolver). Blocks until the answer, `deadline` or stop; safe from
// any thread. A numeric address comes back as it is. A look-up that is given up runs on in a thread of the C library,
// which cannot be ended either; its few bytes of memory are then left to it.
NameLookup look_up(const std::string& host, std::chrono::steady_clock::time_point deadline,
                   const std::stop_token& stop);

}  // namespace simsync
