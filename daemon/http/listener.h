// Who may connect to the status listener, for how long and with how many bytes: one thread serves all of them, and
// gives nobody's slowness to another. A connection carries one request. Knows bytes, no HTTP but where a request's head
// ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/http/listen_socket.h"

namespace simsync {

class Listener {
 public:
  // The answer to a request's head. Called from the listener's thread: everybody waits meanwhile, so it must not block.
  using Respond = std::function<std::string(std::string_view request)>;

  struct Limits {
    std::size_t connections = 64;                        // more: the oldest is closed
    std::size_t request_bytes = std::size_t{16} * 1024;  // of a head; more: it is closed
    std::chrono::milliseconds time{5000};                // from its begin until it has taken the answer
    std::chrono::milliseconds farewell{1000};            // in which it may close first, so that no answer is cut off
    std::chrono::milliseconds no_memory{100};            // without descriptors or memory for another connection
  };

  // `socket` and what `respond` uses outlive the listener. Starts the thread.
  Listener(const ListenSocket& socket, Respond respond, Limits limits);
  Listener(const ListenSocket& socket, Respond respond) : Listener(socket, std::move(respond), Limits{}) {}
  // Ends at once, with whatever is under way.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  class Loop;
  int wake_;  // an eventfd
  std::jthread thread_;
};

}  // namespace simsync
