#include "sync/profiles/poller.h"

#include <algorithm>
#include <thread>

#include "config/log.h"

namespace simsync {
namespace {

using Clock = PollSchedule::Clock;

constexpr std::size_t kBatch = 500;                   // answers in one transaction
constexpr std::chrono::milliseconds kBatchTime{200};  // or as many as came in this time
constexpr std::size_t kWaitingAnswers = 4000;         // not yet written; then polling waits
constexpr std::chrono::seconds kConfirmEvery{5};
constexpr std::size_t kConfirmedBatch = 2000;
constexpr std::chrono::seconds kStateEvery{15};
constexpr std::size_t kSettled = 500;  // not yet written; more are found again by the next poll
constexpr std::chrono::hours kLongAgo{24 * 366};

// For one pass: everybody is due at once, and then not again.
PollIntervals once_each() {
  ProfilesConfig config;
  config.interval = config.recent_interval = config.quiet_interval = config.retired_interval = kLongAgo;
  return PollIntervals{config};
}

PollSchedule schedule_for(const PollSettings& settings, Patience patience) {
  return {patience == Patience::none ? once_each() : PollIntervals{settings.profiles},
          settings.requests_per_second * kPollShare, Clock::now(), wall_clock()};
}

}  // namespace

Poller::Poller(PollSettings settings, SimApi& api, StoreFactory& stores, Patience patience, Pulse pulse)
    : project_(settings.project),
      patience_(patience),
      pulse_(std::move(pulse)),
      api_(api),
      stores_(stores),
      retry_(patience, project_, StorageRetry::Worth::whatever_passes, pulse_),
      store_(stores.open()),
      settings_(std::move(settings)),
      schedule_(schedule_for(settings_, patience)),
      moved_(kWaitingAnswers) {}

PollReport Poller::run(const std::stop_token& stop) {
  while (true) {
    const PollReport report = poll(Mode::until_stop, stop, {});
    if (stop.stop_requested()) return report;
    take_settings();
  }
}

void Poller::reconfigure(PollSettings settings) {
  const std::lock_guard lock{mutex_};
  new_settings_ = std::move(settings);
}

bool Poller::to_be_reconfigured() {
  const std::lock_guard lock{mutex_};
  return new_settings_.has_value();
}

// The workers have ended, and what they answered is written. The database knows all that the old schedule knew.
void Poller::take_settings() {
  moved_.open();
  const std::lock_guard lock{mutex_};
  settings_ = *std::exchange(new_settings_, std::nullopt);
  schedule_ = schedule_for(settings_, patience_);
  failing_since_.reset();
  said_behind_ = false;
  // Before the first time it waits for the walk, which will say so.
  roster_is_old_ |= roster_read_;
}

PollReport Poller::once(const std::stop_token& stop, const PollProgress& progress) {
  unsure();
  return poll(Mode::once, stop, progress);
}

PollReport Poller::poll(Mode mode, const std::stop_token& stop, const PollProgress& progress) {
  if (roster_is_old(mode)) load_roster(mode, stop);
  std::stop_source stopping;
  const std::stop_callback pass_on{stop, [&stopping] { stopping.request_stop(); }};
  std::vector<std::jthread> workers;
  at_work_ = settings_.workers;
  for (std::size_t i = 0; i < settings_.workers; ++i) {
    workers.emplace_back([this, mode, &stopping] { work(mode, stopping); });
  }
  // An error of the writer ends the workers before they are waited for.
  const StopOnExit stop_on_exit{stopping};
  Clock::time_point confirm_at = Clock::now() + kConfirmEvery;
  while (true) {
    pulse_.beat();
    if (mode == Mode::until_stop && to_be_reconfigured()) stopping.request_stop();
    if (roster_is_old(mode)) load_roster(mode, stop);
    // Asked before the batch is taken: the last worker's last answer is in the queue before it says that it ended.
    const bool all_ended = stop.stop_requested() || workers_ended();
    const std::vector<ProfileReading> batch = next_batch(kBatch, Clock::now() + kBatchTime, stop);
    record(batch, stop);
    bool last = batch.empty() && all_ended;
    if (const auto now = Clock::now(); last || now >= confirm_at) {
      const bool more = record_confirmed(stop);
      if (!more) confirm_at = now + kConfirmEvery;
      // Stop does not wait for all of them: whoever was confirmed is asked again.
      last = last && (!more || stop.stop_requested());
    }
    if (mode == Mode::until_stop && state_is_due()) tell_state(stop);
    const std::lock_guard lock{mutex_};
    if (progress) progress(report_);
    if (!last) continue;
    if (worker_failure_) std::rethrow_exception(worker_failure_);
    return report_;
  }
}

// ---- the workers

void Poller::work(Mode mode, std::stop_source& stopping) {
  std::exception_ptr failure;
  try {
    const std::stop_token stop = stopping.get_token();
    while (const std::optional<PollSchedule::Poll> poll = next_due(mode, stop)) ask(*poll, mode, stop);
  } catch (...) {
    // What no answer of the API explains (memory, threads) ends the polling where its caller can see it.
    failure = std::current_exception();
    stopping.request_stop();
  }
  const std::lock_guard lock{mutex_};
  if (failure) worker_failure_ = failure;
  if (--at_work_ == 0) moved_.close();
}

// Waits until a profile is due. nullopt: stop, or (once) every profile was given out.
std::optional<PollSchedule::Poll> Poller::next_due(Mode mode, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const Clock::time_point now = Clock::now();
    if (mode == Mode::once && report_.given_up) return std::nullopt;
    if (auto poll = schedule_.due(now)) return poll;
    if (mode == Mode::once) return std::nullopt;
    const auto due = schedule_.next_due().value_or(now + std::chrono::minutes{1});
    ++idle_;
    changed_.wait_until(lock, stop, due, [&] {
      const auto next = schedule_.next_due();
      return next && *next < due;
    });
    --idle_;
  }
  return std::nullopt;
}

