#include "sync/profiles/poll_schedule.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "storage/inventory_store.h"

namespace simsync {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstRetry = std::chrono::seconds{5};
constexpr Tick kRelaxEvery = 100;
// Quiet intervals get longer when the budget is too small, and shorter only when it is ample: else they would change
// to and fro.
constexpr double kAmple = 0.8;
constexpr unsigned kMostFailures = 12;  // counted: then the pause is long past any interval
constexpr char kRetired[] = "retired";
constexpr char kActive[] = "active";

}  // namespace

PollSchedule::PollSchedule(PollIntervals intervals, double polls_per_second, Clock::time_point now, TimePoint wall_now)
    : intervals_(std::move(intervals)),
      polls_per_second_(polls_per_second),
      clock_(now, wall_now),
      waiting_(intervals_.size()),
      counts_(intervals_.size()),
      longest_quiet_(intervals_.usual()) {
  for (Step step = 0; step < intervals_.size(); ++step) lengths_.push_back(PollClock::length(intervals_.every(step)));
}

// ---- who is polled

void PollSchedule::begin_roster() {
  for (Slot slot = 0; slot < roster_.end(); ++slot) roster_.at(slot).listed = false;
}

void PollSchedule::list(const WatchedSim& sim) {
  const auto [slot, is_new] = roster_.find_or_add(sim.sim_id);
  PolledProfile& profile = roster_.at(slot);
  const bool woken = note_status(profile, sim.status);
  profile.listed = true;
  profile.leaving = false;
  if (is_new) {
    ++counts_[profile.natural];
  } else if (!woken) {
    return;
  }
  profile.moved = std::max(Tick{profile.moved}, clock_.tick(sim.moved_at));
  profile.fresh = !profile.asked;
}

// True: the SIM was activated, or is not retired any more.
bool PollSchedule::note_status(PolledProfile& profile, const std::string& status) {
  const bool active = status == kActive;
  const bool retired = status == kRetired;
  const bool woken = (active && !profile.active) || (!retired && profile.retired);
  profile.active = active;
  profile.retired = retired;
  return woken;
}

void PollSchedule::know(const WatchedProfile& known, bool due) {
  const auto slot = roster_.find(known.profile.sim_id);
  if (!slot || !roster_.at(*slot).fresh || roster_.at(*slot).status != PollRoster::kUnknown) return;
  PolledProfile& profile = roster_.at(*slot);
  roster_.know(*slot, known.profile);
  profile.moved = std::max(Tick{profile.moved}, clock_.tick(known.profile.updated_at));
  profile.confirmed = due ? Tick{1} : std::max(clock_.tick(known.last_polled_at), Tick{1});
}

void PollSchedule::end_roster(Clock::time_point now) {
  const Tick tick = clock_.tick(now);
  for (Slot slot = 0; slot < roster_.end(); ++slot) {
    PolledProfile& profile = roster_.at(slot);
    if (!profile.used) continue;
    if (!profile.listed) {
      forget(slot);
    } else if (profile.fresh) {
      judge(profile, slot, tick);
    }
  }
  relax(tick);
  for (Slot slot = 0; slot < roster_.end(); ++slot) {
    PolledProfile& profile = roster_.at(slot);
    if (!profile.used || !profile.fresh) continue;
    profile.fresh = false;
    if (profile.asked) continue;
    judge(profile, slot, tick);
    // A poll that lies in the future comes from a clock that went back.
    wait_until(slot, profile.confirmed == 0 ? tick : next_after(slot, std::min(profile.confirmed, tick)));
  }
}

void PollSchedule::watch(const Sim& sim, Clock::time_point now, TimePoint wall_now) {
  const Tick tick = clock_.tick(now);
  const Tick wall = clock_.tick(wall_now);
  const auto [slot, is_new] = roster_.find_or_add(sim.id);
  PolledProfile& profile = roster_.at(slot);
  const bool woken = note_status(profile, sim.status);
  profile.leaving = false;
  profile.listed = true;
  if (is_new) {
    ++counts_[profile.natural];
    profile.moved = std::min(clock_.tick(sim.created_at), wall);
    judge(profile, slot, wall);
    wait_until(slot, tick);
    return;
  }
  if (!woken) return;
  profile.moved = wall;
  if (profile.asked) return;
  judge(profile, slot, wall);
  wait_until(slot, std::min(profile.due, next_after(slot, tick)));
}

