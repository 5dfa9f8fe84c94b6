// The project's connections: at most so many requests in flight. Callers of one lane are served in the order in which
// they came; while both lanes wait, a connection that comes free goes to them in turn, so that polls cannot starve a
// walk nor a walk polls (lane.h). A watchdog thread ends requests that are overdue.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "sync/api/connection.h"
#include "sync/api/waiting_lanes.h"

namespace simsync {

class ConnectionPool {
 public:
  // A connection for one caller; goes back when this ends.
  class Lease {
   public:
    Lease(ConnectionPool& pool, Connection& connection) : pool_(&pool), connection_(&connection) {}
    ~Lease();
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::exchange(other.connection_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }

   private:
    ConnectionPool* pool_;
    Connection* connection_;
  };

  // `size` is at least 1; connections are made when they are needed.
  ConnectionPool(ConnectionSettings settings, unsigned size);
  // No lease may be out.
  ~ConnectionPool() = default;
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ConnectionPool(ConnectionPool&&) = delete;
  ConnectionPool& operator=(ConnectionPool&&) = delete;

  [[nodiscard]] const ConnectionSettings& settings() const { return settings_; }

  // Blocks until it is the caller's turn; nullopt once stop is requested. Safe from any thread. The connection that was
  // used last comes first: it is the least likely to have been closed by the server.
  std::optional<Lease> lease(Lane lane, const std::stop_token& stop);

  // Callers whose turn has not come. Safe from any thread.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Waiter {
    explicit Waiter(Lane its_lane) : lane(its_lane) {}
    const Lane lane;
    std::condition_variable_any turn;
    Connection* connection = nullptr;
  };

  void give_back(Connection& connection);
  Connection* wait_for_turn(std::unique_lock<std::mutex>& lock, Lane lane, const std::stop_token& stop);
  void watch(const std::stop_token& stop);

  const ConnectionSettings settings_;
  const unsigned size_;
  mutable std::mutex mutex_;  // guards what follows but the connections themselves
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  WaitingLanes<Waiter> waiting_;
  unsigned made_ = 0;  // connections, those being made included
  unsigned leased_ = 0;
  bool watchdog_asleep_ = false;
  std::condition_variable_any leased_one_;
  std::jthread watchdog_;  // last: ends before what it looks at
};

}  // namespace simsync