void Poller::ask(const PollSchedule::Poll& poll, Mode mode, const std::stop_token& stop) {
  try {
    ProfileAnswer answer = api_.profile(poll.sim_id, stop);
    // The schedule and the history go by the SIM that was asked for.
    answer.profile.sim_id = poll.sim_id;
    take_answer(poll, {std::move(answer.profile), answer.exchange.asked_at, answer.exchange.observed_at}, stop);
  } catch (const ApiError& error) {
    if (error.failure() == ApiFailure::not_found) {
      settle(poll, mode, stop);
    } else {
      note_failure(poll, mode, error);
    }
  }
}

void Poller::take_answer(const PollSchedule::Poll& poll, ProfileReading reading, const std::stop_token& stop) {
  PollSchedule::Answer answer;
  {
    const std::lock_guard lock{mutex_};
    answer = schedule_.answered(poll.ticket, reading, Clock::now());
    ++report_.polled;
    note_circuit({});
  }
  if (!answer.moved) return;
  if (answer.confirmed) moved_.push(std::move(*answer.confirmed), stop);
  moved_.push(std::move(reading), stop);
  const std::lock_guard lock{mutex_};
  schedule_.handed_over(poll.ticket, Clock::now());
  tell_idle();
}

// The API says that there is no such profile. Either the SIM is gone, which the next walk will find (only a complete
// walk can: product.md, promise 2), or it is not what the mirror holds: a pSIM has no profile (sims-reference.txt,
// "Retrieve an eSIM profile"). That is for the walker to write, which knows what is stored.
void Poller::settle(const PollSchedule::Poll& poll, Mode mode, const std::stop_token& stop) {
  try {
    SimAnswer answer = api_.get(poll.sim_id, stop);
    const std::lock_guard lock{mutex_};
    if (is_polled(answer.sim)) {
      skip_log_.note("profile skipped", project_, poll.sim_id, "the API has none for this eSIM");
      ++report_.failed;
      report_.last_error = "SIM " + poll.sim_id + ": the API has no profile for this eSIM";
      mode == Mode::once ? schedule_.absent(poll.ticket, Clock::now())
                         : schedule_.failed(poll.ticket, PollSchedule::Failure::of_sim, Clock::now());
    } else {
      schedule_.absent(poll.ticket, Clock::now());
      // More than can be kept are found again by their next poll.
      if (settled_.size() < kSettled) {
        schedule_.forget(poll.sim_id);
        settled_.push_back({std::move(answer.sim), answer.exchange.asked_at, answer.exchange.observed_at});
        settled_one_.notify_one();
      }
    }
    note_circuit({});
  } catch (const ApiError& error) {
    if (error.failure() != ApiFailure::not_found) {
      note_failure(poll, mode, error);
      return;
    }
    const std::lock_guard lock{mutex_};
    report_.last_error = error.what();
    schedule_.absent(poll.ticket, Clock::now());
    note_circuit({});
  }
}

std::vector<SimReading> Poller::settled_until(Clock::time_point deadline, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  settled_one_.wait_until(lock, stop, deadline, [this] { return !settled_.empty(); });
  return std::exchange(settled_, {});
}

// With mutex_ held, after whatever may have opened or closed the circuit: says so once.
void Poller::note_circuit(const std::string& error) {
  tell_idle();
  if (schedule_.api_failing() == failing_since_.has_value()) return;
  if (schedule_.api_failing()) {
    failing_since_ = wall_clock();
    log::warning("polls are failing, the API is only probed", {{"project", project_}, {"error", error}});
    return;
  }
  failing_since_.reset();
  log::recovered("polls are answered again", {{"project", project_}});
  changed_.notify_all();  // all but the probe were waiting
}

// With mutex_ held. Something became due earlier than those who wait may know, and this worker may be busy by then.
void Poller::tell_idle() {
  if (idle_ > 0) changed_.notify_one();
}

