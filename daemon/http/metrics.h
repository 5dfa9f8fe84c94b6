// All metrics of docs/metrics.md and nothing else: what is counted as it happens, and what the database last said.
// Private to daemon/http.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alerts/dispatcher.h"
#include "daemon/http/figures_watch.h"
#include "daemon/http/label_values.h"
#include "daemon/http/metric_families.h"
#include "daemon/http/project_metrics.h"

namespace simsync {

// Safe from any thread.
class Metrics final : public SessionObserver, public DeliveryObserver {
 public:
  Metrics();
  ~Metrics() override = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The results of these channels are there from now on, those of all others no more.
  void set_channels(const std::vector<std::string>& channels);

  // The configuration was read: it is in force now, or was refused.
  void note_configuration(bool good);

  void failed(StorageFailure failure) override;
  void attempted(const std::string& channel, DeliveryResult::State result, std::uint64_t messages) override;

  // The project is worked on here as long as what is returned lives; it must not outlive this.
  std::shared_ptr<ProjectMetrics> work_on(const std::string& project);

  // The text for Prometheus. `projects` are those of the configuration. What cannot be true any more of figures that
  // are old is left out.
  std::string text(const Figures& figures, const std::vector<std::string>& projects,
                   std::chrono::milliseconds walk_interval);

 private:
  static constexpr std::size_t kResults = 3;
  using Results = std::array<prometheus::Counter*, kResults>;

  // Of one project: which combinations of labels are told apart.
  struct Groups {
    LabelValues sims{200};
    LabelValues profiles{100};
  };

  std::vector<std::shared_ptr<ProjectMetrics>> worked_on();
  void add_projects(std::vector<prometheus::MetricFamily>& families, const Figures& figures,
                    const std::vector<std::string>& projects, std::chrono::milliseconds walk_interval);
  void add_inventory(std::vector<prometheus::MetricFamily>& families, const Figures& figures);

  MetricFamilies families_;
  std::map<StorageFailure, prometheus::Counter*> database_errors_;  // never changes

  std::mutex mutex_;  // guards what follows
  std::map<std::string, Results> deliveries_;
  std::vector<std::weak_ptr<ProjectMetrics>> projects_;
  std::map<std::string, Groups> groups_;  // by project
};

}  // namespace simsync
