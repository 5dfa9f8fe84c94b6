// All that a process does about alerts: judges what is recorded, looks at what lasts, and brings the outbox to the
// channels.
#pragma once

#include <memory>
#include <stop_token>

#include "config/config.h"
#include "storage/alert.h"

namespace simsync {

// Logs a warning for each rule that can never match, with the nearest name.
void warn_of_unlikely_rules(const Config& config);

class DeliveryObserver;
class Pulses;
class SessionObserver;

// Who hears of deliveries and of what the database did not carry out; they outlive the service. Null: nobody.
struct AlertObservers {
  DeliveryObserver* deliveries = nullptr;
  SessionObserver* database = nullptr;
  Pulses* pulses = nullptr;  // whoever watches the threads
};

class AlertService {
 public:
  // Throws ConfigError for a channel that cannot be. Starts nothing.
  explicit AlertService(const Config& config, AlertObservers observers = {});
  ~AlertService();  // ends the threads, within a second or so
  AlertService(const AlertService&) = delete;
  AlertService& operator=(const AlertService&) = delete;

  // For the stores; belongs to the service.
  [[nodiscard]] const AlertJudge& judge() const;

  // Threads: one for each channel, and one that looks at what lasts, if any rule asks for it. They live through the
  // loss of the database.
  void start();

  // Another configuration, in two steps: what prepare() makes of it changes nothing yet, and throws ConfigError for a
  // channel that cannot be; reconfigure() then cannot fail. Only after start(). Rules hold for the next change that is
  // recorded. Where channels or projects differ, or a channel was switched off, all channels begin anew; what waits in
  // the outbox is kept. Blocks for a second or so, and as long as a question to the database that is under way then.
  // The database stays the one it was made with.
  struct Change;
  static std::shared_ptr<Change> prepare(const Config& config);
  void reconfigure(const std::shared_ptr<Change>& change);

  // Instead of start(): looks once at what lasts, sends all that waits without alerts.group_wait, each channel until
  // its first failure, and returns. What could not be sent waits in the outbox. Throws nothing of the database: what
  // fails is logged.
  void deliver_now(const std::stop_token& stop);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace simsync
