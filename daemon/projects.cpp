#include "daemon/projects.h"

#include <algorithm>
#include <utility>

#include "config/log.h"
#include "daemon/http/monitoring.h"
#include "storage/postgres_inventory.h"
#include "sync/api/http_sim_api.h"
#include "sync/api/replaceable_sim_api.h"
#include "sync/project_sync.h"

namespace simsync {
namespace {

SyncSettings settings_of(const Config& config, const std::string& project) {
  SyncSettings settings;
  settings.project = project;
  settings.walk = config.walk;
  settings.profiles = config.profiles;
  settings.poll_workers = config.api.connections;
  settings.requests_per_second = config.api.requests_per_second;
  settings.history = config.history;
  settings.longest_call = longest_call(config.api);
  return settings;
}

// Of calls to the API: what the longest may take, and as much again for a machine that is slow.
std::chrono::milliseconds longest_silence(const ApiConfig& api) {
  return 2 * longest_call(api);
}

const ProjectConfig* project_of(const Config& config, const std::string& id) {
  const auto found = std::ranges::find(config.projects, id, &ProjectConfig::id);
  return found == config.projects.end() ? nullptr : &*found;
}

}  // namespace

// Takes a project out of at_work_ at the end of a scope.
class Projects::LeavesWork {
 public:
  LeavesWork(Projects& projects, const std::string& project) : projects_(projects), project_(project) {}
  ~LeavesWork() {
    const std::lock_guard lock{projects_.mutex_};
    projects_.at_work_.erase(project_);
  }
  LeavesWork(const LeavesWork&) = delete;
  LeavesWork& operator=(const LeavesWork&) = delete;

 private:
  Projects& projects_;
  const std::string& project_;
};

Projects::Projects(const Config& config, const AlertJudge& judge, Monitoring& monitoring, Pulses& pulses, Ended ended,
                   Failed failed)
    : judge_(judge),
      monitoring_(monitoring),
      pulses_(pulses),
      ended_(std::move(ended)),
      failed_(std::move(failed)),
      config_(config) {}

Projects::~Projects() = default;

void Projects::start(const Lease& lease) {
  // The one before has ended, or it would not be started anew.
  threads_[lease.project] = std::jthread{[this, lease](const std::stop_token& stop) {
    work(lease, stop);
    ended_(lease.project);
  }};
}

void Projects::stop(const std::string& project) {
  threads_.at(project).request_stop();
}

void Projects::check(const Config& config) {
  for (const ProjectConfig& project : config.projects) make_http_sim_api(config.api, project);
}

void Projects::reconfigure(const Config& config) {
  const std::lock_guard lock{mutex_};
  for (const auto& [id, work] : at_work_) {
    const ProjectConfig* project = project_of(config, id);
    if (project == nullptr) continue;  // it is about to be stopped
    // Calls under way may go by the old limits.
    work.calls.allow(std::max(longest_silence(config_.api), longest_silence(config.api)));
    const ProjectConfig* before = project_of(config_, id);
    if (before == nullptr || *before != *project || config_.api != config.api) {
      work.api->replace(make_http_sim_api(config.api, *project, {.observer = &work.observer->api()}));
    }
    work.sync->reconfigure(settings_of(config, id));
  }
  config_ = config;
}

void Projects::rethrow_failure() {
  const std::lock_guard lock{mutex_};
  if (failure_) std::rethrow_exception(failure_);
}

void Projects::work(const Lease& lease, const std::stop_token& stop) {
  try {
    sync_until(lease, stop);
  } catch (const StorageError& error) {
    if (error.failure() == StorageFailure::lease_lost) {
      log::warning("project lost", {{"project", lease.project}, {"error", error.what()}});
    } else {
      fail(lease.project);
    }
  } catch (...) {
    fail(lease.project);
  }
}

void Projects::sync_until(const Lease& lease, const std::stop_token& stop) {
  const std::unique_ptr<WorkObserver> observer = monitoring_.work_on(lease.project);
  std::unique_ptr<StoreFactory> stores;
  std::unique_ptr<ReplaceableSimApi> api;
  std::unique_ptr<ProjectSync> sync;
  {
    const std::lock_guard lock{mutex_};
    const ProjectConfig* project = project_of(config_, lease.project);
    if (project == nullptr) return;
    stores = make_postgres_store_factory(config_.database.url, &judge_, lease, &observer->store());
    const Pulse calls = pulses_.begin("calls to the API for " + lease.project, longest_silence(config_.api));
    api = std::make_unique<ReplaceableSimApi>(make_http_sim_api(config_.api, *project, {.observer = &observer->api()}),
                                              calls);
    sync = std::make_unique<ProjectSync>(settings_of(config_, project->id), *api, *stores, &pulses_);
    at_work_[lease.project] = {sync.get(), api.get(), observer.get(), calls};
  }
  const LeavesWork leaves{*this, lease.project};  // before what is named there is gone, however that comes about
  sync->run(stop);
}

void Projects::fail(const std::string& project) {
  log::error("project ended", {{"project", project}});
  {
    const std::lock_guard lock{mutex_};
    if (!failure_) failure_ = std::current_exception();
  }
  failed_();
}

}  // namespace simsync
