#include "daemon/service.h"

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "config/load_config.h"
#include "config/log.h"
#include "daemon/alerts/alert_service.h"
#include "daemon/config_change.h"
#include "daemon/http/monitoring.h"
#include "daemon/project_ids.h"
#include "daemon/projects.h"
#include "daemon/service_manager.h"
#include "daemon/status_teller.h"
#include "daemon/watchdog.h"
#include "storage/lease_store.h"
#include "storage/project_figures.h"
#include "sync/leases/lease_keeper.h"
#include "sync/pulse.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

// How long the loop of the leases may be silent, which comes round each second: some connections in turn to a database
// that is away, whose name servers may be as well.
constexpr std::chrono::minutes kLongestBeat{4};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Does what it is asked for on a thread of its own, once for all calls that came meanwhile.
class OnRequest {
 public:
  explicit OnRequest(std::function<void()> action)
      : thread_([this, action = std::move(action)](const std::stop_token& stop) {
          while (true) {
            {
              std::unique_lock lock{mutex_};
              if (!changed_.wait(lock, stop, [this] { return requested_; })) return;
              requested_ = false;
            }
            action();
          }
        }) {}

  void request() {
    const std::lock_guard lock{mutex_};
    requested_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool requested_ = false;  // guarded by mutex_
  std::jthread thread_;     // last: it uses what is above
};

class Service {
 public:
  Service(const Config& config, std::string config_file)
      : config_(config),
        config_file_(std::move(config_file)),
        monitoring_(config, [this] { return stuck_because(); }),
        alerts_(config, {&monitoring_.deliveries(), &monitoring_.database(), &pulses_}),
        keeper_(
            ids_of(config.projects),
            [this, url = config.database.url] { return open_postgres_lease_store(url, &monitoring_.database()); },
            {[this](const Lease& lease) { projects_.start(lease); },
             [this](const std::string& project) { projects_.stop(project); }},
            {}, pulses_.begin("leases", kLongestBeat)),
        projects_(
            config, alerts_.judge(), monitoring_, pulses_,
            [this](const std::string& project) { keeper_.ended(project); }, [this] { stopping_.request_stop(); }),
        status_(open_postgres_figures(config.database.url, &monitoring_.database()), ids_of(config.projects)),
        watchdog_(pulses_, service_manager::watchdog_interval()) {}

  // Blocks until stop.
  void run(Signals& signals) {
    const std::stop_callback pass_on{signals.stop_token(), [this] { stopping_.request_stop(); }};
    const std::stop_callback tell_of_stop{stopping_.get_token(), [] { service_manager::stopping(); }};
    const StopOnExit stop_on_exit{stopping_};
    alerts_.start();
    service_manager::ready();
    {
      OnRequest reloading{[this] { reload(); }};
      const HangupAction hangup{signals, [&reloading] { reloading.request(); }};
      keeper_.run(stopping_.get_token());
    }
    projects_.rethrow_failure();
    if (reload_failure_) std::rethrow_exception(reload_failure_);
  }

 private:
  // By who asks /healthz, who need not know what the projects are called; the log says which loop it is.
  [[nodiscard]] std::optional<std::string> stuck_because() const {
    const auto silence = pulses_.too_long(Pulses::Clock::now());
    if (!silence) return std::nullopt;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(silence->lasted);
    return "a loop has made no progress for " + std::to_string(seconds.count()) + " s; the log says which";
  }

  // All of it, or, where anything is wrong with it, nothing.
  void reload() {
    service_manager::reloading();
    try {
      const Config read = load_config(config_file_);
      const Config next = without_restart(config_, read);
      const auto alerts = AlertService::prepare(next);
      Projects::check(next);
      if (carry_out(next, alerts)) note_reload(read);
      config_ = next;
      status_.set_note({});
    } catch (const std::exception& error) {
      log::error("configuration refused, the one before stays in force", {{"error", error.what()}});
      monitoring_.refused_configuration();
      status_.set_note(std::string{"the changed configuration is refused: "} + error.what());
    }
    service_manager::ready();
  }

  // What can fail here is only what the machine has not got: memory, threads. Half a configuration is in force then,
  // and whoever restarts the service gets a whole one.
  bool carry_out(const Config& next, const std::shared_ptr<AlertService::Change>& alerts) noexcept {
    try {
      log::configure(next.log);
      monitoring_.reconfigure(next);
      projects_.reconfigure(next);
      keeper_.set_projects(ids_of(next.projects));
      status_.set_projects(ids_of(next.projects));
      alerts_.reconfigure(alerts);
      warn_of_unlikely_rules(next);
      return true;
    } catch (const std::exception& error) {
      log::error("configuration carried out in part, the service ends", {{"error", error.what()}});
      reload_failure_ = std::current_exception();
      stopping_.request_stop();
      return false;
    }
  }

  void note_reload(const Config& read) {
    const std::vector<std::string> sections = reloaded_sections(config_, read);
    log::info("configuration reloaded", {{"changed", sections.empty() ? "nothing" : joined(sections)}});
    const std::vector<std::string> late = keys_for_a_restart(config_, read);
    if (late.empty()) return;
    log::warning("changed keys that need a restart",
                 {{"keys", joined(late)}, {"advice", "until then they are as before: systemctl restart simsyncd"}});
  }

  Config config_;  // in force; of the thread that reloads
  const std::string config_file_;
  std::stop_source stopping_;
  std::exception_ptr reload_failure_;  // of the thread that reloads, until it has ended
  Pulses pulses_;
  Monitoring monitoring_;
  AlertService alerts_;
  LeaseKeeper keeper_;  // outlives the projects, whose threads tell it of their end
  Projects projects_;
  StatusTeller status_;
  Watchdog watchdog_;
};

}  // namespace

void run_service(const Config& config, const std::string& config_file, Signals& signals) {
  Service{config, config_file}.run(signals);
}

}  // namespace simsync
