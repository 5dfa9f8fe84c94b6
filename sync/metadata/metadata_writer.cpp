#include "sync/metadata/metadata_writer.h"

#include <algorithm>
#include <utility>

#include "config/log.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::size_t kLook = 200;       // requests of one look
constexpr std::size_t kPlanned = 600;    // at most, in memory
constexpr std::size_t kPutOff = 10'000;  // beside them, of SIMs that failed and wait
constexpr std::size_t kSteps = 500;      // in one transaction
constexpr std::chrono::seconds kTellEvery{15};
constexpr unsigned kFailuresTold = 20;  // by themselves, between two summaries

// Without a rate to wait for, more of them spare transactions; with one they would only wait, and what they read would
// grow old.
std::size_t at_once(const MetadataSettings& settings) {
  return settings.requests_per_second > 0 ? settings.workers : 4 * settings.workers;
}

}  // namespace

// Threads that end, and are waited for, when a scope is left.
class MetadataWriter::Workers {
 public:
  Workers(MetadataWriter& writer, const std::stop_token& stop) : writer_(writer), pass_on_(stop, PassOn{&stopping_}) {}
  ~Workers() {
    stopping_.request_stop();
    threads_.clear();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void grow(std::size_t wanted) {
    while (threads_.size() < wanted) threads_.emplace_back([this] { writer_.work(stopping_); });
  }

 private:
  struct PassOn {
    std::stop_source* stopping;
    void operator()() const { stopping->request_stop(); }
  };

  MetadataWriter& writer_;
  std::stop_source stopping_;
  std::stop_callback<PassOn> pass_on_;
  std::vector<std::jthread> threads_;
};

MetadataWriter::MetadataWriter(MetadataSettings settings, SimApi& api, StoreFactory& stores, Patience patience,
                               WalkDoubts* doubts, Pulse pulse)
    : project_(settings.project),
      patience_(patience),
      api_(api),
      doubts_(doubts),
      pulse_(std::move(pulse)),
      retry_(patience, project_, StorageRetry::Worth::whatever_passes, pulse_),
      store_(stores.open()),
      settings_(std::move(settings)) {}

void MetadataWriter::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    work_off(stop);
    pulse_.beat();
    sleep_for(kLookEvery, stop);
  }
}

MetadataReport MetadataWriter::once(const std::stop_token& stop) {
  work_off(stop);
  const std::lock_guard lock{mutex_};
  report_.left = plan_->left();
  report_.given_up = plan_->given_up();
  if (report_.left > 0) report_.last_error = last_error_;
  return report_;
}

void MetadataWriter::reconfigure(const MetadataSettings& settings) {
  const std::lock_guard lock{mutex_};
  settings_ = settings;
}

// ---- the caller's thread

// Until nothing is pending that could be carried out.
void MetadataWriter::work_off(const std::stop_token& stop) {
  std::size_t workers_wanted = 0;
  {
    const std::lock_guard lock{mutex_};
    const auto waiting = patience_ == Patience::none ? MetadataPlan::Waiting::no : MetadataPlan::Waiting::yes;
    plan_ = std::make_unique<MetadataPlan>(at_once(settings_), waiting);
    workers_wanted = settings_.workers;
  }
  behind_.clear();
  bool more = look(stop);
  {
    Workers workers{*this, stop};
    while (more && !stop.stop_requested()) {
      pulse_.beat();
      {
        const std::lock_guard lock{mutex_};
        if (worker_failure_) break;
        workers.grow(std::min(workers_wanted, plan_->size()));
      }
      store(wait_for_steps(stop), stop);
      look_while_busy(stop);
      tell(false);
      bool idle = false;
      {
        const std::lock_guard lock{mutex_};
        idle = plan_->size() == 0;
      }
      // The next requests of the SIMs whose last one was just settled.
      if (idle) more = look(stop);
    }
  }
  if (worker_failure_) std::rethrow_exception(std::exchange(worker_failure_, nullptr));
  if (stop.stop_requested()) store_last(stop);
  tell(true);
}

// Looks on from where the last look ended, from the begin again once there is nothing behind it. False: nothing is
// pending but what is planned already, or was left.
bool MetadataWriter::look(const std::stop_token& stop) {
  look_at_ = Clock::now() + kLookEvery;
  for (bool whole = behind_.empty();;) {
    const std::vector<MetadataRequest> found =
        retry_(stop, [&] { return store_->pending_metadata(project_, behind_, kLook); });
    behind_ = found.size() == kLook ? found.back().sim_id : std::string{};
    {
      const std::lock_guard lock{mutex_};
      if (plan_->given_up()) return false;
      for (const MetadataRequest& request : found) plan_->add(request, Clock::now());
      if (plan_->size() > 0) {
        work_.notify_all();
        return true;
      }
    }
    if (!behind_.empty()) continue;
    if (whole) return false;
    whole = true;
  }
}

void MetadataWriter::look_while_busy(const std::stop_token& stop) {
  {
    const std::lock_guard lock{mutex_};
    if (plan_->size() == 0 || plan_->busy() + kLook > kPlanned || plan_->size() > kPutOff) return;
  }
  if (!behind_.empty() || Clock::now() >= look_at_) look(stop);
}

