#include "daemon/alerts/delivery_plan.h"

#include <algorithm>

namespace simsync {
namespace {

using State = DeliveryResult::State;

// splitmix64
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

}  // namespace

std::chrono::milliseconds DeliveryPlan::wait_after(std::uint64_t failures) {
  const std::uint64_t doublings = std::min<std::uint64_t>(failures == 0 ? 0 : failures - 1, 30);
  const std::int64_t bound = std::min(limits_.first.count() << doublings, limits_.longest.count());
  const std::int64_t half = bound / 2;
  return std::chrono::milliseconds{
      half + static_cast<std::int64_t>(next_random(random_) % static_cast<std::uint64_t>(bound - half + 1))};
}

DeliveryResult DeliveryPlan::attempted(const AlertMessage& message, const Delivery& delivery, TimePoint now) {
  if (delivery.outcome == Delivery::Outcome::try_again) return failed(message, delivery, now);
  if (delivery.outcome == Delivery::Outcome::gone) {
    switched_off_ = true;
    // Due at once for whoever comes after the configuration was read again.
    return {State::pending, delivery.error, now};
  }
  failures_ = 0;
  ready_at_ = now;
  const bool delivered = delivery.outcome == Delivery::Outcome::delivered;
  delivered_any_ = delivered_any_ || delivered;
  return {delivered ? State::delivered : State::dead, delivery.error, {}};
}

DeliveryResult DeliveryPlan::failed(const AlertMessage& message, const Delivery& delivery, TimePoint now) {
  const std::uint64_t attempts = message.attempts + 1;
  ++failures_;
  const auto asked = std::min(delivery.retry_after.value_or(std::chrono::milliseconds{0}), limits_.longest_asked);
  const auto pause = std::max(wait_after(failures_), asked);
  ready_at_ = now + pause;
  failed_at_ = now;
  asked_until_ = asked.count() > 0 ? now + asked : TimePoint{};
  if (now - message.pending_since >= limits_.given_up && attempts >= limits_.fewest_attempts) {
    return {State::dead, delivery.error, {}};
  }
  return {State::pending, delivery.error, ready_at_ + after_the_channel(attempts)};
}

bool DeliveryPlan::may_try_untried(TimePoint now) const {
  // Both were in the past once: otherwise the clock was set back.
  return (asked_until_ <= now || asked_until_ > now + limits_.longest_asked) &&
         (failed_at_ + limits_.untried <= now || failed_at_ > now);
}

std::chrono::milliseconds DeliveryPlan::after_the_channel(std::uint64_t attempts) {
  if (attempts < limits_.steps_aside_after) return std::chrono::milliseconds{0};
  // The receiver took something since the attempt before: the fault is the message's. After a start nobody knows.
  if (failures_ == 1 && delivered_any_) return wait_after(attempts);
  return limits_.first;
}

}  // namespace simsync
