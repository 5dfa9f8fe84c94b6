// The database of a simulated life, as the contracts of storage/ have it: the mirror of one project, its history, its
// walks and its lease. Each function is one transaction, carried out in one moment. What it does is written anew here,
// as plainly as possible; whether SQL does the same is for the tests on PostgreSQL.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/alert.h"
#include "storage/alert_store.h"
#include "storage/inventory_store.h"
#include "storage/lease_store.h"

namespace simsync::simulation {

struct SimRow {
  Sim sim;
  TimePoint first_seen_at{};
  TimePoint changed_at{};
  TimePoint confirmed_at{};
  std::optional<TimePoint> missing_since;
};

struct ProfileRow {
  EsimProfile profile;
  TimePoint last_polled_at{};
  TimePoint changed_at{};
};

// A row of sim_change, or of esim_profile_transition (field "profile", values as World::profile_text has them).
struct HistoryRow {
  std::int64_t id = 0;
  std::string sim_id;
  std::string kind;
  std::string field;
  std::optional<std::string> old_value;
  std::optional<std::string> new_value;
  std::optional<TimePoint> not_before;
  TimePoint observed_at{};
  TimePoint written_at{};  // the true time
  std::int64_t epoch = 0;  // 0: by a pass, without a lease
  bool own = false;        // of metadata that were written back
};

struct AlertRow {
  std::int64_t change = 0;  // HistoryRow::id
  std::string rule;
  std::string sim_id;
  TimePoint raised_at{};
  bool waits = true;  // for a message
};

struct MessageRow {
  AlertMessage message;
  std::vector<std::int64_t> changes;  // of its alerts
  DeliveryResult::State state = DeliveryResult::State::pending;
  TimePoint next_attempt_at{};
  const void* claimed_by = nullptr;
  TimePoint claimed_until{};
};

struct RequestRow {
  MetadataRequest request;
  MetadataState state = MetadataState::pending;
  std::string error;
  std::optional<std::string> sent;
  TimePoint asked_at{};  // true times
  TimePoint settled_at{};
};

class Tables {
 public:
  // What has to be the same for a walk over an unchanged inventory: rows of everything but walks and leases.
  [[nodiscard]] std::uint64_t writes() const { return writes_; }

  std::map<std::string, SimRow> sims;
  std::map<std::string, ProfileRow> profiles;
  std::vector<HistoryRow> history;
  std::vector<AlertRow> alerts;
  std::vector<MessageRow> messages;
  std::vector<WalkRecord> walks;                         // closed
  std::map<std::int64_t, std::uint64_t> present_before;  // walk -> SIMs there were before it found any missing
  std::map<std::int64_t, WalkRecord> open_walks;
  std::optional<WalkProgress> progress;
  TimePoint progress_saved_at{};
  std::set<std::int64_t> approved;
  std::int64_t last_walk = 0;
  PollState poll_state;
  std::vector<RequestRow> requests;  // by their ids, from 1

  struct LeaseState {
    std::int64_t epoch = 0;
    std::string holder;
    std::string host;
    TimePoint expires_at = TimePoint::min();
  };
  LeaseState lease;
  std::map<std::string, TimePoint> daemons;  // holder -> when it was seen

  // ---- transactions; `epoch` goes into the history, `clock` is the writer's

  ApplyResult apply(const std::vector<SimReading>& readings, TimePoint clock, std::int64_t epoch,
                    const AlertJudge* judge);
  ApplyResult apply_profiles(const std::vector<ProfileReading>& readings, TimePoint clock, std::int64_t epoch,
                             const AlertJudge* judge);
  std::uint64_t mark_missing(const std::vector<Disappearance>& gone, TimePoint clock, std::int64_t epoch,
                             const AlertJudge* judge);
  void ask_for_metadata(const std::string& sim_id, const std::string& metadata);
  std::vector<MetadataRequest> pending_metadata(const std::string& after, std::size_t limit) const;
  std::vector<std::int64_t> step_metadata(const std::vector<MetadataStep>& steps, TimePoint clock, std::int64_t epoch,
                                          const AlertJudge* judge);
  void save(const WalkProgress& walk);
  std::int64_t begin_walk(WalkKind kind, TimePoint started_at);
  void close_walk(WalkRecord& record);

  [[nodiscard]] std::uint64_t present() const;
  [[nodiscard]] bool ever_complete() const { return last_complete_walk_.has_value(); }

 private:
  struct Recording {
    TimePoint clock;
    std::int64_t epoch;
    const AlertJudge* judge;
    std::vector<RecordedChange> changes;
  };

  void apply(const SimReading& reading, Recording& recording, ApplyResult& result);
  void apply(const ProfileReading& reading, Recording& recording, ApplyResult& result);
  void record(Recording& recording, const HistoryRow& row);
  [[nodiscard]] bool is_sent(const Sim& sim) const;
  void raise(const Recording& recording);

  std::int64_t next_id_ = 1;
  std::optional<TimePoint> last_complete_walk_;  // the latest start of any
  std::uint64_t writes_ = 0;
};

}  // namespace simsync::simulation
