#include "daemon/alerts/alert_service.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>

#include "config/load_config.h"
#include "config/log.h"
#include "daemon/alerts/alert_rules.h"
#include "daemon/alerts/channel_factory.h"
#include "daemon/alerts/condition_watch.h"
#include "daemon/alerts/dispatcher.h"
#include "daemon/alerts/unlikely_rules.h"
#include "daemon/project_ids.h"
#include "sync/pulse.h"

namespace simsync {
namespace {

// The rules as they are at present, which wake the dispatcher once there is one.
class PresentRules final : public AlertJudge {
 public:
  explicit PresentRules(const AlertsConfig& config) { replace(config); }

  void replace(const AlertsConfig& config) {
    auto rules = std::make_shared<const AlertRules>(config);
    const std::lock_guard lock{mutex_};
    rules_ = std::move(rules);
  }

  [[nodiscard]] bool wants_profiles() const override { return rules()->wants_profiles(); }
  [[nodiscard]] bool wants_sims() const override { return rules()->wants_sims(); }
  [[nodiscard]] std::vector<RaisedAlert> judge(const std::string& project,
                                               std::span<const RecordedChange> changes) const override {
    return rules()->judge(project, changes);
  }
  [[nodiscard]] std::vector<std::string> channels() const override { return rules()->channels(); }
  [[nodiscard]] std::chrono::milliseconds repeat_after() const override { return rules()->repeat_after(); }

  void committed() const override {
    const std::lock_guard lock{mutex_};
    if (dispatcher_ != nullptr) dispatcher_->wake();
  }

  void wake(Dispatcher* dispatcher) {
    const std::lock_guard lock{mutex_};
    dispatcher_ = dispatcher;
  }

 private:
  [[nodiscard]] std::shared_ptr<const AlertRules> rules() const {
    const std::lock_guard lock{mutex_};
    return rules_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const AlertRules> rules_;
  Dispatcher* dispatcher_ = nullptr;
};

// Looks at what lasts, on a thread of its own: a slow question holds up neither the sync nor a channel.
class WatchThread {
 public:
  WatchThread(const Config& config, const AlertJudge& judge, const AlertObservers& observers)
      : judge_(judge),
        pulse_(observers.pulses == nullptr ? Pulse{} : observers.pulses->begin("alert conditions", kLongestLook)),
        conditions_(open_postgres_alert_conditions(config.database.url, observers.database)),
        store_(open_postgres_alert_store(config.database.url, observers.database)),
        watch_(config.alerts, ids_of(config.projects), *conditions_, *store_) {}

  void start() {
    thread_ = std::jthread{[this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pulse_.beat();
        const std::chrono::milliseconds until_next = look();
        pulse_.rest();
        wait(until_next, stop);
      }
    }};
  }

  // Returns how long to wait for the next.
  std::chrono::milliseconds look() {
    constexpr std::chrono::milliseconds kNothingToDo = std::chrono::hours{1};
    try {
      const std::uint64_t news = watch_.news();
      if (!begun_) watch_.begin(wall_clock());
      begun_ = true;
      const std::optional<TimePoint> next = watch_.look(wall_clock());
      if (watch_.news() != news) judge_.committed();
      if (failures_ > 0) log::recovered("alert conditions are looked at again", {{"failed_calls", failures_}});
      failures_ = 0;
      if (!next) return kNothingToDo;
      return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*next - wall_clock()), kShortest, kNothingToDo);
    } catch (const std::exception& error) {
      if (++failures_ == 1) log::warning("alert conditions cannot be looked at", {{"error", error.what()}});
      return std::chrono::seconds{std::min(failures_, 5U)};
    }
  }

 private:
  static constexpr std::chrono::milliseconds kShortest{50};
  static constexpr std::chrono::hours kLongestLook{1};  // all rules, some minutes each at the worst

  void wait(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, time, [] { return false; });
  }

  const AlertJudge& judge_;
  const Pulse pulse_;
  std::unique_ptr<AlertConditions> conditions_;
  std::unique_ptr<AlertStore> store_;
  ConditionWatch watch_;
  bool begun_ = false;
  unsigned failures_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

