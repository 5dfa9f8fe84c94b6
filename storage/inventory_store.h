// The mirror and its history as whole transactions, named in the domain's words. It decides what changed: every
// write compares what was read with what is stored, so writing the same reading twice records nothing twice.
// It refuses to hold a query of its callers' making: each question has its own function.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/change.h"
#include "storage/metadata_queue.h"
#include "storage/profile.h"
#include "storage/sim.h"
#include "storage/storage_error.h"
#include "storage/walk_record.h"

namespace simsync {

// Why apply() rejects a SIM.
inline constexpr char kUnfit[] = "the database cannot hold one of its values";

// Rows of simsync.sim_change.
struct RecordedRows {
  std::uint64_t rows = 0;
  std::int64_t last = 0;  // change_id; 0: there is none
  TimePoint counted_at;   // by the database's clock
};

// An eSIM whose profile is to be polled.
struct WatchedSim {
  std::string sim_id;
  std::string status;
  TimePoint moved_at{};  // when it was created, or its status was last seen to change
};

// What is stored of a profile.
struct WatchedProfile {
  EsimProfile profile;
  TimePoint last_polled_at{};
};

// What the service says of its polls, for simsync.freshness.
struct PollState {
  std::uint64_t profiles = 0;
  std::uint64_t overdue = 0;
  std::chrono::milliseconds longest_overdue{};
  double needed_per_second = 0;
  double planned_per_second = 0;  // what the budget has for polls; 0: no limit
  std::chrono::milliseconds quiet_interval{};
  std::optional<TimePoint> failing_since;
  std::string last_error;
  std::string failure;  // while it fails: the reason for simsync.coverage_gap, such as "token refused"
};

// Who begins to watch a project: the service, or a single pass.
enum class WatchKind { run, sync };

// For simsync.coverage_gap: from when on a project is watched, and how often.
struct Watch {
  WatchKind kind = WatchKind::run;
  TimePoint started_at{};
  std::chrono::milliseconds walk_interval{};
  std::chrono::milliseconds poll_interval{};
};

// One line of `simsyncd status`.
struct ProjectStatus {
  std::string project;
  std::uint64_t sims = 0;      // present
  std::uint64_t missing = 0;   // gone from the API, kept here
  std::uint64_t profiles = 0;  // watched
  std::uint64_t profiles_due = 0;
  std::optional<TimePoint> last_complete_walk;  // its end
  std::optional<WalkRecord> last_walk;          // the last finished full walk
  std::string last_error;                       // of the last walk that was not complete, with its time
};

// Belongs to one thread. All functions block, and throw StorageError; after a retryable one the next call
// connects anew. A function is one transaction, or none where it says that it only reads.
class InventoryStore {
 public:
  virtual ~InventoryStore() = default;

  // Opens a walk's row and closes, as failed, those that an ended daemon left open. Returns the walk's id.
  virtual std::int64_t begin_walk(const std::string& project, WalkKind kind, TimePoint started_at) = 0;

  // Reads: the full walk that an ended program left open, with where it was; nullopt where there is none, or where it
  // cannot be gone on with.
  virtual std::optional<WalkProgress> open_walk(const std::string& project) = 0;

  // Reads: the number of the project's latest walk, whoever walks it; 0: there was none.
  virtual std::int64_t latest_walk(const std::string& project) = 0;

  // Brings the SIMs to what was read and records how they differed. Readings of one SIM are applied in their
  // order. A reading asked for before the answer that is stored had come is ignored and counted as late. Values the
  // database cannot hold are rejected SIM by SIM, the others go on. `progress`, where there is one, is stored with the
  // last of them: in their transaction, unless readings had to be taken apart.
  virtual ApplyResult apply(const std::string& project, const std::vector<SimReading>& readings,
                            const WalkProgress* progress) = 0;
  ApplyResult apply(const std::string& project, const std::vector<SimReading>& readings) {
    return apply(project, readings, nullptr);
  }

  // Stores where a walk is that had nothing to write.
  virtual void save_progress(const std::string& project, const WalkProgress& progress) = 0;

  // Marks the SIMs missing and records that, some thousand in a transaction; with the last of them, in one transaction,
  // closes the walk's row, forgets its progress, and raises the alert of a mass disappearance that was held back unless
  // the walk before held one back, too. Where it ends before that, what was marked stays recorded and the walk open:
  // repeating it, or the next walk, marks the rest. A refused token raises an alert here and in save_poll_state(), and
  // once it is good for both, that ends. `record.disappeared` is set here: to how many this walk has marked in all.
  virtual void finish_walk(const std::string& project, WalkRecord& record, const std::vector<Disappearance>& gone) = 0;

  // Reads: every SIM that is stored and not missing, with the time for which its row was last confirmed, in no order.
  // `row` is called from within; the SIM is only valid during the call, and false ends the reading.
  virtual void read_present(const std::string& project, const std::function<bool(const Sim&, TimePoint)>& row) = 0;

  // Reads: the approved mass disappearance, unless a complete walk has come since.
  virtual std::optional<Approval> approval(const std::string& project) = 0;

