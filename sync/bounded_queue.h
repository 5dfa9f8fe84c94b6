// Hands values from threads that fetch to the one that writes, and makes the fetchers wait while the writer is slower:
// memory stays bounded at any difference of speed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace simsync {

// Safe from any thread. Values come out in the order in which they went in.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) {}

  // Waits for room. False: stop was requested first, and the value was dropped.
  bool push(T value, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!room_.wait(lock, stop, [this] { return values_.size() < limit_; })) return false;
    values_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  // How many there are at this moment.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }

  // No more values will be pushed.
  void close() {
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
    }
    filled_.notify_all();
  }

  // There will be, again.
  void open() {
    const std::lock_guard lock{mutex_};
    closed_ = false;
  }

  // Waits for a value. nullopt: closed and empty, or stop was requested.
  std::optional<T> pop(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!filled_.wait(lock, stop, [this] { return closed_ || !values_.empty(); })) return std::nullopt;
    return take(lock);
  }

  // The same, but waits no longer than until `deadline`.
  std::optional<T> pop_until(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    filled_.wait_until(lock, stop, deadline, [this] { return closed_ || !values_.empty(); });
    return take(lock);
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value{std::move(values_.front())};
    values_.pop_front();
    lock.unlock();
    room_.notify_one();
    return value;
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable_any filled_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace simsync
