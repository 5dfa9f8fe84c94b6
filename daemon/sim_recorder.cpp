#include "daemon/sim_recorder.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>

#include "config/load_config.h"
#include "config/printable.h"
#include "daemon/alerts/alert_service.h"
#include "storage/migrator.h"
#include "storage/postgres_inventory.h"
#include "sync/patience.h"

namespace simsync {
namespace {

constexpr std::size_t kBatch = 1000;

void say(const std::string& what) {
  std::cerr << "simsyncd: " << printable(what) << '\n';
}

}  // namespace

SimRecorder::SimRecorder(const Config& config, bool records, std::stop_token stop)
    : config_(config), records_(records), stop_(std::move(stop)) {}

SimRecorder::~SimRecorder() = default;

// Connects with the first that there is to write.
template <typename Write>
void SimRecorder::attempt(const std::string& project, const Write& write) {
  if (!records_ || failure_) return;
  try {
    if (!store_) {
      require_current_schema(config_.database.url);
      alerts_ = std::make_unique<AlertService>(config_);
      stores_ = make_postgres_store_factory(config_.database.url, &alerts_->judge());
      store_ = stores_->open();
    }
    // The service may be writing for the same project.
    StorageRetry retry{Patience::none, project, StorageRetry::Worth::conflicts};
    const ApplyResult result = retry(stop_, write);
    rejected_.insert(rejected_.end(), result.rejected.begin(), result.rejected.end());
  } catch (const StorageError& error) {
    failure_ = error.what();
  } catch (const ConfigError& error) {  // of a channel of the alerts
    failure_ = error.what();
    failure_code_ = ExitCode::usage;
  }
}

void SimRecorder::add(const std::string& project, std::vector<SimReading> readings) {
  if (!records_ || failure_) return;
  std::vector<SimReading>& waiting = waiting_[project];
  waiting.insert(waiting.end(), std::make_move_iterator(readings.begin()), std::make_move_iterator(readings.end()));
  if (waiting.size() >= kBatch) write_waiting(project);
}

void SimRecorder::write_waiting(const std::string& project) {
  const std::vector<SimReading> readings = std::exchange(waiting_[project], {});
  if (!readings.empty()) attempt(project, [&] { return store_->apply(project, readings); });
}

void SimRecorder::add_profile(const std::string& project, const Sim& sim, ProfileReading reading) {
  if (std::ranges::count(config_.profiles.providers, sim.provider) == 0) return;
  // The alerts of a transition look at the SIM.
  write_waiting(project);
  attempt(project, [&] { return store_->apply_profiles(project, {reading}); });
}

ExitCode SimRecorder::finish(ExitCode so_far) {
  for (auto& [project, readings] : waiting_) write_waiting(project);
  if (!rejected_.empty()) {
    say("not recorded: SIM " + rejected_.front() +
        (rejected_.size() == 1 ? "" : " and " + std::to_string(rejected_.size() - 1) + " more") + ", " + kUnfit);
    if (so_far == ExitCode::done) so_far = ExitCode::failed;
  }
  if (failure_) {
    say("not recorded: " + *failure_);
    if (so_far == ExitCode::done) so_far = failure_code_;
  }
  return so_far;
}

}  // namespace simsync
