// When one channel's messages are tried, and when they are given up. Pure: no clock, no thread, no store.
//
// In order: after a failure the whole channel waits, ever longer, and the same message, the oldest, is tried again. But
// the fault may be the message's: after some attempts it lets the next one have a turn. If that is taken, the channel
// goes on at once, and the message that keeps failing waits by itself, ever longer. If not, the receiver is at fault,
// and all stay due, so that they are sent in order when it is back. However long the channel waits, a message that was
// never tried soon is, once: nobody who raises an alert now should wait for what failed an hour ago.
#pragma once

#include <chrono>
#include <cstdint>

#include "daemon/alerts/channel.h"
#include "storage/alert_store.h"

namespace simsync {

class DeliveryPlan {
 public:
  struct Limits {
    std::chrono::milliseconds first{std::chrono::seconds{1}};     // the wait after the first failure; doubles each time
    std::chrono::milliseconds longest{std::chrono::minutes{15}};  // of these
    std::chrono::milliseconds longest_asked{std::chrono::hours{1}};  // by the receiver, with Retry-After
    std::chrono::milliseconds given_up{std::chrono::days{3}};        // of a message's failures since it is pending
    std::uint64_t fewest_attempts = 8;    // before it is given up, also when the daemon was down those three days
    std::uint64_t steps_aside_after = 5;  // attempts
    std::chrono::milliseconds untried{std::chrono::seconds{10}};  // after a failure, until one never tried is tried
  };

  DeliveryPlan(std::uint64_t seed, const Limits& limits) : limits_(limits), random_(seed) {}
  explicit DeliveryPlan(std::uint64_t seed) : DeliveryPlan(seed, Limits{}) {}

  // Nothing is to be sent before this.
  [[nodiscard]] TimePoint ready_at() const { return ready_at_; }
  // Before that, a message that was never tried may be sent all the same.
  [[nodiscard]] bool may_try_untried(TimePoint now) const;
  // In so many attempts that a message could be given up the receiver took nothing.
  [[nodiscard]] bool receiver_is_away() const { return failures_ >= limits_.fewest_attempts; }
  // The receiver said that it is gone. Until the configuration is read again nothing is sent, and all waits.
  [[nodiscard]] bool switched_off() const { return switched_off_; }

  // What is to be recorded of an attempt.
  DeliveryResult attempted(const AlertMessage& message, const Delivery& delivery, TimePoint now);

 private:
  DeliveryResult failed(const AlertMessage& message, const Delivery& delivery, TimePoint now);
  // How long a message waits for its next attempt, so often tried, once the channel goes on.
  std::chrono::milliseconds after_the_channel(std::uint64_t attempts);
  // Between half of the bound and all of it; the bound doubles with each failure.
  std::chrono::milliseconds wait_after(std::uint64_t failures);

  Limits limits_;
  std::uint64_t random_;
  std::uint64_t failures_ = 0;  // since the receiver last took, or refused, something
  bool delivered_any_ = false;
  TimePoint ready_at_{};
  TimePoint failed_at_{};    // the last time
  TimePoint asked_until_{};  // by the receiver
  bool switched_off_ = false;
};

}  // namespace simsync