  // Lets what the walk held back pass, once: in the next complete walk of its project.
  virtual ApproveOutcome approve(std::int64_t walk_id) = 0;

  // Reads: how many SIMs are stored and not missing.
  virtual std::uint64_t present_count(const std::string& project) = 0;

  // Reads: how many SIMs are missing, and have been no longer than since `since`.
  virtual std::uint64_t gone_since(const std::string& project, TimePoint since) = 0;

  // Reads: up to `limit` ids of present SIMs above `after`, in byte order.
  virtual std::vector<std::string> present_ids(const std::string& project, const std::string& after,
                                               std::size_t limit) = 0;

  // Reads: in list order (newest first), the id of a present SIM that was created before `created_at`, `distance`
  // SIMs beyond the first such; nullopt where there is none.
  virtual std::optional<std::string> present_beyond(const std::string& project, TimePoint created_at,
                                                    std::size_t distance) = 0;

  // Read: the rows of a project's history of SIMs that were observed since `since` and bear a higher number than
  // `after`, whoever wrote them. Numbers of one project grow in the order in which they are committed.
  virtual RecordedRows recorded_since(const std::string& project, TimePoint since, std::int64_t after) = 0;
  // The ids of their SIMs, each once: one more than `limit` where there are more.
  virtual std::vector<std::string> changed_since(const std::string& project, TimePoint since, std::int64_t after,
                                                 std::size_t limit) = 0;

  // Reads: whether a full walk of this project was ever complete.
  virtual bool ever_complete(const std::string& project) = 0;

  // Reads: present SIMs of type eSIM of these providers; then all profiles of the project, also those of other SIMs.
  // Both in no order, apart from each other because joining them costs the database more than finding them costs the
  // caller. `sim` and `profile` are called from within; what they get is only valid during the call, and false ends
  // the reading.
  virtual void read_watched(const std::string& project, const std::vector<std::string>& providers,
                            const std::function<bool(const WatchedSim&)>& sim,
                            const std::function<bool(const WatchedProfile&)>& profile) = 0;

  // Brings the profiles to what was read and records the transitions. In order and rejecting like apply().
  //   first sight          a row from null, and the profile's row
  //   status differs       a row from -> to, whatever updatedAt says
  //   same, updatedAt later    a row from = to: something happened in between
  //   same, updatedAt earlier  no row, the later updatedAt stays: an older copy answered
  // One that changes nothing moves last_polled_at only.
  virtual ApplyResult apply_profiles(const std::string& project, const std::vector<ProfileReading>& readings) = 0;

  // Stores how the polls are doing, and that the service runs. An outage that is over is noted as a gap.
  virtual void save_poll_state(const std::string& project, const PollState& state) = 0;

  // Notes that the project is watched from now on, and as a gap the time in which it was not. Returns the run's id for
  // the next two; 0, and notes nothing, for a pass beside a service that runs. Who does not end it, and is not known to
  // watch any more (save_poll_state() of the service says so, too), stopped when it last was. A pass that polled no
  // profile watched none.
  virtual std::int64_t begin_watch(const std::string& project, const Watch& watch) = 0;
  virtual void still_watching(const std::string& project, std::int64_t run_id, TimePoint now) = 0;
  virtual void end_watch(const std::string& project, std::int64_t run_id, TimePoint stopped_at, bool polled) = 0;

  // Deletes history and delivered alerts from before `before`, at most `limit` rows of each table, and returns how
  // many; 0: none is left. simsync.inventory_at is exact from `before` on, and answers for nothing earlier.
  virtual std::uint64_t forget_history(const std::string& project, TimePoint before, std::size_t limit) = 0;

  // Puts right what is counted and copied beside the mirror (inventory_count, esim_profile.sim_status), in case
  // somebody changed rows by hand. Reads every SIM, and holds up the project's writers meanwhile: about a second for a
  // million. Returns how many rows were wrong.
  virtual std::uint64_t count_anew(const std::string& project) = 0;

  // Reads: of each SIM with pending metadata requests the oldest, of the SIMs behind `after` in the order of their ids,
  // at most `limit`.
  virtual std::vector<MetadataRequest> pending_metadata(const std::string& project, const std::string& after,
                                                        std::size_t limit) = 0;

  // Stores how requests go on, each of another SIM, together with what was read of these SIMs. Returns those of which
  // it was stored: the others were settled, gone on with, locked or deleted by somebody else, or, for a pass, a service
  // works on the project by now.
  virtual std::vector<std::int64_t> step_metadata(const std::string& project,
                                                  const std::vector<MetadataStep>& steps) = 0;

  // Reads: a line for the project; of its profiles (those of read_watched()), as many are due as the running service
  // says; where none runs, those that were not polled within `poll_interval`, or never.
  virtual ProjectStatus status(const std::string& project, const std::vector<std::string>& providers,
                               std::chrono::milliseconds poll_interval) = 0;
};

// Opens stores, each for one thread. Safe from any thread.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  virtual std::unique_ptr<InventoryStore> open() = 0;
};

}  // namespace simsync
