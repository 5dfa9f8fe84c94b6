#include "daemon/http/monitoring.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "config/log.h"
#include "daemon/http/figures_watch.h"
#include "daemon/http/listener.h"
#include "daemon/http/metrics.h"
#include "daemon/http/readiness.h"
#include "daemon/http/site.h"
#include "daemon/http/status_page.h"
#include "daemon/project_ids.h"
#include "daemon/version.h"
#include "sync/process_identity.h"

namespace simsync {
namespace {

// What the configuration says that can change while it serves.
struct Watched {
  std::vector<std::string> projects;
  std::chrono::milliseconds walk_interval{};
};

Watched watched(const Config& config) {
  return {ids_of(config.projects), config.walk.interval};
}

std::vector<std::string> channels(const Config& config) {
  std::vector<std::string> names;
  for (const AlertChannelConfig& channel : config.alerts.channels) names.push_back(channel.name);
  return names;
}

// Well within the time after which a project counts as late.
std::chrono::milliseconds look_every(std::chrono::milliseconds walk_interval) {
  return std::clamp<std::chrono::milliseconds>(walk_interval / 2, std::chrono::milliseconds{500},
                                               std::chrono::seconds{5});
}

class SharedWork final : public WorkObserver {
 public:
  explicit SharedWork(std::shared_ptr<ProjectMetrics> metrics) : metrics_(std::move(metrics)) {}
  ApiObserver& api() override { return *metrics_; }
  StoreObserver& store() override { return *metrics_; }

 private:
  std::shared_ptr<ProjectMetrics> metrics_;
};

}  // namespace

class Monitoring::Parts {
 public:
  Parts(const Config& config, StuckBecause stuck) : watched_(watched(config)) {
    metrics_.set_channels(channels(config));
    if (config.http.listen.empty()) return;
    // Bound first: an address that cannot be had ends the start before anything else has begun.
    socket_ = std::make_unique<ListenSocket>(config.http.listen);
    figures_ = std::make_unique<FiguresWatch>(
        [this, url = config.database.url] { return open_postgres_figures(url, &metrics_); }, watched_.projects,
        look_every(watched_.walk_interval));
    auto messages =
        std::make_shared<HttpMessages>([site = std::make_shared<Site>(content(std::move(stuck)), config.http.token)](
                                           const HttpQuestion& question) { return site->answer(question); });
    listener_ = std::make_unique<Listener>(*socket_,
                                           [messages](std::string_view request) { return messages->answer(request); });
    log::info("http listens", {{"address", socket_->address()}});
  }

  void reconfigure(const Config& config) {
    metrics_.note_configuration(true);
    metrics_.set_channels(channels(config));
    Watched now = watched(config);
    if (figures_) figures_->watch(now.projects);
    const std::lock_guard lock{mutex_};
    watched_ = std::move(now);
  }

  Metrics& metrics() { return metrics_; }

 private:
  SiteContent content(StuckBecause stuck) {
    return {.metrics =
                [this] {
                  const Watched now = present();
                  return metrics_.text(*figures_->latest(), now.projects, now.walk_interval);
                },
            .page = [this] { return page(); },
            .unready = [this] { return unready(*figures_->latest(), present()); },
            .stuck = stuck ? std::move(stuck) : [] { return std::optional<std::string>{}; },
            .page_policy = status_page_policy()};
  }

  std::string page() {
    const std::shared_ptr<const Figures> figures = figures_->latest();
    const Watched now = present();
    return status_page(*figures, {now.projects, now.walk_interval, this_host(), kVersion, unready(*figures, now)},
                       wall_clock());
  }

  static std::vector<std::string> unready(const Figures& figures, const Watched& now) {
    return unready_because(figures, now.projects, now.walk_interval, wall_clock());
  }

  Watched present() {
    const std::lock_guard lock{mutex_};
    return watched_;
  }

  Metrics metrics_;
  std::mutex mutex_;
  Watched watched_;  // guarded by mutex_
  std::unique_ptr<ListenSocket> socket_;
  std::unique_ptr<FiguresWatch> figures_;
  std::unique_ptr<Listener> listener_;  // last: it uses all of the above
};

Monitoring::Monitoring(const Config& config, StuckBecause stuck)
    : parts_(std::make_unique<Parts>(config, std::move(stuck))) {}
Monitoring::~Monitoring() = default;

void Monitoring::reconfigure(const Config& config) {
  parts_->reconfigure(config);
}

void Monitoring::refused_configuration() {
  parts_->metrics().note_configuration(false);
}

SessionObserver& Monitoring::database() {
  return parts_->metrics();
}

DeliveryObserver& Monitoring::deliveries() {
  return parts_->metrics();
}

std::unique_ptr<WorkObserver> Monitoring::work_on(const std::string& project) {
  return std::make_unique<SharedWork>(parts_->metrics().work_on(project));
}

}  // namespace simsync
