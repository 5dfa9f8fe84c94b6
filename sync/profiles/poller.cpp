#include "sync/profiles/poller.h"

#include <algorithm>
#include <thread>

#include "config/log.h"

namespace simsync {
namespace {

constexpr std::size_t kFailuresToTell = 20;           // in a row
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
    workers.emplace_back([this, mode, &stopping] { work(mode, stopping); });
  }
  // An error of the writer ends the workers before they are waited for.
  const StopOnExit stop_on_exit{stopping};
  while (true) {
    if (mode == Mode::until_stop && roster_is_old_.exchange(false)) load_roster(mode, stop);
    // Asked before the batch is taken: the last worker's last answer is in the queue before it says that it ended.
    const bool all_ended = stop.stop_requested() || workers_ended();
    const std::vector<ProfileReading> batch = next_batch(stop);
    record(batch, stop);
    const std::lock_guard lock{mutex_};
    if (progress) progress(report_);
    if (!batch.empty() || !all_ended) continue;
    if (worker_failure_) std::rethrow_exception(worker_failure_);
    return report_;
  }
}

bool Poller::workers_ended() {
  const std::lock_guard lock{mutex_};
  return at_work_ == 0;
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

void Poller::work(Mode mode, std::stop_source& stopping) {
  std::exception_ptr failure;
  try {
    const std::stop_token stop = stopping.get_token();
    while (const std::optional<std::string> sim_id = next_due(mode, stop)) ask(*sim_id, mode, stop);
  } catch (...) {
    // What no answer of the API explains (memory, threads) ends the polling where its caller can see it.
    failure = std::current_exception();
    stopping.request_stop();
  }
  const std::lock_guard lock{mutex_};
  if (failure) worker_failure_ = failure;
  if (--at_work_ == 0) answers_.close();
}

// Waits until a profile is due. nullopt: stop, or (once) every profile was given out.
std::optional<std::string> Poller::next_due(Mode mode, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const PollSchedule::Clock::time_point now = PollSchedule::Clock::now();
    if (report_.given_up) return std::nullopt;
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

void Poller::ask(const std::string& sim_id, Mode mode, const std::stop_token& stop) {
  try {
    ProfileAnswer answer = api_.profile(sim_id, stop);
    // The schedule and the history go by the SIM that was asked for.
    answer.profile.sim_id = sim_id;
    {
      const std::lock_guard lock{mutex_};
      schedule_.answered(answer.profile, PollSchedule::Clock::now());
      note_answer();
    }
    answers_.push({std::move(answer.profile), answer.exchange.asked_at, answer.exchange.observed_at}, stop);
  } catch (const ApiError& error) {
    if (error.failure() == ApiFailure::stopped) return;
    const std::lock_guard lock{mutex_};
    note_failure(sim_id, mode, error);
  }
}

void Poller::note_answer() {
  ++report_.polled;
  if (failures_in_a_row_ >= kFailuresToTell) log::info("polls are answered again", {{"project", project_}});
  failures_in_a_row_ = 0;
}

void Poller::note_failure(const std::string& sim_id, Mode mode, const ApiError& error) {
  // A SIM that was deleted since the last walk is no trouble of the API; the next walk finds it missing.
  const bool gone = error.failure() == ApiFailure::not_found;
  if (!gone) ++report_.failed;
  report_.last_error = error.what();
  log::debug("poll failed", {{"project", project_}, {"sim", sim_id}, {"error", error.what()}});
  if (mode == Mode::once) {
    // Each profile is asked once; and once the API's client has given up trying, the next SIM fares no better.
    report_.given_up |= error.failure() == ApiFailure::unauthorized || error.failure() == ApiFailure::unreachable;
    return;
  }
  schedule_.failed(sim_id, PollSchedule::Clock::now());
  if (gone || ++failures_in_a_row_ != kFailuresToTell) return;
  log::warning("polls are failing", {{"project", project_}, {"error", error.what()}});
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
    skip_log_.note("profile skipped", project_, id, "the database cannot hold one of its values");
  }
  const std::lock_guard lock{mutex_};
  report_.polled -= result.rejected.size();
  report_.failed += result.rejected.size();
  report_.first_seen += result.created;
  report_.transitions += result.changed;
}

}  // namespace simsync
