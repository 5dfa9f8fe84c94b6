// Carries the polls out: workers ask the PollSchedule whose profile is due and fetch it, the caller's thread writes
// the outcomes in batches. Polling waits when the database is slower.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/bounded_queue.h"
#include "sync/patience.h"
#include "sync/profiles/poll_schedule.h"
#include "sync/skip_log.h"

namespace simsync {

struct PollReport {
  std::uint64_t watched = 0;  // profiles on the roster
  std::uint64_t polled = 0;   // answers
  std::uint64_t failed = 0;   // polls without an answer (a 404 is one), or with one that the database cannot hold
  std::uint64_t first_seen = 0;
  std::uint64_t transitions = 0;  // of profiles that were known
  std::string last_error;
  bool given_up = false;  // one pass: the API was gone or refused the token, the rest was not asked
};

using PollProgress = std::function<void(const PollReport&)>;

class Poller {
 public:
  // `api` and `stores` outlive the poller. `workers` requests at once.
  Poller(std::string project, SimApi& api, StoreFactory& stores, const ProfilesConfig& config, std::size_t workers,
         Patience patience);

  // Polls until stop. Throws StorageError when the database fails for good.
  PollReport run(std::stop_token stop);

  // Asks for every profile once, whatever the schedule, and returns when each was answered or failed.
  PollReport once(std::stop_token stop, const PollProgress& progress = {});

  // A walk changed which SIMs there are: the roster is read anew. Safe from any thread.
  void roster_changed();

 private:
  enum class Mode { until_stop, once };

  PollReport poll(Mode mode, std::stop_token stop, const PollProgress& progress);
  void load_roster(Mode mode, const std::stop_token& stop);
  void work(Mode mode, std::stop_source& stopping);
  std::optional<std::string> next_due(Mode mode, const std::stop_token& stop);
  void ask(const std::string& sim_id, Mode mode, const std::stop_token& stop);
  void note_failure(const std::string& sim_id, Mode mode, const ApiError& error);
  void note_answer();
  bool workers_ended();
  std::vector<ProfileReading> next_batch(const std::stop_token& stop);
  void record(const std::vector<ProfileReading>& batch, const std::stop_token& stop);

  std::string project_;
  SimApi& api_;
  StoreFactory& stores_;
  ProfilesConfig config_;
  std::size_t workers_;
  StorageRetry retry_;
  std::unique_ptr<InventoryStore> store_;  // the caller's thread, and the next
  SkipLog skip_log_;

  std::mutex mutex_;  // guards what follows up to the blank line
  std::condition_variable_any changed_;
  PollSchedule schedule_;
  PollReport report_;
  std::size_t at_work_ = 0;
  std::size_t failures_in_a_row_ = 0;
  std::exception_ptr worker_failure_;

  BoundedQueue<ProfileReading> answers_;
  std::atomic<bool> roster_is_old_ = true;
};

}  // namespace simsync
