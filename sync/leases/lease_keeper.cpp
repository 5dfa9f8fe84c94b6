#include "sync/leases/lease_keeper.h"

#include <random>
#include <utility>

#include "config/log.h"
#include "sync/process_identity.h"

namespace simsync {
namespace {

// Where the machine hides what tells processes apart, the number alone does.
std::string new_holder() {
  std::random_device random;
  return this_process() + ' ' + std::to_string(random()) + std::to_string(random());
}

bool has_ended(const std::string& holder) {
  return still_runs(holder) == std::optional{false};
}

}  // namespace

LeaseKeeper::LeaseKeeper(std::vector<std::string> projects, StoreOpener open_store, Work work, Times times)
    : projects_(std::move(projects)),
      open_store_(std::move(open_store)),
      work_(std::move(work)),
      times_(times),
      self_{new_holder(), this_host()},
      plan_(projects_, self_.holder) {}

void LeaseKeeper::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    beat();
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, times_.beat, [this] { return !ended_.empty(); });
  }
  for (const std::string& project : plan_.stop_all()) work_.stop(project);
  while (!plan_.idle()) {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !ended_.empty(); });
    }
    release_what_ended();
  }
  leave();
}

void LeaseKeeper::ended(const std::string& project) {
  const std::lock_guard lock{mutex_};
  ended_.insert(project);
  changed_.notify_all();
}

void LeaseKeeper::beat() {
  release_what_ended();
  try {
    if (!store_) store_ = open_store_();
    const LeaseView view = store_->beat(self_, projects_, times_.lease);
    const LeasePlan::Decision decision = plan_.beat(view, has_ended);
    for (const std::string& project : decision.stop) {
      log::info("project is left to another simsyncd, or begun anew", {{"project", project}});
      work_.stop(project);
    }
    for (const LeaseRow& row : view.leases) note_where(row);
    for (const LeasePlan::Take& one : decision.take) take(one);
    note_success();
  } catch (const StorageError& error) {
    if (!error.retryable()) {
      for (const std::string& project : plan_.stop_all()) work_.stop(project);
      throw;
    }
    store_.reset();
    note_failure(error);
  }
}

void LeaseKeeper::take(const LeasePlan::Take& take) {
  const std::optional<Lease> lease = store_->take(take.project, self_, times_.lease, take.dead_holder);
  if (!lease) return;
  plan_.taken(*lease);
  log::info("project taken", {{"project", lease->project}, {"epoch", lease->epoch}});
  work_.start(*lease);
}

void LeaseKeeper::release_what_ended() {
  std::set<std::string> projects;
  {
    const std::lock_guard lock{mutex_};
    projects.swap(ended_);
  }
  for (const std::string& project : projects) {
    const std::optional<Lease> lease = plan_.ended(project);
    try {
      if (!store_) store_ = open_store_();
      if (lease) store_->release(*lease);
    } catch (const StorageError&) {
      store_.reset();  // it expires by itself
    }
  }
}

void LeaseKeeper::note_where(const LeaseRow& row) {
  const bool elsewhere = row.holder != self_.holder && row.expires_in.count() > 0;
  std::string& known = elsewhere_[row.project];
  if (elsewhere && known != row.host) {
    log::info("project is worked on by another simsyncd", {{"project", row.project}, {"host", row.host}});
  }
  known = elsewhere ? row.host : "";
}

void LeaseKeeper::note_failure(const StorageError& error) {
  if (++failures_ == 1) log::warning("leases wait for the database", {{"error", error.what()}});
}

void LeaseKeeper::note_success() {
  if (failures_ > 0) log::info("leases have their database again", {{"failed_calls", failures_}});
  failures_ = 0;
}

void LeaseKeeper::leave() {
  try {
    if (store_) store_->leave(self_);
  } catch (const StorageError&) {
    // The others see soon enough that it is silent.
  }
}

}  // namespace simsync
