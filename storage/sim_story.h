// All that is stored of one SIM, as `simsyncd explain` tells it. Only reads, and refuses to judge: what it means for
// the SIM's polls says sync/profiles/poll_outlook.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/sim.h"
#include "storage/storage_error.h"

namespace simsync {

struct SimStory {
  // The row of simsync.esim_profile.
  struct Profile {
    std::string status;
    TimePoint status_since{};
    TimePoint updated_at{};
    TimePoint first_observed_at{};
    TimePoint last_polled_at{};
  };

  // Something that happened between `not_before` and `observed_at`.
  struct Entry {
    std::optional<TimePoint> not_before;
    TimePoint observed_at{};
    std::optional<TimePoint> reported_at;  // the API's updatedAt, of a profile
    std::string what;                      // the column of simsync.sim, or "profile"
    std::string kind;  // as simsync.sim_change has it; "first seen"; of a profile also "transition" and "reported anew"
    std::optional<std::string> from;
    std::optional<std::string> to;
    std::optional<std::string> origin;  // as simsync.sim_change has it
  };

  // Metadata that is not written back yet, or could not be; an alert that a channel did not get yet, or never will.
  struct Pending {
    std::string kind;     // metadata, alert
    std::int64_t id = 0;  // request_id, alert_id
    TimePoint since{};
    std::string state;                    // pending, conflict, failed, dead
    std::optional<std::string> rule;      // of an alert
    std::optional<std::string> channel;   // of an alert
    std::optional<std::string> metadata;  // JSON text, of metadata
    std::optional<std::int64_t> attempts;
    std::optional<std::string> error;
  };

  // What the project's service said last of its polls (simsync.poll_state).
  struct Service {
    TimePoint saved_at{};
    std::uint64_t profiles = 0;
    std::uint64_t overdue = 0;
    double needed_per_second = 0;
    double planned_per_second = 0;               // what the budget has for polls; 0: no limit
    std::chrono::milliseconds quiet_interval{};  // the longest pause that it makes at present
    std::optional<TimePoint> failing_since;
    std::string last_error;
  };

  std::string project;
  Sim sim;
  TimePoint first_seen_at{};
  TimePoint changed_at{};
  TimePoint confirmed_at{};
  std::optional<TimePoint> missing_since;
  std::optional<Profile> profile;
  std::optional<TimePoint> last_transition_at;  // when the profile's newest transition was observed
  std::vector<Entry> timeline;                  // oldest first
  std::uint64_t older_entries = 0;              // before these, left out
  std::vector<Pending> pending;                 // oldest first
  std::uint64_t older_pending = 0;
  std::optional<Service> service;
};

// At most so many SIMs are read at a time: an ICCID is no key, and a mistake in the API may give one to everybody.
inline constexpr std::size_t kMostStories = 100;

// The SIMs of these projects with this id; where there is none, those with this ICCID (in any case, with or without an
// F at its end), in the order of project and id; all as of one moment. The id goes by the key, the ICCID reads the
// projects' SIMs. `newest` entries are read of each list, 0: all. `id_or_iccid` has to be UTF-8. Blocks; throws
// StorageError.
std::vector<SimStory> read_sim_stories(const std::string& url, const std::vector<std::string>& projects,
                                       const std::string& id_or_iccid, std::uint64_t newest);

}  // namespace simsync
