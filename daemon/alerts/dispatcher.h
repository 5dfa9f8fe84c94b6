// Brings the outbox to the channels: a thread for each channel, with a store of its own, so that none waits for
// another. What it must not lose is in the database only: it may be killed at any moment, and a message that was
// delivered but not recorded is delivered again with the same id.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/alerts/channel.h"
#include "daemon/alerts/delivery_plan.h"
#include "storage/alert_store.h"
#include "sync/pulse.h"

namespace simsync {

using AlertStoreFactory = std::function<std::unique_ptr<AlertStore>()>;

struct DispatchedChannel {
  std::string name;
  std::unique_ptr<AlertChannel> channel;
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};  // of one request to it
};

// Whoever counts deliveries hears of them here, from the threads of all channels; must be quick and throw nothing.
class DeliveryObserver {
 public:
  virtual ~DeliveryObserver() = default;
  // `pending`: it is tried again. `dead` also where messages were given up without another attempt.
  virtual void attempted(const std::string& channel, DeliveryResult::State result, std::uint64_t messages) = 0;
};

struct DispatchOptions {
  std::vector<std::string> projects;
  std::chrono::milliseconds group_wait{std::chrono::seconds{10}};
  std::chrono::milliseconds ask_every{std::chrono::seconds{5}};     // the outbox, when nobody wakes it
  std::chrono::milliseconds repeat_every{std::chrono::minutes{1}};  // open alerts, to channels that want that
  std::chrono::milliseconds wake_pause{200};  // between two looks at the outbox, however often it is woken
  bool once = false;  // all that waits is sent now, and a channel whose attempt fails is not tried again
  DeliveryPlan::Limits limits;
  DeliveryObserver* observer = nullptr;  // outlives the dispatcher; null: nobody
  Pulses* pulses = nullptr;              // whoever watches the threads, likewise
};

class Dispatcher {
 public:
  // Starts the threads. `open_store` is called by each of them, again after a database failure; it may throw
  // StorageError.
  Dispatcher(std::vector<DispatchedChannel> channels, AlertStoreFactory open_store, DispatchOptions options);
  // With `once`: blocks until each channel has been asked, or stop.
  void finish(const std::stop_token& stop);
  // Ends them: within a second or so, also with requests under way.
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Call it after each commit that may have raised something. Safe from any thread, never blocks for long.
  void wake();

  // Whether a channel takes no messages any more, since its receiver said that it is gone.
  [[nodiscard]] bool any_switched_off() const;

 private:
  class Worker;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace simsync
