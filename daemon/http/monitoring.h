// How the running service is watched from outside: it counts, and serves /metrics, /healthz, /readyz and a status page
// where http.listen says. Nothing of it waits for the database, and nothing of the service waits for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/alerts/dispatcher.h"
#include "storage/store_observer.h"
#include "sync/api/api_observer.h"

namespace simsync {

// What hears of one project's work, as long as this daemon has it. Its metrics are gone with it.
class WorkObserver {
 public:
  virtual ~WorkObserver() = default;
  [[nodiscard]] virtual ApiObserver& api() = 0;
  [[nodiscard]] virtual StoreObserver& store() = 0;
};

class Monitoring {
 public:
  // Why the process does not get on with its work, in one line; none: it does. Called from the listener's thread, and
  // must not block.
  using StuckBecause = std::function<std::optional<std::string>()>;

  // Binds http.listen and serves from now on, unless it is off; `stuck`, where there is one, answers /healthz. Throws
  // ConfigError where that address cannot be right, std::runtime_error where it cannot be had at present.
  explicit Monitoring(const Config& config, StuckBecause stuck = {});
  // Ends within a second, unless the database takes longer to answer what it was just asked.
  ~Monitoring();
  Monitoring(const Monitoring&) = delete;
  Monitoring& operator=(const Monitoring&) = delete;

  // Other projects, intervals and channels from now on. Where it listens and with which token stays as it was. Safe
  // from any thread.
  void reconfigure(const Config& config);

  // A configuration that was read anew was refused. That reconfigure() was called says that one was good.
  void refused_configuration();

  // The observers live as long as this; that of a project's work must be gone before. Safe from any thread.
  [[nodiscard]] SessionObserver& database();
  [[nodiscard]] DeliveryObserver& deliveries();
  std::unique_ptr<WorkObserver> work_on(const std::string& project);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace simsync