void Poller::note_failure(const PollSchedule::Poll& poll, Mode mode, const ApiError& error) {
  const std::lock_guard lock{mutex_};
  if (error.failure() == ApiFailure::stopped) {
    schedule_.dropped(poll.ticket);
    return;
  }
  ++report_.failed;
  report_.last_error = error.what();
  log::debug("poll failed", {{"project", project_}, {"sim", poll.sim_id}, {"error", error.what()}});
  const PollSchedule::Failure failure =
      is_of_api(error.failure()) ? PollSchedule::Failure::of_api : PollSchedule::Failure::of_sim;
  if (mode == Mode::once) {
    // Each is asked once; and once the API's client has given up trying, the next SIM fares no better.
    report_.given_up |= error.failure() == ApiFailure::unauthorized || error.failure() == ApiFailure::unreachable;
    schedule_.absent(poll.ticket, Clock::now());
    return;
  }
  schedule_.failed(poll.ticket, failure, Clock::now());
  failure_ = error.failure() == ApiFailure::unauthorized ? "token refused" : "API not answering";
  note_circuit(error.what());
}

// ---- the caller's thread

bool Poller::workers_ended() {
  const std::lock_guard lock{mutex_};
  return at_work_ == 0;
}

std::vector<ProfileReading> Poller::next_batch(std::size_t most, Clock::time_point until, const std::stop_token& stop) {
  std::vector<ProfileReading> batch;
  while (batch.size() < most) {
    std::optional<ProfileReading> reading = moved_.pop_until(until, stop);
    if (!reading) break;
    batch.push_back(std::move(*reading));
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
  report_.polled -= std::min<std::uint64_t>(report_.polled, result.rejected.size());
  report_.failed += result.rejected.size();
  report_.first_seen += result.created;
  report_.transitions += result.changed;
}

// Some of them, at most a transaction's worth; true: there may be more. What moved before a confirmation was given is
// in the queue by then (PollSchedule::handed_over), and is written first: the database drops what is older than what it
// has.
bool Poller::record_confirmed(const std::stop_token& stop) {
  std::vector<ProfileReading> confirmed;
  {
    const std::lock_guard lock{mutex_};
    confirmed = schedule_.take_confirmed(kConfirmedBatch, wall_clock());
  }
  if (confirmed.empty()) return false;
  for (std::size_t before = moved_.size(); before > 0;) {
    const std::vector<ProfileReading> moved = next_batch(std::min(before, kBatch), Clock::now(), stop);
    if (moved.empty()) break;
    record(moved, stop);
    before -= moved.size();
  }
  record(confirmed, stop);
  return confirmed.size() == kConfirmedBatch;
}

// Regularly, and at once when the API begins or ceases to fail. Before there is a roster nothing can be said.
bool Poller::state_is_due() {
  const std::lock_guard lock{mutex_};
  return roster_read_ && (Clock::now() >= tell_state_at_ || failing_since_ != told_failing_since_);
}

void Poller::tell_state(const std::stop_token& stop) {
  tell_state_at_ = Clock::now() + kStateEvery;
  PollState state;
  PollSchedule::Load load;
  {
    const std::lock_guard lock{mutex_};
    load = schedule_.load(Clock::now(), wall_clock());
    state.failing_since = failing_since_;
    state.last_error = report_.last_error;
    if (failing_since_) state.failure = failure_;
  }
  told_failing_since_ = state.failing_since;
  state.profiles = load.profiles;
  state.overdue = load.overdue;
  state.longest_overdue = load.longest_overdue;
  state.needed_per_second = load.needed_per_second;
  state.quiet_interval = load.quiet_interval;
  state.planned_per_second = settings_.requests_per_second * kPollShare;
  retry_(stop, [&] { store_->save_poll_state(project_, state); });
  tell_if_behind(load, state.failing_since.has_value());
}

// Once an episode: when the plan itself does not fit, or when it does and polls are late all the same and ever more.
void Poller::tell_if_behind(const PollSchedule::Load& load, bool failing) {
  const double rate = settings_.requests_per_second;
  const bool too_small = rate > 0 && load.needed_per_second > rate * kPollShare;
  const bool slow = !failing && load.behind > 1 && load.behind > behind_before_;
  behind_before_ = load.behind;
  if (!too_small && load.behind < 1) said_behind_ = false;
  if (said_behind_ || !(too_small || slow)) return;
  said_behind_ = true;
  if (too_small) {
    log::warning("the budget is too small for the intervals of profiles",
                 {{"project", project_},
                  {"profiles", load.profiles},
                  {"overdue", load.overdue},
                  {"polls_needed_per_second", load.needed_per_second},
                  {"requests_per_second_needed", load.needed_per_second / kPollShare},
                  {"requests_per_second", rate},
                  {"advice", "raise api.requests_per_second, or the intervals; the most overdue are asked first"}});
  } else {
    log::warning("polls are late", {{"project", project_},
                                    {"profiles", load.profiles},
                                    {"overdue", load.overdue},
                                    {"polls_needed_per_second", load.needed_per_second},
                                    {"advice",
                                     "API or database are too slow for the intervals of profiles; raise "
                                     "api.connections, or the intervals"}});
  }
}

}  // namespace simsync
