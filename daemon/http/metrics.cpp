#include "daemon/http/metrics.h"

#include <algorithm>
#include <tuple>

#include "daemon/http/process_metrics.h"
#include "daemon/version.h"

namespace simsync {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

// What the service said of its polls counts no longer than this.
constexpr std::chrono::minutes kPollsHold{2};

constexpr std::array<std::pair<StorageFailure, const char*>, 8> kKinds = {{
    {StorageFailure::unreachable, "unreachable"},
    {StorageFailure::denied, "denied"},
    {StorageFailure::schema, "schema"},
    {StorageFailure::data, "data"},
    {StorageFailure::conflict, "conflict"},
    {StorageFailure::too_slow, "too_slow"},
    {StorageFailure::in_doubt, "in_doubt"},
    {StorageFailure::other, "other"},
}};
constexpr std::array<std::pair<DeliveryResult::State, const char*>, 3> kDeliveryResults = {{
    {DeliveryResult::State::delivered, "delivered"},
    {DeliveryResult::State::pending, "failed"},
    {DeliveryResult::State::dead, "dead"},
}};

// A family that is made anew for each scrape.
class Made {
 public:
  Made(const char* name, MetricType type, const char* help) : family_{name, help, type, {}} {}

  void add(Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = metric.gauge.value = value;
    family_.metric.push_back(std::move(metric));
  }
  MetricFamily take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

double seconds_since_1970(TimePoint time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

double seconds(std::chrono::duration<double> time) {
  return time.count();
}

}  // namespace

Metrics::Metrics() {
  families_.build_info.Add({{"version", kVersion}, {"commit", kCommit}}).Set(1);
  for (const auto& [failure, kind] : kKinds) {
    database_errors_[failure] = &families_.database_errors.Add({{"kind", kind}});
  }
  note_configuration(true);
}

void Metrics::note_configuration(bool good) {
  families_.config_good.Add({}).Set(good ? 1 : 0);
  if (good) families_.config_read.Add({}).Set(seconds_since_1970(wall_clock()));
}

void Metrics::set_channels(const std::vector<std::string>& channels) {
  const std::lock_guard lock{mutex_};
  std::erase_if(deliveries_, [&](const auto& known) {
    if (std::ranges::find(channels, known.first) != channels.end()) return false;
    for (auto* counter : known.second) families_.deliveries.Remove(counter);
    return true;
  });
  for (const std::string& channel : channels) {
    Results& results = deliveries_[channel];
    for (std::size_t i = 0; i < kResults; ++i) {
      results[i] = &families_.deliveries.Add({{"channel", channel}, {"result", kDeliveryResults[i].second}});
    }
  }
}

void Metrics::failed(StorageFailure failure) {
  // That another daemon has taken a project over is nothing that failed.
  if (const auto found = database_errors_.find(failure); found != database_errors_.end()) found->second->Increment();
}

void Metrics::attempted(const std::string& channel, DeliveryResult::State result, std::uint64_t messages) {
  const std::lock_guard lock{mutex_};
  const auto found = deliveries_.find(channel);
  if (found == deliveries_.end()) return;
  for (std::size_t i = 0; i < kResults; ++i) {
    if (kDeliveryResults[i].first == result) found->second[i]->Increment(static_cast<double>(messages));
  }
}

std::shared_ptr<ProjectMetrics> Metrics::work_on(const std::string& project) {
  auto work = std::make_shared<ProjectMetrics>(project, families_, *this);
  const std::lock_guard lock{mutex_};
  projects_.push_back(work);
  return work;
}

std::vector<std::shared_ptr<ProjectMetrics>> Metrics::worked_on() {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<ProjectMetrics>> alive;
  std::erase_if(projects_, [&](const auto& project) {
    if (auto work = project.lock()) {
      alive.push_back(std::move(work));
      return false;
    }
    return true;
  });
  return alive;
}

std::string Metrics::text(const Figures& figures, const std::vector<std::string>& projects,
                          std::chrono::milliseconds walk_interval) {
  std::vector<MetricFamily> families = families_.registry.Collect();
  for (MetricFamily& one : process_metrics()) families.push_back(std::move(one));
  add_projects(families, figures, projects, walk_interval);
  add_inventory(families, figures);
  return exposition(std::move(families));
}

void Metrics::add_projects(std::vector<MetricFamily>& families, const Figures& figures,
                           const std::vector<std::string>& projects, std::chrono::milliseconds walk_interval) {
  Made held{"simsync_project_held", MetricType::Gauge,
            "1 where this daemon works on the project, 0 where it does not."};
  Made throttled{"simsync_api_throttled_seconds_total", MetricType::Counter,
                 "Time in which nothing was sent because the API asked to wait (429 or 503 with Retry-After)."};
  Made interval{"simsync_walk_interval_seconds", MetricType::Gauge, "walk.interval of the configuration."};
  Made complete{"simsync_walk_last_complete_timestamp_seconds", MetricType::Gauge,
                "When the last complete full walk ended; until there is one, when the service began to watch the "
                "project."};
  Made held_back{"simsync_walk_held_back_sims", MetricType::Gauge,
                 "Disappearances that the last full walk held back (walk.max_disappeared)."};
  Made overdue{"simsync_profiles_overdue", MetricType::Gauge,
               "Profiles that were not asked within their interval and a tenth of it."};
  Made lag{"simsync_poll_lag_seconds", MetricType::Gauge,
           "How much later than its interval the most overdue profile is."};
  Made requests{"simsync_metadata_requests_pending", MetricType::Gauge,
                "Requests to write metadata back that are not settled; no more than 100,000 are counted."};
  Made oldest{"simsync_metadata_oldest_pending_request_age_seconds", MetricType::Gauge,
              "How long ago the oldest of them was asked for; 0 where there is none."};
  Made answered{"simsync_database_last_answer_timestamp_seconds", MetricType::Gauge,
                "When the database last said what the gauges show."};
  const auto alive = worked_on();
  for (const std::string& project : projects) {
    const bool here = std::ranges::any_of(alive, [&](const auto& work) { return work->project() == project; });
    held.add({{"project", project}}, here ? 1 : 0);
  }
  for (const auto& work : alive) {
    const Labels labels = {{"project", work->project()}};
    throttled.add(labels, work->throttled().count());
    interval.add(labels, seconds(walk_interval));
    const auto found = std::ranges::find(figures.projects, work->project(), &ProjectFigures::project);
    const bool known = found != figures.projects.end();
    if (!known) {
      // Nothing is known of the database yet, so nobody can say that there was no walk before this start.
      if (figures.read_at) complete.add(labels, seconds_since_1970(work->since()));
      continue;
    }
    complete.add(labels, seconds_since_1970(found->last_complete_walk.value_or(work->since())));
    held_back.add(labels, static_cast<double>(found->held_back));
    requests.add(labels, static_cast<double>(found->metadata_pending));
    const TimePoint now = wall_clock();
    oldest.add(labels, std::max(0.0, seconds(now - found->metadata_pending_since.value_or(now))));
    // While the database is away nobody can say how late the polls are.
    if (!found->polls_as_of || wall_clock() - *found->polls_as_of > kPollsHold) continue;
    overdue.add(labels, static_cast<double>(found->overdue));
    lag.add(labels, seconds(found->poll_lag));
  }
  if (figures.read_at) answered.add({}, seconds_since_1970(*figures.read_at));
  for (Made* made :
       {&held, &throttled, &interval, &complete, &held_back, &overdue, &lag, &requests, &oldest, &answered}) {
    families.push_back(made->take());
  }
}

void Metrics::add_inventory(std::vector<MetricFamily>& families, const Figures& figures) {
  std::map<std::pair<std::string, LabelTexts>, std::uint64_t> sims, profiles;
  const auto alive = worked_on();
  {
    const std::lock_guard lock{mutex_};
    for (const InventoryGroup& group : figures.inventory) {
      if (!std::ranges::any_of(alive, [&](const auto& work) { return work->project() == group.project; })) continue;
      Groups& groups = groups_[group.project];
      sims[{group.project, groups.sims.admit({group.provider, group.type, group.status})}] += group.sims;
      if (group.profile_status.empty()) continue;
      profiles[{group.project, groups.profiles.admit({group.provider, group.profile_status})}] += group.sims;
    }
  }
  Made all_sims{"simsync_sims", MetricType::Gauge, "Present SIMs."};
  for (const auto& [key, count] : sims) {
    const auto& [project, texts] = key;
    all_sims.add({{"project", project}, {"provider", texts[0]}, {"type", texts[1]}, {"status", texts[2]}},
                 static_cast<double>(count));
  }
  Made all_profiles{"simsync_profiles", MetricType::Gauge, "eSIM profiles of present SIMs."};
  for (const auto& [key, count] : profiles) {
    const auto& [project, texts] = key;
    all_profiles.add({{"project", project}, {"provider", texts[0]}, {"status", texts[1]}}, static_cast<double>(count));
  }
  families.push_back(all_sims.take());
  families.push_back(all_profiles.take());
}

}  // namespace simsync
