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

LeaseKeeper::LeaseKeeper(const std::vector<std::string>& projects, StoreOpener open_store, Work work, Times times,
                         Pulse pulse)
    : open_store_(std::move(open_store)),
      work_(std::move(work)),
      times_(times),
      self_{new_holder(), this_host()},
      pulse_(std::move(pulse)),
      plan_(projects, self_.holder) {}

void LeaseKeeper::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_new_projects();
    beat();
    pulse_.beat();
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, times_.beat, [this] { return !ended_.empty() || new_projects_; });
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

void LeaseKeeper::set_projects(std::vector<std::string> projects) {
  const std::lock_guard lock{mutex_};
  new_projects_ = std::move(projects);
  changed_.notify_all();
}

void LeaseKeeper::take_new_projects() {
  std::optional<std::vector<std::string>> projects;
  {
    const std::lock_guard lock{mutex_};
    projects.swap(new_projects_);
  }
  if (!projects) return;
  for (const std::string& project : plan_.set_projects(*projects)) work_.stop(project);
}

void LeaseKeeper::beat() {
  release_what_ended();
  pulse_.beat();
  try {
    if (!store_) store_ = open_store_();
    const LeaseView view = store_->beat(self_, plan_.projects(), times_.lease);
    const LeasePlan::Decision decision = plan_.beat(view, has_ended);
    for (const std::string& project : decision.stop) {
      log::info("project is left to another simsyncd, or begun anew", {{"project", project}});
      work_.stop(project);
    }
    for (const LeaseRow& row : view.leases) note_where(row);
    take_some(decision.take);
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

// What is left is free at the next beat as well. Those held are prolonged by beats alone, so these must not wait for
// many projects, or some that are hindered.
void LeaseKeeper::take_some(const std::vector<LeasePlan::Take>& takes) {
  const auto begun = std::chrono::steady_clock::now();
  for (const LeasePlan::Take& one : takes) {
    take(one);
    pulse_.beat();
    if (std::chrono::steady_clock::now() - begun > times_.lease / 4) return;
  }
}

void LeaseKeeper::take(const LeasePlan::Take& take) {
  std::optional<Lease> lease;
  try {
    lease = store_->take(take.project, self_, times_.lease, take.dead_holder);
  } catch (const StorageError& error) {
    if (error.failure() != StorageFailure::conflict) throw;
    // Somebody's transaction on this project is in the way; the other projects need not wait for it.
    if (hindered_.insert(take.project).second) {
      log::warning("project cannot be taken yet, trying again", {{"project", take.project}, {"error", error.what()}});
    }
    return;
  }
  hindered_.erase(take.project);
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
    if (std::optional<Lease> lease = plan_.ended(project)) to_release_.push_back(std::move(*lease));
  }
  try {
    for (; !to_release_.empty(); to_release_.pop_back()) {
      if (!store_) store_ = open_store_();
      store_->release(to_release_.back());
    }
  } catch (const StorageError&) {
    store_.reset();  // tried again before the next beat, which would prolong it
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
  if (failures_ > 0) log::recovered("leases have their database again", {{"failed_calls", failures_}});
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
