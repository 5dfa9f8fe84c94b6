// Carries metadata requests out: workers ask the MetadataPlan for the next GET or PATCH, the caller's thread looks for
// requests and stores how they go on, for all that came meanwhile in one transaction. Killed anywhere, a request is
// pending and begins with a GET again. While there is nothing to do it is one short look a second, and no worker.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/metadata/metadata_plan.h"
#include "sync/patience.h"
#include "sync/pulse.h"
#include "sync/walk/walk_doubts.h"

namespace simsync {

struct MetadataReport {
  std::uint64_t applied = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t failed = 0;
  // One pass: SIMs whose requests stay pending.
  std::uint64_t left = 0;
  bool given_up = false;   // the API answers no more; what was not looked at is not counted in `left`
  std::string last_error;  // of the API, for one that was left; empty: another process has them
};

struct MetadataSettings {
  std::string project;
  std::size_t workers = 16;        // requests at once
  double requests_per_second = 0;  // 0: no limit
};

class MetadataWriter {
 public:
  // `api`, `stores` and `doubts` outlive the writer; doubts hears of each SIM whose row may have been written. `pulse`
  // is that of the loop which calls it.
  MetadataWriter(MetadataSettings settings, SimApi& api, StoreFactory& stores, Patience patience,
                 WalkDoubts* doubts = nullptr, Pulse pulse = {});

  // Blocks until stop. Throws StorageError when the database fails for good.
  void run(const std::stop_token& stop);

  // Tries all that is pending once, and returns when each request is settled or left. Throws StorageError.
  MetadataReport once(const std::stop_token& stop);

  // Other settings, of the same project, for run(): at the next request after a pause. Safe from any thread.
  void reconfigure(const MetadataSettings& settings);

 private:
  class Workers;
  using Clock = MetadataPlan::Clock;

  void work_off(const std::stop_token& stop);
  bool look(const std::stop_token& stop);
  void look_while_busy(const std::stop_token& stop);
  void store(const std::vector<MetadataStep>& steps, const std::stop_token& stop);
  void store_last(const std::stop_token& stop);
  void count(const std::vector<MetadataStep>& steps, const std::vector<std::int64_t>& stored);
  void tell(bool all_done);
  std::vector<MetadataStep> wait_for_steps(const std::stop_token& stop);

  void work(std::stop_source& stopping);
  std::optional<MetadataPlan::Task> next_task(const std::stop_token& stop);
  void carry_out(const MetadataPlan::Task& task, const std::stop_token& stop);
  void note_circuit(const std::string& error);

  const std::string project_;
  const Patience patience_;
  SimApi& api_;
  WalkDoubts* const doubts_;
  const Pulse pulse_;
  StorageRetry retry_;
  std::unique_ptr<InventoryStore> store_;  // the caller's thread, and what follows up to the blank line
  std::string behind_;                     // the SIM that the next look goes on behind
  Clock::time_point look_at_{};
  MetadataReport report_;
  MetadataReport told_;
  unsigned failures_told_ = 0;
  Clock::time_point tell_at_{};

  std::mutex mutex_;  // guards what follows
  MetadataSettings settings_;
  std::unique_ptr<MetadataPlan> plan_;
  std::condition_variable_any work_;   // for the workers
  std::condition_variable_any steps_;  // for the caller's thread
  std::exception_ptr worker_failure_;
  bool said_failing_ = false;
  std::string last_error_;
};

}  // namespace simsync
