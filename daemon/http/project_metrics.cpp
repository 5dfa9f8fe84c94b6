#include "daemon/http/project_metrics.h"

#include <utility>

namespace simsync {
namespace {

// As docs/metrics.md has them, in the order of ApiCall.
constexpr std::array<const char*, kApiCalls> kEndpoints = {"list",        "sim",     "search",
                                                           "credentials", "profile", "metadata"};
constexpr std::array kKinds = {WalkKind::full, WalkKind::fresh};
constexpr std::array kSettled = {MetadataState::applied, MetadataState::conflict, MetadataState::failed};
constexpr std::array kOutcomes = {WalkOutcome::complete, WalkOutcome::incomplete, WalkOutcome::failed};

// Seconds. A loopback API answers within the first, api.timeout is 30 s unless it is set.
const prometheus::Histogram::BucketBoundaries kRequestSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                                 0.5,   1,    2.5,   5,    10,  30};
const prometheus::Histogram::BucketBoundaries kWalkSeconds = {1, 5, 15, 60, 300, 900, 3600, 14400};

std::size_t index(ApiCall call) {
  return static_cast<std::size_t>(call);
}

}  // namespace

ProjectMetrics::ProjectMetrics(std::string project, MetricFamilies& families, SessionObserver& errors)
    : project_(std::move(project)),
      families_(families),
      errors_(errors),
      since_(wall_clock()),
      walk_skipped_(&families.walk_skipped.Add({{"project", project_}})) {
  for (std::size_t call = 0; call < kApiCalls; ++call) {
    retries_[call] = &families_.retries.Add({{"project", project_}, {"endpoint", kEndpoints[call]}});
  }
  for (const MetadataState state : kSettled) {
    metadata_requests_[static_cast<std::size_t>(state)] =
        &families_.metadata_requests.Add({{"project", project_}, {"state", to_text(state)}});
  }
  for (const WalkKind kind : kKinds) {
    for (const WalkOutcome outcome : kOutcomes) {
      walk_seconds_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(outcome)] = &families_.walk_seconds.Add(
          {{"project", project_}, {"kind", to_text(kind)}, {"outcome", to_text(outcome)}}, kWalkSeconds);
    }
  }
}

ProjectMetrics::~ProjectMetrics() {
  for (const auto& statuses : requests_) {
    for (const auto& counter : statuses) {
      if (counter != nullptr) families_.requests.Remove(counter);
    }
  }
  for (const auto& histogram : request_seconds_) {
    if (histogram != nullptr) families_.request_seconds.Remove(histogram);
  }
  for (auto* counter : retries_) families_.retries.Remove(counter);
  for (const auto& outcomes : walk_seconds_) {
    for (auto* histogram : outcomes) families_.walk_seconds.Remove(histogram);
  }
  families_.walk_skipped.Remove(walk_skipped_);
  for (const MetadataState state : kSettled) {
    families_.metadata_requests.Remove(metadata_requests_[static_cast<std::size_t>(state)]);
  }
  for (const auto& [labels, counter] : transitions_) families_.transitions.Remove(counter);
}

void ProjectMetrics::ended(const RequestSample& sample) {
  const auto status = static_cast<std::size_t>(sample.http_status);
  request_counter(sample.call, status < kStatuses ? status : 0).Increment();
  request_histogram(sample.call).Observe(std::chrono::duration<double>(sample.duration).count());
  if (sample.retry) retries_[index(sample.call)]->Increment();
}

prometheus::Counter& ProjectMetrics::request_counter(ApiCall call, std::size_t status) {
  std::atomic<prometheus::Counter*>& known = requests_[index(call)][status];
  prometheus::Counter* counter = known.load(std::memory_order_acquire);
  if (counter == nullptr) {
    // The same for all who find none at once.
    counter = &families_.requests.Add({{"project", project_},
                                       {"endpoint", kEndpoints[index(call)]},
                                       {"status", status == 0 ? "none" : std::to_string(status)}});
    known.store(counter, std::memory_order_release);
  }
  return *counter;
}

// Each has many series, and most are never asked for.
prometheus::Histogram& ProjectMetrics::request_histogram(ApiCall call) {
  std::atomic<prometheus::Histogram*>& known = request_seconds_[index(call)];
  prometheus::Histogram* histogram = known.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    histogram =
        &families_.request_seconds.Add({{"project", project_}, {"endpoint", kEndpoints[index(call)]}}, kRequestSeconds);
    known.store(histogram, std::memory_order_release);
  }
  return *histogram;
}

void ProjectMetrics::paused(Time now, Time until) {
  const std::lock_guard lock{mutex_};
  paused_.pause(now, until);
}

std::chrono::duration<double> ProjectMetrics::throttled() const {
  const std::lock_guard lock{mutex_};
  return paused_.total(std::chrono::steady_clock::now());
}

void ProjectMetrics::recorded(const std::vector<StatusStep>& steps) {
  const std::lock_guard lock{mutex_};
  for (const StatusStep& step : steps) {
    LabelTexts texts = transition_values_.admit({step.from, step.to});
    texts.emplace_back(step.profile ? "profile" : "sim");
    prometheus::Counter*& counter = transitions_[texts];
    if (counter == nullptr) {
      counter =
          &families_.transitions.Add({{"project", project_}, {"what", texts[2]}, {"from", texts[0]}, {"to", texts[1]}});
    }
    counter->Increment();
  }
}

void ProjectMetrics::settled(const std::vector<MetadataState>& requests) {
  for (const MetadataState state : requests) metadata_requests_[static_cast<std::size_t>(state)]->Increment();
}

void ProjectMetrics::walk_ended(const WalkRecord& walk) {
  const std::chrono::duration<double> length = walk.finished_at - walk.started_at;
  walk_seconds_[static_cast<std::size_t>(walk.kind)][static_cast<std::size_t>(walk.outcome)]->Observe(
      std::max(length.count(), 0.0));
  walk_skipped_->Increment(static_cast<double>(walk.skipped));
}

}  // namespace simsync
