#include "sync/profiles/poll_schedule.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace simsync {
namespace {

constexpr std::chrono::milliseconds kFirstRetry = std::chrono::seconds{5};

std::uint64_t fingerprint_of(const EsimProfile& profile) {
  const auto updated = static_cast<std::uint64_t>(profile.updated_at.time_since_epoch().count());
  return (std::hash<std::string>{}(profile.status) ^ (updated * 0x9E3779B97F4A7C15U)) | 1U;
}

bool id_less(const std::string& left, const std::string& right) {
  return left < right;
}

}  // namespace

void PollSchedule::watch(std::vector<WatchedProfile> roster, Clock::time_point now, TimePoint wall_now) {
  std::ranges::sort(roster, id_less, &WatchedProfile::sim_id);
  std::vector<Entry> entries;
  entries.reserve(roster.size());
  std::vector<Waiting> waiting;
  waiting.reserve(roster.size());
  asked_ = 0;
  auto old = entries_.begin();
  for (WatchedProfile& watched : roster) {
    while (old != entries_.end() && old->sim_id < watched.sim_id) ++old;
    if (old != entries_.end() && old->sim_id == watched.sim_id) {
      entries.push_back(std::move(*old++));
    } else {
      Entry& entry = entries.emplace_back();
      entry.sim_id = std::move(watched.sim_id);
      entry.interval = intervals_.usual;
      if (watched.known) entry.known = fingerprint_of(*watched.known);
      // A poll that lies in the future comes from a clock that went back: due after one interval at the latest.
      const auto since = watched.last_polled_at ? std::max(wall_now - *watched.last_polled_at, TimePoint::duration{0})
                                                : TimePoint::duration{intervals_.usual};
      entry.due = now + std::max(TimePoint::duration{intervals_.usual} - since, TimePoint::duration{0});
    }
    if (entries.back().asked) {
      ++asked_;
    } else {
      waiting.push_back({entries.back().due, static_cast<std::uint32_t>(entries.size() - 1)});
    }
  }
  entries_ = std::move(entries);
  waiting_ = std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>>{std::greater<>{}, std::move(waiting)};
}

std::optional<std::string> PollSchedule::due(Clock::time_point now) {
  if (waiting_.empty() || waiting_.top().due > now) return std::nullopt;
  Entry& entry = entries_[waiting_.top().place];
  waiting_.pop();
  entry.asked = true;
  ++asked_;
  return entry.sim_id;
}

void PollSchedule::answered(const EsimProfile& profile, Clock::time_point now) {
  Entry* entry = find(profile.sim_id);
  if (entry == nullptr) return;
  const std::uint64_t fingerprint = fingerprint_of(profile);
  const bool changed = entry->known != 0 && entry->known != fingerprint;
  entry->known = fingerprint;
  entry->failures = 0;
  entry->interval = std::min(changed ? intervals_.recent : entry->interval * 2, intervals_.usual);
  wait_until(*entry, now + entry->interval);
}

void PollSchedule::failed(const std::string& sim_id, Clock::time_point now) {
  Entry* entry = find(sim_id);
  if (entry == nullptr) return;
  const std::chrono::milliseconds pause = kFirstRetry * (1U << std::min(entry->failures, 10U));
  ++entry->failures;
  wait_until(*entry, now + std::min(pause, intervals_.usual));
}

std::optional<PollSchedule::Clock::time_point> PollSchedule::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.top().due;
}

// nullptr: not on the roster any more, or not asked.
PollSchedule::Entry* PollSchedule::find(const std::string& sim_id) {
  const auto found = std::ranges::lower_bound(entries_, sim_id, id_less, &Entry::sim_id);
  return found != entries_.end() && found->sim_id == sim_id && found->asked ? &*found : nullptr;
}

void PollSchedule::wait_until(Entry& entry, Clock::time_point due) {
  entry.asked = false;
  --asked_;
  entry.due = due;
  waiting_.push({due, static_cast<std::uint32_t>(&entry - entries_.data())});
}

}  // namespace simsync