void PollSchedule::forget(const std::string& sim_id) {
  if (const auto slot = roster_.find(sim_id)) forget(*slot);
}

void PollSchedule::forget(Slot slot) {
  PolledProfile& profile = roster_.at(slot);
  if (profile.asked) {
    profile.leaving = true;
    return;
  }
  --counts_[profile.natural];
  roster_.remove(slot);
}

// ---- polls

std::optional<PollSchedule::Poll> PollSchedule::due(Clock::time_point now) {
  const Tick tick = clock_.tick(now);
  if (tick - relaxed_at_ >= kRelaxEvery) relax(tick);
  if (circuit_.open() && !circuit_.may_probe(now)) return std::nullopt;
  const auto slot = circuit_.open() ? probe() : most_overdue(tick);
  if (!slot) return std::nullopt;
  roster_.at(*slot).asked = true;
  ++asked_;
  if (circuit_.open()) {
    circuit_.probe_sent();
    probe_ = *slot;
  }
  return Poll{*slot, roster_.id_of(*slot)};
}

// To find out about the API, not about a profile: one after the other, and rather one that was answered before and has
// not failed since. So none that always fails can keep all the others waiting. Whether it is due does not matter.
std::optional<PollSchedule::Slot> PollSchedule::probe() const {
  std::optional<Slot> any;
  for (Slot i = 1; i <= roster_.end(); ++i) {
    const auto slot = static_cast<Slot>((std::uint64_t{probe_} + i) % roster_.end());
    const PolledProfile& profile = roster_.at(slot);
    if (!profile.used || profile.asked) continue;
    if (profile.failures == 0 && profile.confirmed != 0) return slot;
    if (!any) any = slot;
  }
  return any;
}

PollSchedule::Answer PollSchedule::answered(Ticket ticket, const ProfileReading& reading, Clock::time_point now) {
  circuit_.answered();
  PolledProfile& profile = roster_.at(ticket);
  Answer answer;
  answer.moved = profile.leaving || !roster_.knows(ticket, reading.profile);
  if (answer.moved) {
    if (profile.unsaved) {
      answer.confirmed = ProfileReading{*roster_.known(ticket), clock_.wall(profile.confirmed), reading.asked_at};
    }
    profile.unsaved = false;
    const Tick observed = clock_.tick(reading.observed_at);
    if (profile.confirmed == 0) {
      profile.moved = std::min(std::max(Tick{profile.moved}, clock_.tick(reading.profile.updated_at)), observed);
    } else if (!roster_.resembles(ticket, reading.profile)) {
      profile.moved = observed;
    }
    roster_.know(ticket, reading.profile);
  } else if (!profile.unsaved) {
    profile.unsaved = true;
    unsaved_.push_back(ticket);
  }
  profile.confirmed = std::max(clock_.tick(reading.asked_at), Tick{1});
  profile.failures = 0;
  if (!answer.moved) handed_over(ticket, now);
  return answer;
}

void PollSchedule::handed_over(Ticket ticket, Clock::time_point now) {
  const auto slot = take_back(ticket);
  if (!slot) return;
  PolledProfile& profile = roster_.at(*slot);
  // Confirmed and moved are times of one clock.
  judge(profile, *slot, std::max(profile.confirmed, Tick{profile.moved}));
  wait_until(*slot, next_after(*slot, clock_.tick(now)));
}

