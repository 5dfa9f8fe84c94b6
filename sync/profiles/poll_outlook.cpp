#include "sync/profiles/poll_outlook.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include "sync/profiles/poll_intervals.h"

namespace simsync {
namespace {

using std::chrono::duration_cast;

// The running service says how its polls are going four times a minute.
constexpr std::chrono::minutes kSilence{2};

std::string span_between(TimePoint begin, TimePoint end) {
  return span_text(duration_cast<Milliseconds>(end - begin));
}

bool service_runs(const SimStory& story, TimePoint now) {
  return story.service && std::chrono::abs(now - story.service->saved_at) <= kSilence;
}

bool profile_deleted(const SimStory& story) {
  return story.profile && story.profile->status == "deleted";
}

TimePoint last_moved(const SimStory& story) {
  TimePoint moved = story.sim.created_at;
  for (const SimStory::Entry& entry : story.timeline) {
    if (entry.what == "status") moved = std::max(moved, entry.observed_at);
  }
  if (story.profile) moved = std::max(moved, story.profile->updated_at);
  if (story.last_transition_at) moved = std::max(moved, *story.last_transition_at);
  return moved;
}

// Empty where it is polled.
std::string why_not_polled(const SimStory& story, const ProfilesConfig& config, TimePoint now) {
  if (story.missing_since) {
    return "not asked: the SIM is missing, the API said " + span_between(*story.missing_since, now) +
           " ago that it is gone";
  }
  if (story.sim.type != "eSIM") return "not asked: its type is " + story.sim.type + ", and only an eSIM has a profile";
  if (std::ranges::find(config.providers, story.sim.provider) != config.providers.end()) return {};
  std::string providers;
  for (const std::string& provider : config.providers) providers += (providers.empty() ? "" : ", ") + provider;
  return "not asked: its provider " + story.sim.provider + " is not in profiles.providers (" + providers + ")";
}

// The longest step that the running service makes at present; without one, the longest there is.
PollIntervals::Step longest_quiet(const PollIntervals& intervals, const SimStory& story, TimePoint now) {
  if (!service_runs(story, now)) return intervals.quietest();
  PollIntervals::Step step = intervals.usual();
  while (step < intervals.quietest() && intervals.every(step + 1) <= story.service->quiet_interval) ++step;
  return step;
}

std::string why_at_this_interval(PollIntervals::Reason reason, const SimStory& story, Milliseconds quiet_for) {
  switch (reason) {
    case PollIntervals::Reason::recent:
      return "recent: it moved " + span_text(quiet_for) + " ago, so ";
    case PollIntervals::Reason::quiet:
      return "long quiet: nothing moved for " + span_text(quiet_for) + ", so ";
    case PollIntervals::Reason::retired:
      return story.sim.status == "retired" ? "retired: the SIM is retired, so "
                                           : "retired: the profile is deleted, so ";
    case PollIntervals::Reason::usual:
      break;
  }
  return "usual: ";
}

std::string service_silence(const SimStory& story, TimePoint now) {
  if (!story.service) return "the service has not run for this project yet";
  if (story.service->saved_at > now) return "the service does not run, or its clock is ahead";
  return "the service does not run, it was heard of last " + span_between(story.service->saved_at, now) + " ago";
}

// What keeps the service from asking for what is due.
std::string why_late(const SimStory& story, TimePoint now) {
  if (!service_runs(story, now)) return service_silence(story, now);
  const SimStory::Service& service = *story.service;
  if (service.failing_since) {
    return "the API has answered no poll for " + span_between(*service.failing_since, now) + ": " + service.last_error;
  }
  if (service.overdue > 0) {
    std::ostringstream text;
    text << service.overdue << " of " << service.profiles << " profiles are overdue, ";
    if (service.planned_per_second > 0 && service.needed_per_second > service.planned_per_second) {
      text << "the budget is too small: " << std::fixed << std::setprecision(1) << service.needed_per_second
           << " polls a second are needed, api.requests_per_second has room for " << service.planned_per_second;
    } else {
      text << "though the budget is large enough: the service catches up, or the API is slow";
    }
    return text.str();
  }
  return "the service is about to ask, or its polls of this one fail (its log says so)";
}

void say_when(PollOutlook& outlook, const SimStory& story, TimePoint now) {
  if (!outlook.last_polled_at) {
    outlook.next_due = now;
    outlook.next = "due now, it was never asked: " + why_late(story, now);
    return;
  }
  // A poll that lies in the future comes from a clock that was set back: the service waits one interval at most.
  outlook.next_due = std::min(*outlook.last_polled_at, now) + *outlook.interval;
  outlook.next_earliest = *outlook.next_due - *outlook.interval / 2;
  if (*outlook.next_due < now) {
    outlook.overdue = duration_cast<Milliseconds>(now - *outlook.next_due);
    outlook.next = "overdue by " + span_text(*outlook.overdue) + ": " + why_late(story, now);
    return;
  }
  outlook.next = "due in " + span_between(now, *outlook.next_due);
  if (now >= *outlook.next_earliest) {
    outlook.next += ", or any moment before";
  } else {
    outlook.next += ", in " + span_between(now, *outlook.next_earliest) + " at the earliest";
  }
  if (!service_runs(story, now)) outlook.next += "; but " + service_silence(story, now);
}

}  // namespace

PollOutlook poll_outlook(const SimStory& story, const ProfilesConfig& config, TimePoint now) {
  PollOutlook outlook;
  if (story.profile) outlook.last_polled_at = story.profile->last_polled_at;
  outlook.reason = why_not_polled(story, config, now);
  if (!outlook.reason.empty()) return outlook;
  outlook.polled = true;

  const PollIntervals intervals{config};
  const TimePoint moved = last_moved(story);
  const auto quiet_for = duration_cast<Milliseconds>(now - moved);
  // The service chose the interval when it asked last, unless something has happened since.
  const TimePoint chosen_at = outlook.last_polled_at ? std::min(std::max(*outlook.last_polled_at, moved), now) : now;
  const bool retired = story.sim.status == "retired" || profile_deleted(story);
  const PollIntervals::Step step =
      intervals.step(duration_cast<Milliseconds>(chosen_at - moved), retired, longest_quiet(intervals, story, now));
  outlook.interval = intervals.every(step);
  outlook.reason =
      why_at_this_interval(intervals.reason(step), story, quiet_for) + "asked every " + span_text(*outlook.interval);
  say_when(outlook, story, now);
  return outlook;
}

std::string span_text(Milliseconds span) {
  struct Unit {
    std::int64_t milliseconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits{{{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
  std::int64_t rest = std::max<std::int64_t>(span.count(), 0);
  if (rest < 1'000) return rest == 0 ? "0s" : std::to_string(rest) + "ms";
  std::string text;
  for (int units = 0; const Unit& unit : kUnits) {
    const std::int64_t count = rest / unit.milliseconds;
    rest %= unit.milliseconds;
    if (count > 0) text += std::to_string(count) + unit.name;
    if (!text.empty() && ++units == 2) break;
  }
  return text;
}

}  // namespace simsync
