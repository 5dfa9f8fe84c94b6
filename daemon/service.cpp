#include "daemon/service.h"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "config/log.h"
#include "storage/postgres_inventory.h"
#include "sync/api/http_sim_api.h"
#include "sync/project_sync.h"

namespace simsync {

void run_projects(const Config& config, std::stop_token stop) {
  const std::unique_ptr<StoreFactory> stores = make_postgres_store_factory(config.database.url);
  std::stop_source stopping;
  const std::stop_callback pass_on{stop, [&stopping] { stopping.request_stop(); }};
  std::mutex mutex;
  std::exception_ptr failure;
  {
    std::vector<std::jthread> projects;
    for (const ProjectConfig& project : config.projects) {
      projects.emplace_back([&] {
        try {
          const std::unique_ptr<SimApi> api = make_http_sim_api(config.api, project);
          ProjectSync{{project.id, config.walk, config.profiles, config.api.connections, config.api.requests_per_second,
                       Compare::changes, config.history},
                      *api,
                      *stores}
              .run(stopping.get_token());
        } catch (...) {
          log::error("project ended", {{"project", project.id}});
          const std::lock_guard lock{mutex};
          if (!failure) failure = std::current_exception();
          stopping.request_stop();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace simsync