std::vector<MetadataStep> MetadataWriter::wait_for_steps(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  steps_.wait_until(lock, stop, std::max(look_at_, Clock::now()),
                    [this] { return plan_->has_steps() || worker_failure_ != nullptr; });
  return plan_->take_steps(kSteps);
}

void MetadataWriter::store(const std::vector<MetadataStep>& steps, const std::stop_token& stop) {
  if (steps.empty()) return;
  const std::vector<std::int64_t> stored = retry_(stop, [&] { return store_->step_metadata(project_, steps); });
  for (const MetadataStep& step : steps) {
    if (step.as_read && doubts_ != nullptr) doubts_->add(step.sim_id);
  }
  count(steps, stored);
  const std::lock_guard lock{mutex_};
  plan_->stored(steps, stored, Clock::now());
  work_.notify_all();
}

// What is settled need not be found out again by the next start. The workers have ended.
void MetadataWriter::store_last(const std::stop_token& stop) {
  std::vector<MetadataStep> steps;
  {
    const std::lock_guard lock{mutex_};
    while (plan_->has_steps()) {
      for (MetadataStep& step : plan_->take_steps(kSteps)) {
        if (step.state != MetadataState::pending) steps.push_back(std::move(step));
      }
    }
  }
  store(steps, stop);
}

void MetadataWriter::count(const std::vector<MetadataStep>& steps, const std::vector<std::int64_t>& stored) {
  for (const MetadataStep& step : steps) {
    if (step.state == MetadataState::pending || std::ranges::count(stored, step.request) == 0) continue;
    if (step.state == MetadataState::applied) {
      ++report_.applied;
      continue;
    }
    ++(step.state == MetadataState::conflict ? report_.conflicts : report_.failed);
    if (++failures_told_ > kFailuresTold) continue;
    // The row has the values; the log has none.
    log::warning("metadata request failed", {{"project", project_},
                                             {"request", step.request},
                                             {"sim", step.sim_id},
                                             {"state", to_text(step.state)},
                                             {"advice", "simsync.metadata_request.error says why"}});
  }
}

void MetadataWriter::tell(bool all_done) {
  if (!all_done && Clock::now() < tell_at_) return;
  tell_at_ = Clock::now() + kTellEvery;
  failures_told_ = 0;
  const std::uint64_t applied = report_.applied - told_.applied;
  const std::uint64_t conflicts = report_.conflicts - told_.conflicts;
  const std::uint64_t failed = report_.failed - told_.failed;
  told_ = report_;
  if (applied + conflicts + failed == 0) return;
  log::info("metadata written back",
            {{"project", project_}, {"applied", applied}, {"conflicts", conflicts}, {"failed", failed}});
}

// ---- the workers

void MetadataWriter::work(std::stop_source& stopping) {
  try {
    const std::stop_token stop = stopping.get_token();
    while (const std::optional<MetadataPlan::Task> task = next_task(stop)) carry_out(*task, stop);
  } catch (...) {
    // What no answer of the API explains (memory) ends the work where its caller can see it.
    const std::lock_guard lock{mutex_};
    worker_failure_ = std::current_exception();
    stopping.request_stop();
    steps_.notify_all();
  }
}

std::optional<MetadataPlan::Task> MetadataWriter::next_task(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const Clock::time_point now = Clock::now();
    if (auto task = plan_->next(now)) return task;
    const auto due = plan_->next_due().value_or(now + std::chrono::minutes{1});
    work_.wait_until(lock, stop, due, [&] {
      const auto next = plan_->next_due();
      return next && *next < due;
    });
  }
  return std::nullopt;
}

void MetadataWriter::carry_out(const MetadataPlan::Task& task, const std::stop_token& stop) {
  try {
    if (task.kind == MetadataPlan::Task::Kind::send) {
      api_.update_metadata(task.sim_id, task.metadata, stop);
      const std::lock_guard lock{mutex_};
      plan_->sent(task);
      note_circuit({});
      return;
    }
    MetadataPlan::Look look = MetadataPlan::look(task, api_.get(task.sim_id, stop));
    const std::lock_guard lock{mutex_};
    plan_->read(task, std::move(look), Clock::now());
    note_circuit({});
  } catch (const ApiError& error) {
    const std::lock_guard lock{mutex_};
    plan_->failed(task, error, Clock::now());
    if (error.failure() != ApiFailure::stopped) last_error_ = error.what();
    note_circuit(error.what());
  }
  steps_.notify_one();
}

// With mutex_ held, after whatever may have opened or closed the circuit: says so once.
void MetadataWriter::note_circuit(const std::string& error) {
  // This worker takes what comes next itself, unless that is for later.
  if (plan_->api_failing() == said_failing_) return;
  said_failing_ = plan_->api_failing();
  if (said_failing_) {
    log::warning("metadata requests are failing, the API is only probed", {{"project", project_}, {"error", error}});
  } else {
    log::recovered("metadata requests are answered again", {{"project", project_}});
    work_.notify_all();
  }
}

}  // namespace simsync
