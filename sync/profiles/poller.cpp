#include "sync/profiles/poller.h"

#include <algorithm>
#include <thread>

#include "config/log.h"

namespace simsync {
namespace {

constexpr std::size_t kBatch = 500;                   // answers in one transaction
constexpr std::chrono::milliseconds kBatchTime{200};  // or as many as came in this time
constexpr std::size_t kWaitingAnswers = 4000;         // not yet written; then polling waits
constexpr std::chrono::milliseconds kLongAgo = std::chrono::hours{24 * 365};

}  // namespace

Poller::Poller(std::string project, SimApi& api, StoreFactory& stores, const ProfilesConfig& config,
               std::size_t workers, Patience patience)
    : project_(std::move(project)),
      api_(api),
      stores_(stores),
      config_(config),
      workers_(workers),
      retry_(patience, project_),
      store_(stores.open()),
      schedule_({config.interval, config.recent_interval}),
      answers_(kWaitingAnswers) {}

PollReport Poller::run(std::stop_token stop) {
  return poll(Mode::until_stop, std::move(stop), {});
}

PollReport Poller::once(std::stop_token stop, const PollProgress& progress) {
  return poll(Mode::once, std::move(stop), progress);
}

void Poller::roster_changed() {
  roster_is_old_ = true;
}

PollReport Poller::poll(Mode mode, std::stop_token stop, const PollProgress& progress) {
  if (mode == Mode::once) schedule_ = PollSchedule{{kLongAgo, kLongAgo}};
  load_roster(mode, stop);
  std::stop_source stopping;
  const std::stop_callback pass_on{stop, [&stopping] { stopping.request_stop(); }};
  std::vector<std::jthread> workers;
  at_work_ = workers_;
  for (std::size_t i = 0; i < workers_; ++i) {
    workers.emplace_back([this, mode, token = stopping.get_token()] { work(mode, token); });
  }
  // An error of the writer ends the workers before they are waited for.
  const StopOnExit stop_on_exit{stopping};
  while (true) {
    if (mode == Mode::until_stop && roster_is_old_.exchange(false)) load_roster(mode, stop);
    const std::vector<ProfileReading> batch = next_batch(stop);
    record(batch, stop);
    const std::lock_guard lock{mutex_};
    if (progress) progress(report_);
    if (batch.empty() && (stop.stop_requested() || at_work_ == 0)) return report_;
  }
}

void Poller::load_roster(Mode mode, const std::stop_token& stop) {
  roster_is_old_ = false;
  std::vector<WatchedProfile> roster =
      retry_(stop, [&] { return store_->watched_profiles(project_, config_.providers); });
  if (mode == Mode::once) {
    for (WatchedProfile& watched : roster) watched.last_polled_at.reset();
  }
  {
    const std::lock_guard lock{mutex_};
    schedule_.watch(std::move(roster), PollSchedule::Clock::now(), wall_clock());
    report_.watched = schedule_.size();
  }
  changed_.notify_all();
}

void Poller::work(Mode mode, const std::stop_token& stop) {
  while (const std::optional<std::string> sim_id = next_due(mode, stop)) ask(*sim_id, stop);
  bool last = false;
  {
    const std::lock_guard lock{mutex_};
    last = --at_work_ == 0;
  }
  if (last) answers_.close();
}

// Waits until a profile is due. nullopt: stop, or (once) every profile was given out.
std::optional<std::string> Poller::next_due(Mode mode, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const PollSchedule::Clock::time_point now = PollSchedule::Clock::now();
    if (std::optional<std::string> sim_id = schedule_.due(now)) return sim_id;
    if (mode == Mode::once) return std::nullopt;
    const auto due = schedule_.next_due().value_or(now + std::chrono::minutes{1});
    changed_.wait_until(lock, stop, due, [&] {
      const auto next = schedule_.next_due();
      return next && *next < due;
    });
  }
  return std::nullopt;
}

void Poller::ask(const std::string& sim_id, const std::stop_token& stop) {
  try {
    ProfileAnswer answer = api_.profile(sim_id, stop);
    // The schedule and the history go by the SIM that was asked for.
    answer.profile.sim_id = sim_id;
    {
      const std::lock_guard lock{mutex_};
      schedule_.answered(answer.profile, PollSchedule::Clock::now());
      ++report_.polled;
    }
    answers_.push({std::move(answer.profile), answer.exchange.asked_at, answer.exchange.observed_at}, stop);
  } catch (const ApiError& error) {
    if (error.failure() == ApiFailure::stopped) return;
    const std::lock_guard lock{mutex_};
    schedule_.failed(sim_id, PollSchedule::Clock::now());
    ++report_.failed;
    report_.last_error = error.what();
    log::debug("poll failed", {{"project", project_}, {"sim", sim_id}, {"error", error.what()}});
  }
}

std::vector<ProfileReading> Poller::next_batch(const std::stop_token& stop) {
  std::vector<ProfileReading> batch;
  const auto until = std::chrono::steady_clock::now() + kBatchTime;
  while (batch.size() < kBatch) {
    std::optional<ProfileReading> answer = answers_.pop_until(until, stop);
    if (!answer) break;
    batch.push_back(std::move(*answer));
  }
  return batch;
}

void Poller::record(const std::vector<ProfileReading>& batch, const std::stop_token& stop) {
  if (batch.empty()) return;
  const ApplyResult result = retry_(stop, [&] { return store_->apply_profiles(project_, batch); });
  for (const std::string& id : result.rejected) {
    log::warning("profile skipped", {{"project", project_}, {"sim", id}, {"reason", "the database cannot hold it"}});
  }
  const std::lock_guard lock{mutex_};
  report_.first_seen += result.created;
  report_.transitions += result.changed;
}

}  // namespace simsync
