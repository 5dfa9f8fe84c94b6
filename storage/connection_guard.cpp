#include "storage/connection_guard.h"

#include <sys/socket.h>

namespace simsync {

ConnectionGuard::Watch::Watch(ConnectionGuard& guard, int socket, Clock::duration patience) : guard_(guard) {
  const std::lock_guard lock{guard_.mutex_};
  guard_.socket_ = socket;
  guard_.patience_ = patience;
  guard_.end_ = Clock::now() + patience;
  guard_.cut_off_ = false;
  if (!guard_.thread_.joinable()) {
    guard_.thread_ = std::jthread{[&guard](const std::stop_token& stop) { guard.look(stop); }};
  } else if (!guard_.sleeps_until_ || *guard_.sleeps_until_ > guard_.end_) {
    // Else it wakes early enough by itself: a transaction that goes well costs no wake-up.
    guard_.changed_.notify_all();
  }
}

ConnectionGuard::Watch::~Watch() {
  const std::lock_guard lock{guard_.mutex_};
  guard_.socket_ = -1;
}

bool ConnectionGuard::cut_off() {
  const std::lock_guard lock{mutex_};
  return cut_off_;
}

void ConnectionGuard::renew() {
  const std::lock_guard lock{mutex_};
  end_ = Clock::now() + patience_;  // the thread looks again when it wakes for the former end
}

void ConnectionGuard::look(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (socket_ < 0) {
      sleeps_until_.reset();
      changed_.wait(lock, stop, [this] { return socket_ >= 0; });
    } else if (Clock::now() < end_) {
      const Clock::time_point end = end_;
      sleeps_until_ = end;
      changed_.wait_until(lock, stop, end, [this, end] { return socket_ >= 0 && end_ < end; });
    } else {
      shutdown(socket_, SHUT_RDWR);
      socket_ = -1;
      cut_off_ = true;
    }
  }
}

}  // namespace simsync
