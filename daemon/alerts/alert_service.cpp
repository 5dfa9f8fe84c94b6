#include "daemon/alerts/alert_service.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
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

namespace simsync {
namespace {

// Rules that wake the dispatcher, once there is one.
class WakingRules final : public AlertRules {
 public:
  explicit WakingRules(const AlertsConfig& config) : AlertRules(config) {}

  void committed() const override {
    const std::lock_guard lock{mutex_};
    if (dispatcher_ != nullptr) dispatcher_->wake();
  }

  void wake(Dispatcher* dispatcher) {
    const std::lock_guard lock{mutex_};
    dispatcher_ = dispatcher;
  }

 private:
  mutable std::mutex mutex_;
  Dispatcher* dispatcher_ = nullptr;
};

// Looks at what lasts, on a thread of its own: a slow question holds up neither the sync nor a channel.
class WatchThread {
 public:
  WatchThread(const Config& config, std::vector<std::string> projects, const AlertJudge& judge)
      : config_(config),
        projects_(std::move(projects)),
        judge_(judge),
        conditions_(open_postgres_alert_conditions(config.database.url)),
        store_(open_postgres_alert_store(config.database.url)),
        watch_(config.alerts, projects_, *conditions_, *store_) {}

  void start() {
    thread_ = std::jthread{[this](const std::stop_token& stop) {
      while (!stop.stop_requested()) wait(look(), stop);
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
      if (failures_ > 0) log::info("alert conditions are looked at again", {{"failed_calls", failures_}});
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

  void wait(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, time, [] { return false; });
  }

  const Config& config_;
  std::vector<std::string> projects_;
  const AlertJudge& judge_;
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

class AlertService::Parts {
 public:
  explicit Parts(const Config& config) : config_(config), rules_(config.alerts) {
    for (const ProjectConfig& project : config.projects) projects_.push_back(project.id);
    make_channels();
  }
  ~Parts() { rules_.wake(nullptr); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  [[nodiscard]] const AlertJudge& judge() const { return rules_; }

  void start() {
    dispatch(false);
    watch_ = std::make_unique<WatchThread>(config_, projects_, rules_);
    watch_->start();
  }

  void deliver_now(const std::stop_token& stop) {
    WatchThread{config_, projects_, rules_}.look();
    dispatch(true);
    dispatcher_->finish(stop);
  }

 private:
  void make_channels() {
    for (const AlertChannelConfig& channel : config_.alerts.channels) {
      try {
        channels_.push_back({channel.name, make_alert_channel(channel, config_.alerts.repeat_after), channel.timeout});
      } catch (const std::invalid_argument& error) {
        throw ConfigError("alerts.channels." + channel.name + ": " + error.what());
      }
    }
  }

  void dispatch(bool once) {
    DispatchOptions options;
    options.projects = projects_;
    options.group_wait = once ? Milliseconds{0} : config_.alerts.group_wait;
    options.once = once;
    dispatcher_ = std::make_unique<Dispatcher>(
        std::move(channels_), [url = config_.database.url] { return open_postgres_alert_store(url); }, options);
    rules_.wake(dispatcher_.get());
  }

  const Config& config_;
  std::vector<std::string> projects_;
  WakingRules rules_;
  std::vector<DispatchedChannel> channels_;  // until they are dispatched
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<WatchThread> watch_;
};

AlertService::AlertService(const Config& config) : parts_(std::make_unique<Parts>(config)) {}
AlertService::~AlertService() = default;

const AlertJudge& AlertService::judge() const {
  return parts_->judge();
}

void AlertService::start() {
  parts_->start();
}

void AlertService::deliver_now(const std::stop_token& stop) {
  parts_->deliver_now(stop);
}

}  // namespace simsync
