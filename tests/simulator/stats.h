// What the simulator has been asked: counts for an endpoint, and the last requests as they came. Refuses to keep a
// token: of the Authorization header only its presence is remembered.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/http_request.h"
#include "tests/simulator/route.h"

namespace simsync::simulator {

class Stats {
 public:
  // A request as it comes in; the return value goes to `answered`. Thread-safe, all of them.
  std::uint64_t arrived(const HttpRequest& request, Endpoint endpoint);
  // `status` 0: no answer was given (reset, close). Call once for each `arrived`.
  void answered(std::uint64_t number, Endpoint endpoint, int status);
  void connected();
  void disconnected();
  void reset();

  std::string to_json() const;
  // The last `count` requests as NDJSON, oldest first.
  std::string last_requests(std::size_t count) const;

 private:
  static constexpr std::size_t kKept = 1000;

  struct Seen {
    std::int64_t at = 0;  // unix microseconds
    std::uint64_t number = 0;
    int status = -1;  // -1: in flight
    Endpoint endpoint = Endpoint::other;
    bool authorized = false;
    std::string method;
    std::string target;
    std::string headers;  // "name\0value\0…", without Authorization
    std::string body;     // at most its first 4 KiB
  };

  mutable std::mutex mutex_;
  std::array<std::uint64_t, kEndpointCount> requests_{};
  std::array<std::map<int, std::uint64_t>, kEndpointCount> by_status_;
  std::vector<Seen> last_{kKept};
  std::uint64_t number_ = 0;
  std::uint64_t cleared_at_ = 0;  // requests up to this number are forgotten
  std::uint64_t connections_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t most_open_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t most_in_flight_ = 0;
};

}  // namespace simsync::simulator
