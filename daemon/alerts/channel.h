// Where alerts go: one way to hand a message to somebody outside. A channel makes one attempt and says how it ended;
// when the next one is due is DeliveryPlan's business, and who is asked when is the Dispatcher's.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "storage/alert_store.h"

namespace simsync {

// How one attempt ended.
struct Delivery {
  enum class Outcome {
    delivered,
    try_again,  // the receiver is away, busy or at fault
    refused,    // it will never take this message
    gone,       // it wants no messages any more (HTTP 410)
  } outcome = Outcome::delivered;
  std::string error;                                     // one line without secrets; empty when delivered
  std::optional<std::chrono::milliseconds> retry_after;  // of try_again: what the receiver asked for

  static Delivery again(std::string why) { return {Outcome::try_again, std::move(why), std::nullopt}; }
  static Delivery refuse(std::string why) { return {Outcome::refused, std::move(why), std::nullopt}; }
};

// Belongs to one thread.
class AlertChannel {
 public:
  AlertChannel() = default;
  virtual ~AlertChannel() = default;
  AlertChannel(const AlertChannel&) = delete;
  AlertChannel& operator=(const AlertChannel&) = delete;

  // Blocks, no longer than the channel's time limit, and ends within a second of a stop. A fault of the receiver is an
  // outcome, not an exception.
  virtual Delivery deliver(const AlertMessage& message, const std::stop_token& stop) = 0;

  // Whether its receiver forgets what it is not told again and again. Then repeat() is called with all that is open:
  // every minute, and before the end of something is delivered.
  [[nodiscard]] virtual bool wants_repeats() const { return false; }
  virtual Delivery repeat(const std::vector<AlertMessage>& /*open*/, const std::stop_token& /*stop*/) { return {}; }
};

}  // namespace simsync
