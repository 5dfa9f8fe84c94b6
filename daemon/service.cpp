#include "daemon/service.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "config/log.h"
#include "daemon/alerts/alert_service.h"
#include "daemon/service_manager.h"
#include "daemon/status_line.h"
#include "storage/lease_store.h"
#include "storage/postgres_inventory.h"
#include "storage/project_figures.h"
#include "sync/api/http_sim_api.h"
#include "sync/leases/lease_keeper.h"
#include "sync/process_identity.h"
#include "sync/project_sync.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

// The work on the projects that this daemon has: a thread for each.
class Projects {
 public:
  using Ended = std::function<void(const std::string& project)>;
  using Failed = std::function<void()>;

  // `ended` and `failed` are called from the threads of the projects: `ended` each time one ends, `failed` before that
  // where it failed for good.
  Projects(const Config& config, const AlertJudge& judge, Ended ended, Failed failed)
      : config_(config), judge_(judge), ended_(std::move(ended)), failed_(std::move(failed)) {}

  void start(const Lease& lease) {
    // The one before has ended, or it would not be started anew.
    threads_[lease.project] = std::jthread{[this, lease](const std::stop_token& stop) {
      work(lease, stop);
      ended_(lease.project);
    }};
  }
  void stop(const std::string& project) { threads_.at(project).request_stop(); }

  void rethrow_failure() {
    const std::lock_guard lock{mutex_};
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work(const Lease& lease, const std::stop_token& stop) {
    try {
      const ProjectConfig& project = *std::ranges::find(config_.projects, lease.project, &ProjectConfig::id);
      const std::unique_ptr<StoreFactory> stores = make_postgres_store_factory(config_.database.url, &judge_, lease);
      const std::unique_ptr<SimApi> api = make_http_sim_api(config_.api, project);
      ProjectSync{{project.id, config_.walk, config_.profiles, config_.api.connections, config_.api.requests_per_second,
                   Compare::changes, config_.history},
                  *api,
                  *stores}
          .run(stop);
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

  void fail(const std::string& project) {
    log::error("project ended", {{"project", project}});
    {
      const std::lock_guard lock{mutex_};
      if (!failure_) failure_ = std::current_exception();
    }
    failed_();
  }

  const Config& config_;
  const AlertJudge& judge_;
  const Ended ended_;
  const Failed failed_;
  std::mutex mutex_;
  std::exception_ptr failure_;                   // guarded by mutex_
  std::map<std::string, std::jthread> threads_;  // last: they use all of the above
};

// Tells systemd the present figures. On a thread of its own: a database that is slow delays nothing else.
class StatusTeller {
 public:
  StatusTeller(const Config& config, std::vector<std::string> projects)
      : figures_(open_postgres_figures(config.database.url)),
        projects_(std::move(projects)),
        thread_([this](const std::stop_token& stop) {
          do tell();
          while (sleep_for(kPause, stop));
        }) {}

 private:
  static constexpr std::chrono::seconds kPause{15};

  void tell() {
    try {
      service_manager::status(status_line(figures_->read(projects_), this_host(), wall_clock()));
    } catch (const StorageError& error) {
      service_manager::status(std::string{"waits for the database: "} + error.what());
    }
  }

  std::unique_ptr<FiguresReader> figures_;
  const std::vector<std::string> projects_;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace

void run_projects(const Config& config, std::stop_token stop) {
  AlertService alerts{config};
  alerts.start();
  std::stop_source stopping;
  const std::stop_callback pass_on{stop, [&stopping] { stopping.request_stop(); }};
  std::vector<std::string> ids;
  for (const ProjectConfig& project : config.projects) ids.push_back(project.id);
  std::unique_ptr<LeaseKeeper> keeper;
  Projects projects{config, alerts.judge(), [&](const std::string& project) { keeper->ended(project); },
                    [&] { stopping.request_stop(); }};
  keeper = std::make_unique<LeaseKeeper>(
      ids, [&] { return open_postgres_lease_store(config.database.url); },
      LeaseKeeper::Work{[&](const Lease& lease) { projects.start(lease); },
                        [&](const std::string& project) { projects.stop(project); }});
  const std::stop_callback tell_of_stop{stopping.get_token(), [] { service_manager::stopping(); }};
  const StatusTeller status{config, ids};
  service_manager::ready();
  keeper->run(stopping.get_token());
  projects.rethrow_failure();
}

}  // namespace simsync
