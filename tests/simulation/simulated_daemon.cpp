#include "tests/simulation/simulated_daemon.h"

#include <exception>
#include <utility>

#include "daemon/alerts/dispatcher.h"
#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {

namespace {

// The rules, and whoever brings what they raise to the channels, as daemon/alerts/alert_service.cpp has them.
class WakingJudge : public AlertJudge {
 public:
  explicit WakingJudge(const AlertJudge& judge) : judge_(judge) {}

  void wakes(Dispatcher& dispatcher) { dispatcher_ = &dispatcher; }

  [[nodiscard]] bool wants_profiles() const override { return judge_.wants_profiles(); }
  [[nodiscard]] bool wants_sims() const override { return judge_.wants_sims(); }
  [[nodiscard]] std::vector<RaisedAlert> judge(const std::string& project,
                                               std::span<const RecordedChange> changes) const override {
    return judge_.judge(project, changes);
  }
  [[nodiscard]] std::vector<std::string> channels() const override { return judge_.channels(); }
  [[nodiscard]] std::chrono::milliseconds repeat_after() const override { return judge_.repeat_after(); }
  void committed() const override { dispatcher_->wake(); }

 private:
  const AlertJudge& judge_;
  Dispatcher* dispatcher_ = nullptr;
};

}  // namespace

class SimulatedDaemon::Process {
 public:
  explicit Process(const Surroundings& surroundings)
      : surroundings_(surroundings),
        judge_(surroundings.judge),
        dispatcher_(
            channels(), [this] { return make_simulated_alert_store(access()); }, dispatch_options()),
        keeper_(
            {surroundings.settings.project}, [this] { return make_simulated_lease_store(access()); },
            {[this](const Lease& lease) { begin(lease); }, [this](const std::string&) { work_.request_stop(); }}, {},
            pulses_.begin("leases", std::chrono::minutes{4})),
        main_([this](const std::stop_token& stop) { keeper_.run(stop); }) {
    judge_.wakes(dispatcher_);
  }

  void request_stop() { main_.request_stop(); }
  void sever() { line_.severed = true; }

 private:
  [[nodiscard]] StoreAccess access() const { return {surroundings_.tables, surroundings_.store_faults, line_}; }

  std::vector<DispatchedChannel> channels() {
    std::vector<DispatchedChannel> all;
    all.push_back({"ops", make_simulated_channel(surroundings_.receiver, line_)});
    return all;
  }

  DispatchOptions dispatch_options() {
    DispatchOptions options;
    options.projects = {surroundings_.settings.project};
    options.ask_every = std::chrono::seconds{30};
    options.pulses = &pulses_;
    return options;
  }

  void begin(const Lease& lease) {
    work_ = std::jthread{[this, lease](const std::stop_token& stop) {
      work(lease, stop);
      keeper_.ended(lease.project);
    }};
  }

  void work(const Lease& lease, const std::stop_token& stop) {
    const std::unique_ptr<StoreFactory> stores = make_simulated_stores(access(), lease, &judge_);
    const std::unique_ptr<SimApi> api = make_simulated_api(surroundings_.world, surroundings_.api_faults, line_);
    ProjectSync sync{surroundings_.settings, *api, *stores, &pulses_};
    try {
      sync.run(stop);
    } catch (const StorageError& error) {
      if (error.failure() != StorageFailure::lease_lost && !line_.severed && !stop.stop_requested()) throw;
    }
  }

  Surroundings surroundings_;
  Line line_;
  Pulses pulses_;
  WakingJudge judge_;
  Dispatcher dispatcher_;
  LeaseKeeper keeper_;
  std::jthread work_;
  std::jthread main_;
};

SimulatedDaemon::SimulatedDaemon(std::string name, const Surroundings& surroundings)
    : machine_(std::move(name)), surroundings_(surroundings) {}

SimulatedDaemon::~SimulatedDaemon() = default;

void SimulatedDaemon::start() {
  Machine* const before = move_to(&machine_);
  process_ = std::make_unique<Process>(surroundings_);
  move_to(before);
}

Nanoseconds SimulatedDaemon::stop() {
  const Nanoseconds begun = now();
  process_->request_stop();
  process_.reset();
  return now() - begun;
}

void SimulatedDaemon::kill() {
  machine_.freeze_until(Nanoseconds{0});
  process_->sever();
  process_->request_stop();
  process_.reset();
}

}  // namespace simsync::simulation
