#include "sync/api/request_budget.h"

#include <algorithm>
#include <array>

namespace simsync {
namespace {

using std::chrono::seconds;

constexpr std::array<seconds, 5> kProbeWaits = {seconds{30}, seconds{60}, seconds{120}, seconds{300}, seconds{600}};

// Less than one request would spare nobody a wait; more than the burst has room for would hold polls back for ever.
double reserve_for(double per_second, double burst) {
  const double reserve = std::max(1.0, per_second / 10);
  return 1 + reserve <= burst ? reserve : 0;
}

}  // namespace

RequestBudget::RequestBudget(double per_second)
    : per_second_(per_second),
      burst_(std::max(1.0, per_second)),
      reserve_(reserve_for(per_second, burst_)),
      tokens_(std::max(1.0, per_second / 10)) {}

RequestBudget::Turn RequestBudget::try_take(Time now, Lane lane, bool others_wait) {
  if (const auto held_up = obstacle(now)) return *held_up;
  if (per_second_ > 0) {
    refill(now);
    const double needed = lane == Lane::polls && !others_wait ? 1 + reserve_ : 1;
    if (tokens_ < needed) {
      const std::chrono::duration<double> until_next{(needed - tokens_) / per_second_};
      // Rounded up: asking a nanosecond early would only mean asking twice.
      return {Turn::Kind::wait, now + std::chrono::ceil<std::chrono::microseconds>(until_next)};
    }
    tokens_ -= 1;
  }
  // Should the probe be lost, another one follows after the same wait.
  if (refused_) next_probe_ = now + kProbeWaits[probe_step_];
  return {Turn::Kind::granted, now, refused_};
}

std::optional<RequestBudget::Turn> RequestBudget::obstacle(Time now) const {
  if (refused_ && now < next_probe_) return Turn{Turn::Kind::refused, next_probe_};
  if (now < paused_until_) return Turn{Turn::Kind::paused, paused_until_, false, paused_from_};
  return std::nullopt;
}

void RequestBudget::refill(Time now) {
  if (refilled_at_ && now > *refilled_at_) {
    const double passed = std::chrono::duration<double>(now - *refilled_at_).count();
    tokens_ = std::min(burst_, tokens_ + passed * per_second_);
  }
  if (!refilled_at_ || now > *refilled_at_) refilled_at_ = now;
}

void RequestBudget::pause(Time now, Time until) {
  if (now >= paused_until_) paused_from_ = now;
  paused_until_ = std::max(paused_until_, until);
}

RequestBudget::Time::duration RequestBudget::paused_between(Time since, Time now) const {
  const auto overlap = std::min(now, paused_until_) - std::max(since, paused_from_);
  return std::max(overlap, Time::duration::zero());
}

void RequestBudget::token_refused(Time now, bool probe) {
  if (refused_ && !probe) return;
  probe_step_ = refused_ ? std::min(probe_step_ + 1, kProbeWaits.size() - 1) : 0;
  refused_ = true;
  next_probe_ = now + kProbeWaits[probe_step_];
}

void RequestBudget::token_accepted() {
  refused_ = false;
  probe_step_ = 0;
}

}  // namespace simsync
