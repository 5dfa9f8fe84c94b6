// Writes to the mirror what somebody at the keyboard asked the API, as a walk or a poll would: with its history, and
// the alerts that it raises, which the service delivers. It never finds a SIM missing: only a complete walk may. The
// answer comes first: a database that fails costs nobody what was asked for.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/exit_code.h"
#include "storage/inventory_store.h"

namespace simsync {

class AlertService;

// Belongs to one thread.
class SimRecorder {
 public:
  // Without `records` it does nothing, and needs no database. `config` outlives it.
  SimRecorder(const Config& config, bool records, std::stop_token stop);
  ~SimRecorder();
  SimRecorder(const SimRecorder&) = delete;
  SimRecorder& operator=(const SimRecorder&) = delete;

  // Written some hundred at a time. After the first failure nothing more is.
  void add(const std::string& project, std::vector<SimReading> readings);
  // Of a SIM of a provider whose profiles are polled (profiles.providers); what others say of theirs is not kept.
  void add_profile(const std::string& project, const Sim& sim, ProfileReading reading);

  // Writes what waits, and says on stderr what was not recorded and why. Returns the exit code: `so_far`, unless that
  // is `done` and something failed.
  ExitCode finish(ExitCode so_far);

 private:
  template <typename Write>
  void attempt(const std::string& project, const Write& write);
  void write_waiting(const std::string& project);

  const Config& config_;
  const bool records_;
  const std::stop_token stop_;
  std::unique_ptr<AlertService> alerts_;
  std::unique_ptr<StoreFactory> stores_;
  std::unique_ptr<InventoryStore> store_;
  std::map<std::string, std::vector<SimReading>> waiting_;  // by project
  std::optional<std::string> failure_;
  ExitCode failure_code_ = ExitCode::database;
  std::vector<std::string> rejected_;  // ids
};

}  // namespace simsync