void PollSchedule::failed(Ticket ticket, Failure failure, Clock::time_point now) {
  if (failure == Failure::of_sim) {
    circuit_.answered();
  } else {
    circuit_.failed(now, ticket == probe_);
  }
  const auto slot = take_back(ticket);
  if (!slot) return;
  PolledProfile& profile = roster_.at(*slot);
  const milliseconds pause = kFirstRetry * (1U << profile.failures);
  profile.failures = std::min(profile.failures + 1U, kMostFailures);
  const Tick wait = std::min(PollClock::length(pause), every(intervals_.usual()));
  wait_until(*slot, PollClock::after(clock_.tick(now), wait));
}

void PollSchedule::absent(Ticket ticket, Clock::time_point now) {
  circuit_.answered();
  const auto slot = take_back(ticket);
  if (slot) wait_until(*slot, PollClock::after(clock_.tick(now), every(intervals_.usual())));
}

void PollSchedule::dropped(Ticket ticket) {
  if (ticket == probe_) circuit_.probe_lost();
  const auto slot = take_back(ticket);
  if (slot) wait_until(*slot, roster_.at(*slot).due);
}

std::optional<PollSchedule::Slot> PollSchedule::take_back(Ticket ticket) {
  PolledProfile& profile = roster_.at(ticket);
  profile.asked = false;
  --asked_;
  if (!profile.leaving) return ticket;
  forget(Slot{ticket});
  return std::nullopt;
}

std::optional<PollSchedule::Clock::time_point> PollSchedule::next_due() {
  std::optional<Tick> next;
  for (Step step = 0; step < intervals_.size(); ++step) {
    drop_stale(step);
    if (!waiting_[step].empty() && (!next || waiting_[step].front().due < *next)) next = waiting_[step].front().due;
  }
  if (!next || (circuit_.open() && circuit_.probing())) return std::nullopt;
  return circuit_.open() ? circuit_.probe_at() : clock_.time(*next);
}

// ---- when

// Sets the step by what is known of the profile now.
void PollSchedule::judge(PolledProfile& profile, Slot slot, Tick wall_now) {
  const milliseconds quiet_for = PollClock::length(wall_now, std::min(profile.moved, wall_now));
  const bool retired = profile.retired || roster_.is_deleted(slot);
  const Step natural = intervals_.step(quiet_for, retired, intervals_.quietest());
  count(profile, natural);
  profile.step = intervals_.step(quiet_for, retired, longest_quiet_);
  // Whatever it is, the first sight of it is not put off.
  if (profile.confirmed == 0) profile.step = std::min<Step>(static_cast<Step>(profile.step), intervals_.usual());
}

void PollSchedule::count(PolledProfile& profile, Step natural) {
  --counts_[profile.natural];
  profile.natural = natural;
  ++counts_[natural];
}

// The profile's next place in the interval of its step: half of it away at least, the whole at most. The places follow
// the slots, in which the profiles came: the database has them side by side in about this order, so what is polled in
// the same minutes lies on few of its pages, and each of these is logged whole but once between two checkpoints.
Tick PollSchedule::next_after(Slot slot, Tick from) const {
  const Tick length = every(static_cast<Step>(roster_.at(slot).step));
  const auto place = static_cast<Tick>(std::uint64_t{length} * slot / roster_.end());
  const Tick to_place = length - (from - place) % length;
  return PollClock::after(from, to_place < length / 2 ? to_place + length / 2 : to_place);
}

void PollSchedule::wait_until(Slot slot, Tick due) {
  PolledProfile& profile = roster_.at(slot);
  profile.due = due;
  auto& heap = waiting_[profile.step];
  // Stale ones go when they come up. Should they pile up, all of this step are looked at.
  if (heap.size() > 2 * roster_.size() + 1000) {
    const auto step = static_cast<Step>(profile.step);
    std::erase_if(heap, [&](const Waiting& waiting) { return !is_waiting(waiting, step) || waiting.slot == slot; });
    std::ranges::make_heap(heap, std::greater<>{});
  }
  heap.push_back({due, slot});
  std::ranges::push_heap(heap, std::greater<>{});
}

