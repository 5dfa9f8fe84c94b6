#include "sync/api/connection_pool.h"

#include <algorithm>

namespace simsync {
namespace {

using std::chrono::milliseconds;

// How far a request may pass its limit. Short limits (tests, impatient operators) are watched more closely.
milliseconds tick_for(milliseconds timeout) {
  return std::clamp(timeout / 20, milliseconds{5}, milliseconds{100});
}

}  // namespace

ConnectionPool::Lease::~Lease() {
  if (connection_ != nullptr) pool_->give_back(*connection_);
}

ConnectionPool::ConnectionPool(ConnectionSettings settings, unsigned size)
    : settings_(std::move(settings)),
      size_(std::max(1U, size)),
      watchdog_([this](const std::stop_token& stop) { watch(stop); }) {}

std::optional<ConnectionPool::Lease> ConnectionPool::lease(Lane lane, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (stop.stop_requested()) return std::nullopt;
  Connection* connection = nullptr;
  if (!waiting_.empty() || (idle_.empty() && made_ == size_)) {
    connection = wait_for_turn(lock, lane, stop);
    if (connection == nullptr) return std::nullopt;
  } else if (!idle_.empty()) {
    connection = idle_.back();
    idle_.pop_back();
    waiting_.served(lane);
  } else {
    ++made_;
    lock.unlock();  // reading certificates takes its time
    std::unique_ptr<Connection> fresh;
    try {
      fresh = std::make_unique<Connection>(settings_);
    } catch (...) {
      lock.lock();
      --made_;
      throw;
    }
    lock.lock();
    connection = connections_.emplace_back(std::move(fresh)).get();
    waiting_.served(lane);
  }
  ++leased_;
  if (watchdog_asleep_) leased_one_.notify_one();
  return std::optional<Lease>(std::in_place, *this, *connection);
}

Connection* ConnectionPool::wait_for_turn(std::unique_lock<std::mutex>& lock, Lane lane, const std::stop_token& stop) {
  Waiter self(lane);
  waiting_.come(self);
  self.turn.wait(lock, stop, [&self] { return self.connection != nullptr; });
  if (self.connection != nullptr) return self.connection;
  waiting_.leave(self);
  return nullptr;
}

std::size_t ConnectionPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void ConnectionPool::give_back(Connection& connection) {
  const std::lock_guard lock(mutex_);
  --leased_;
  Waiter* const next = waiting_.next();
  if (next == nullptr) {
    idle_.push_back(&connection);
    return;
  }
  waiting_.leave(*next);
  waiting_.served(next->lane);
  next->connection = &connection;
  next->turn.notify_one();
}

// Sleeps for good while nothing is in flight; a busy pool never has to wake it.
void ConnectionPool::watch(const std::stop_token& stop) {
  const milliseconds tick = tick_for(settings_.timeout);
  std::condition_variable_any never;
  std::vector<Connection*> all;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (leased_ == 0) {
      watchdog_asleep_ = true;
      leased_one_.wait(lock, stop, [this] { return leased_ > 0; });
      watchdog_asleep_ = false;
    }
    never.wait_for(lock, stop, tick, [] { return false; });
    all.clear();
    for (const auto& connection : connections_) all.push_back(connection.get());
    lock.unlock();
    const auto now = std::chrono::steady_clock::now();
    for (Connection* const connection : all) connection->check(now);
    lock.lock();
  }
}

}  // namespace simsync