void warn_of_unlikely_rules(const Config& config) {
  for (const UnlikelyRule& unlikely : unlikely_rules(config)) {
    log::warning("alert rule can never match", {{"rule", unlikely.rule}, {"why", unlikely.why}});
  }
}

struct AlertService::Change {
  Config config;
  std::vector<DispatchedChannel> channels;
};

class AlertService::Parts {
 public:
  Parts(const Config& config, AlertObservers observers)
      : config_(config), observers_(observers), rules_(config.alerts), channels_(channels_of(config)) {}
  ~Parts() { rules_.wake(nullptr); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  [[nodiscard]] const AlertJudge& judge() const { return rules_; }

  void start() {
    dispatch(false);
    watch();
  }

  void deliver_now(const std::stop_token& stop) {
    WatchThread{config_, rules_, {observers_.deliveries, observers_.database, nullptr}}.look();
    dispatch(true);
    dispatcher_->finish(stop);
  }

  static std::vector<DispatchedChannel> channels_of(const Config& config) {
    std::vector<DispatchedChannel> channels;
    for (const AlertChannelConfig& channel : config.alerts.channels) {
      try {
        channels.push_back({channel.name, make_alert_channel(channel, config.alerts.repeat_after), channel.timeout});
      } catch (const std::invalid_argument& error) {
        throw ConfigError("alerts.channels." + channel.name + ": " + error.what());
      }
    }
    return channels;
  }

  // What is under way with a channel is given back to the outbox, and goes on with the new one.
  void reconfigure(Change change) {
    const AlertsConfig& alerts = change.config.alerts;
    const bool projects_differ = ids_of(change.config.projects) != ids_of(config_.projects);
    const bool watched_differs = alerts.rules != config_.alerts.rules || projects_differ;
    const bool channels_differ = alerts.channels != config_.alerts.channels || projects_differ ||
                                 alerts.group_wait != config_.alerts.group_wait ||
                                 alerts.repeat_after != config_.alerts.repeat_after || dispatcher_->any_switched_off();
    rules_.replace(change.config.alerts);
    config_ = std::move(change.config);
    if (channels_differ) {
      channels_ = std::move(change.channels);
      rules_.wake(nullptr);
      dispatcher_.reset();
      dispatch(false);
    }
    if (watched_differs) watch();
  }

 private:
  void watch() {
    watch_.reset();
    watch_ = std::make_unique<WatchThread>(config_, rules_, observers_);
    watch_->start();
  }

  void dispatch(bool once) {
    DispatchOptions options;
    options.projects = ids_of(config_.projects);
    options.group_wait = once ? Milliseconds{0} : config_.alerts.group_wait;
    options.once = once;
    options.observer = observers_.deliveries;
    if (!once) options.pulses = observers_.pulses;
    dispatcher_ = std::make_unique<Dispatcher>(
        std::move(channels_),
        [url = config_.database.url, observer = observers_.database] {
          return open_postgres_alert_store(url, observer);
        },
        options);
    rules_.wake(dispatcher_.get());
  }

  Config config_;
  const AlertObservers observers_;
  PresentRules rules_;
  std::vector<DispatchedChannel> channels_;  // until they are dispatched
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<WatchThread> watch_;
};

AlertService::AlertService(const Config& config, AlertObservers observers)
    : parts_(std::make_unique<Parts>(config, observers)) {}
AlertService::~AlertService() = default;

const AlertJudge& AlertService::judge() const {
  return parts_->judge();
}

void AlertService::start() {
  parts_->start();
}

std::shared_ptr<AlertService::Change> AlertService::prepare(const Config& config) {
  return std::make_shared<Change>(Change{config, Parts::channels_of(config)});
}

void AlertService::reconfigure(const std::shared_ptr<Change>& change) {
  parts_->reconfigure(std::move(*change));
}

void AlertService::deliver_now(const std::stop_token& stop) {
  parts_->deliver_now(stop);
}

}  // namespace simsync