bool PollSchedule::is_waiting(const Waiting& waiting, Step step) const {
  const PolledProfile& profile = roster_.at(waiting.slot);
  return profile.used && !profile.asked && profile.due == waiting.due && profile.step == step;
}

void PollSchedule::drop_stale(Step step) {
  auto& heap = waiting_[step];
  while (!heap.empty() && !is_waiting(heap.front(), step)) {
    std::ranges::pop_heap(heap, std::greater<>{});
    heap.pop_back();
  }
}

// Taken off its heap.
std::optional<PollSchedule::Slot> PollSchedule::most_overdue(Tick now) {
  std::vector<Waiting>* most = nullptr;
  double most_behind = -1;
  for (Step step = 0; step < intervals_.size(); ++step) {
    drop_stale(step);
    if (waiting_[step].empty() || waiting_[step].front().due > now) continue;
    const double behind = static_cast<double>(now - waiting_[step].front().due) / every(step);
    if (behind <= most_behind) continue;
    most = &waiting_[step];
    most_behind = behind;
  }
  if (most == nullptr) return std::nullopt;
  const Slot slot = most->front().slot;
  std::ranges::pop_heap(*most, std::greater<>{});
  most->pop_back();
  return slot;
}

double PollSchedule::needed(Step longest_quiet) const {
  double polls = 0;
  for (Step step = 0; step < intervals_.size(); ++step) {
    const Step asked_as = step > intervals_.quietest() ? step : std::min(step, longest_quiet);
    const double seconds = std::chrono::duration<double>(intervals_.every(asked_as)).count();
    polls += static_cast<double>(counts_[step]) / seconds;
  }
  return polls;
}

void PollSchedule::relax(Tick now) {
  relaxed_at_ = now;
  if (polls_per_second_ <= 0) return;
  while (longest_quiet_ < intervals_.quietest() && needed(longest_quiet_) > polls_per_second_) ++longest_quiet_;
  while (longest_quiet_ > intervals_.usual() && needed(longest_quiet_ - 1) <= polls_per_second_ * kAmple) {
    --longest_quiet_;
  }
}

// ---- the rest

std::vector<ProfileReading> PollSchedule::take_confirmed(std::size_t most, TimePoint observed_at) {
  std::vector<ProfileReading> readings;
  readings.reserve(std::min(most, unsaved_.size()));
  while (!unsaved_.empty() && readings.size() < most) {
    const Slot slot = unsaved_.back();
    unsaved_.pop_back();
    PolledProfile& profile = roster_.at(slot);
    if (!profile.used || !profile.unsaved) continue;
    profile.unsaved = false;
    readings.push_back({*roster_.known(slot), clock_.wall(profile.confirmed), observed_at});
  }
  return readings;
}

// By more than a tenth of its interval; of one that fails, since it was last answered.
bool PollSchedule::is_late(const PolledProfile& profile, Step step, Tick now, Tick wall_now) const {
  const Tick most = every(step) / 10;
  if (profile.due < now && now - profile.due > most) return true;
  const Tick answered_by = PollClock::after(profile.confirmed, PollClock::after(every(step), most));
  return profile.failures > 0 && answered_by < wall_now;
}

PollSchedule::Load PollSchedule::load(Clock::time_point now, TimePoint wall_now) const {
  Load load;
  load.profiles = roster_.size();
  load.needed_per_second = needed(longest_quiet_);
  load.quiet_interval = intervals_.every(longest_quiet_);
  const Tick tick = clock_.tick(now);
  for (Step step = 0; step < intervals_.size(); ++step) {
    for (const Waiting& waiting : waiting_[step]) {
      if (!is_waiting(waiting, step) || !is_late(roster_.at(waiting.slot), step, tick, clock_.tick(wall_now))) continue;
      ++load.overdue;
      if (waiting.due >= tick) continue;
      load.longest_overdue = std::max(load.longest_overdue, PollClock::length(tick, waiting.due));
      load.behind = std::max(load.behind, static_cast<double>(tick - waiting.due) / every(step));
    }
  }
  return load;
}

}  // namespace simsync
