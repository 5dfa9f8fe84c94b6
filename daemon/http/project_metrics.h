// Counts what one project's work does: its requests, what its stores record, its walks. A request is counted with a few
// atomic steps on series that are known beforehand, for there are tens of thousands of them in a second. Private to
// daemon/http.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/http/label_values.h"
#include "daemon/http/metric_families.h"
#include "daemon/http/paused_time.h"
#include "storage/store_observer.h"
#include "sync/api/api_observer.h"

namespace simsync {

// Its series are there as long as it lives. Safe from any thread.
class ProjectMetrics final : public ApiObserver, public StoreObserver {
 public:
  // `families` and `errors`, which hears of failed transactions, outlive it.
  ProjectMetrics(std::string project, MetricFamilies& families, SessionObserver& errors);
  ~ProjectMetrics() override;
  ProjectMetrics(const ProjectMetrics&) = delete;
  ProjectMetrics& operator=(const ProjectMetrics&) = delete;

  void ended(const RequestSample& sample) override;
  void paused(Time now, Time until) override;
  void failed(StorageFailure failure) override { errors_.failed(failure); }
  void recorded(const std::vector<StatusStep>& steps) override;
  void settled(const std::vector<MetadataState>& requests) override;
  void walk_ended(const WalkRecord& walk) override;

  [[nodiscard]] const std::string& project() const { return project_; }
  [[nodiscard]] TimePoint since() const { return since_; }
  [[nodiscard]] std::chrono::duration<double> throttled() const;

 private:
  static constexpr std::size_t kStatuses = 1000;    // of HTTP, three digits; 0: no answer
  static constexpr std::size_t kTransitions = 200;  // series

  prometheus::Counter& request_counter(ApiCall call, std::size_t status);
  prometheus::Histogram& request_histogram(ApiCall call);

  const std::string project_;
  MetricFamilies& families_;
  SessionObserver& errors_;
  const TimePoint since_;

  std::array<std::array<std::atomic<prometheus::Counter*>, kStatuses>, kApiCalls> requests_{};  // null: none yet
  std::array<std::atomic<prometheus::Histogram*>, kApiCalls> request_seconds_{};                // as above
  std::array<prometheus::Counter*, kApiCalls> retries_{};
  std::array<std::array<prometheus::Histogram*, 3>, 2> walk_seconds_{};  // by kind and outcome
  prometheus::Counter* walk_skipped_;
  std::array<prometheus::Counter*, 4> metadata_requests_{};  // by state; null: pending

  mutable std::mutex mutex_;  // guards what follows
  PausedTime paused_;
  LabelValues transition_values_{kTransitions};
  std::map<LabelTexts, prometheus::Counter*> transitions_;
};

}  // namespace simsync
