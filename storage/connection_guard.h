// Ends a connection on which nothing moves any more: libpq waits without a limit for a server that is frozen, or gone
// behind a proxy that is not. Knows sockets and nothing of PostgreSQL.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace simsync {

// Belongs to one thread, and has one of its own once it was needed.
class ConnectionGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // While it lives, `socket` is shut down both ways at the end of `patience`: whoever waits for it then fails at once.
  // The socket must not be closed before this ends. One at a time.
  class Watch {
   public:
    Watch(ConnectionGuard& guard, int socket, Clock::duration patience);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    ConnectionGuard& guard_;
  };

  // Whether the last watch came to its end.
  [[nodiscard]] bool cut_off();

  // Something came: what is watched, if anything is, gets its whole patience anew.
  void renew();

 private:
  void look(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  int socket_ = -1;                                // guarded by mutex_, as what follows; -1: nothing is watched
  Clock::duration patience_{};                     // with what is watched
  Clock::time_point end_;                          // of that
  std::optional<Clock::time_point> sleeps_until_;  // the thread; nullopt: until it is called
  bool cut_off_ = false;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace simsync
