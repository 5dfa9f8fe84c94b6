#include "sync/metadata/metadata_plan.h"

#include <algorithm>
#include <utility>

#include "config/printable.h"
#include "sync/api/json_text.h"
#include "sync/api/page_parser.h"

namespace simsync {
namespace {

using std::chrono::milliseconds;

// After the API took something and had something else: it may be that it is late to say what it has.
constexpr milliseconds kLate{500};
constexpr milliseconds kFirstWait{1000};
constexpr milliseconds kLongestWaitForApi{30'000};  // beside the circuit, which spares the API
constexpr milliseconds kLongestWaitForSim{300'000};

constexpr std::chrono::seconds kAside{10};

constexpr std::size_t kMostKeysTold = 3;
constexpr std::size_t kMostOfKey = 60;
constexpr std::size_t kMostOfValue = 100;

// The API will not do it, however often it is asked. What a proxy says is not said by the API; and a SIM that may not
// be read is like a token that is refused, which somebody may put right.
bool is_refused(const ApiError& error, MetadataPlan::Task::Kind kind) {
  if (error.http_status() == 403 && kind == MetadataPlan::Task::Kind::read) return false;
  if (error.failure() == ApiFailure::not_found) return true;
  return error.failure() == ApiFailure::rejected && (error.said_by_api() || error.http_status() == 0);
}

bool is_surely_unsent(ApiFailure failure) {
  return failure == ApiFailure::unauthorized || failure == ApiFailure::throttled;
}

std::string told(const std::optional<std::string>& value) {
  if (!value) return "not there";
  std::string clean;
  json::append_clean(*value, clean);
  return shortened(clean, kMostOfValue);
}

std::string told(const std::vector<MetadataChange::Difference>& differences) {
  std::string text;
  for (std::size_t i = 0; i < std::min(differences.size(), kMostKeysTold); ++i) {
    const MetadataChange::Difference& one = differences[i];
    text += (i == 0 ? "" : "; ") + shortened(one.key, kMostOfKey) + " is " + told(one.found) +
            ", asked for: " + told(one.asked);
  }
  if (differences.size() > kMostKeysTold) {
    text += "; and " + std::to_string(differences.size() - kMostKeysTold) + " more keys";
  }
  return text;
}

// All that is not as asked is keys that are still there with the values they had before.
bool only_kept(const std::vector<MetadataChange::Difference>& now,
               const std::vector<MetadataChange::Difference>& before) {
  return std::ranges::all_of(now, [&](const MetadataChange::Difference& one) {
    const auto same = std::ranges::find(before, one.key, &MetadataChange::Difference::key);
    return !one.asked && same != before.end() && same->found == one.found;
  });
}

}  // namespace

MetadataPlan::Look MetadataPlan::look(const Task& task, SimAnswer answer) {
  Look look;
  look.exact = answer.metadata_text.has_value();
  if (look.exact) look.differences = task.change->differences(*answer.metadata_text);
  if (!look.differences.empty()) look.merged = task.change->merged(*answer.metadata_text);
  look.reading = {std::move(answer.sim), answer.exchange.asked_at, answer.exchange.observed_at};
  return look;
}

void MetadataPlan::add(const MetadataRequest& request, Time now) {
  if (const auto aside = aside_.find(request.sim_id); aside != aside_.end()) {
    if (now < aside->second) return;
    aside_.erase(aside);
  }
  if (given_up_ || left_.contains(request.sim_id) || !sims_.insert(request.sim_id).second) return;
  Place& place = *requests_.emplace(request.id, Request{}).first;
  Request& added = place.second;
  added.sim_id = request.sim_id;
  added.attempts = request.attempts;
  added.overtaken = request.overtaken;
  if (!request.metadata) {
    step(place, MetadataState::failed,
         "the request is larger than " + std::to_string(kMostRequestBytes / 1024) + " KiB; ask for less at once");
    return;
  }
  if (auto change = MetadataChange::read(*request.metadata, request.remove)) {
    added.change = std::make_shared<const MetadataChange>(std::move(*change));
    fresh_.push_back(request.id);
  } else {
    step(place, MetadataState::failed,
         "the metadata are not an object of keys and values that the API could hold; set keys to texts or numbers");
  }
}

std::optional<MetadataPlan::Task> MetadataPlan::next(Time now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    again_.push_back(later_.begin()->second);
    later_.erase(later_.begin());
  }
  if (circuit_.open()) {
    if (waiting_ == Waiting::no) leave_all();
    if (!circuit_.may_probe(now)) return std::nullopt;
    begin_again_unsent();
  }
  Task task;
  if (circuit_.open() && again_.size() + fresh_.size() > 0) {
    task.request = take_probe();
  } else if (!again_.empty()) {
    task.request = again_.front();
    again_.pop_front();
  } else if (!ready_.empty()) {
    task.request = ready_.front();
    ready_.pop_front();
    task.kind = Task::Kind::send;
  } else if (!fresh_.empty() && started_ < at_once_) {
    task.request = fresh_.front();
    fresh_.pop_front();
  } else {
    return std::nullopt;
  }
  if (circuit_.open()) {
    circuit_.probe_sent();
    probe_ = task.request;
  }
  Request& request = requests_.at(task.request);
  if (!std::exchange(request.started, true)) ++started_;
  task.sim_id = request.sim_id;
  task.change = request.change;
  if (task.kind == Task::Kind::send) task.metadata = std::move(request.merged);
  return task;
}

// What they would send is old by the time that it can be.
void MetadataPlan::begin_again_unsent() {
  again_.insert(again_.end(), ready_.begin(), ready_.end());
  ready_.clear();
}

// To find out about the API, not about a SIM: rather one that has not failed, so that none that always fails can keep
// all the others waiting.
std::int64_t MetadataPlan::take_probe() {
  const auto good = std::ranges::find(again_, 0U, [this](std::int64_t id) { return requests_.at(id).failures; });
  std::deque<std::int64_t>& from = good == again_.end() && !fresh_.empty() ? fresh_ : again_;
  const auto place = good == again_.end() ? from.begin() : good;
  const std::int64_t probe = *place;
  from.erase(place);
  return probe;
}

// One pass waits for nobody: what is not under way is left.
void MetadataPlan::leave_all() {
  given_up_ = true;
  begin_again_unsent();
  for (const auto& [time, request] : std::exchange(later_, {})) leave(request);
  for (const std::int64_t request : std::exchange(again_, {})) leave(request);
  for (const std::int64_t request : std::exchange(fresh_, {})) leave(request);
}

void MetadataPlan::leave(std::int64_t request) {
  left_.insert(requests_.at(request).sim_id);
  drop(request);
}

std::optional<MetadataPlan::Time> MetadataPlan::next_due() const {
  std::optional<Time> due;
  const bool may_begin = started_ < at_once_ || circuit_.open();
  if (!again_.empty() || !ready_.empty() || (!fresh_.empty() && may_begin)) {
    due = Time::min();
  } else if (!later_.empty()) {
    due = later_.begin()->first;
  }
  if (!due || !circuit_.open() || waiting_ == Waiting::no) return due;
  if (circuit_.probing()) return std::nullopt;
  return std::max(*due, circuit_.probe_at());
}

void MetadataPlan::read(const Task& task, Look look, Time now) {
  circuit_.answered();
  probe_.reset();
  Place& place = *requests_.find(task.request);
  Request& request = place.second;
  if (!look.exact) {
    step(
        place, MetadataState::failed,
        "the API's answer holds bytes that are no text, so what is there could not be kept; report it to the provider");
  } else if (look.differences.empty()) {
    step(place, MetadataState::applied, "", std::move(look.reading));
  } else if (std::exchange(request.answered, false)) {
    look_again(place, now + kLate * (1U << std::min<std::uint64_t>(request.overtaken++, kMostOvertaken)));
  } else if (request.overtaken > 0 && only_kept(look.differences, request.before)) {
    step(place, MetadataState::failed,
         "the API keeps keys that are not named, so they cannot be removed; what was to be set is set: " +
             told(look.differences),
         std::move(look.reading));
  } else if (request.overtaken >= kMostOvertaken) {
    step(place, MetadataState::conflict,
         "the API took it " + std::to_string(request.overtaken) +
             " times and had something else each time; somebody else writes the same keys: " + told(look.differences),
         std::move(look.reading));
  } else {
    send(place, std::move(look));
  }
}

// Not before it is stored that it is about to be sent: whoever sees the change first knows it by that.
void MetadataPlan::send(Place& place, Look look) {
  Request& request = place.second;
  if (look.merged.size() > kMaxJsonBytes) {
    step(place, MetadataState::failed, "the SIM's metadata would be larger than 1 MiB; remove keys first");
    return;
  }
  request.before = std::move(look.differences);
  request.merged = std::move(look.merged);
  step(place, MetadataState::pending, "", std::move(look.reading));
  json::append_clean(request.merged, steps_.back().sent.emplace());
}

void MetadataPlan::sent(const Task& task) {
  circuit_.answered();
  probe_.reset();
  Request& request = requests_.at(task.request);
  request.answered = true;
  request.failures = 0;
  again_.push_back(task.request);
}

void MetadataPlan::failed(const Task& task, const ApiError& error, Time now) {
  Place& place = *requests_.find(task.request);
  const bool probe = probe_ == task.request;
  if (probe) probe_.reset();
  if (error.failure() == ApiFailure::stopped) {
    if (probe) circuit_.probe_lost();
    look_again(place, now);
    return;
  }
  Request& request = place.second;
  const bool of_api = is_of_api(error.failure());
  if (!of_api) {
    circuit_.answered();
  } else if (probe || request.failures == 0) {
    // What failed before may be about that SIM, and says nothing more of the API.
    circuit_.failed(now, probe);
  }
  // What is not answered is asked once more at once, for it may have been carried out.
  const bool unknown = task.kind == Task::Kind::send && !is_surely_unsent(error.failure());
  if (is_refused(error, task.kind)) {
    step(place, MetadataState::failed, error.what());
  } else if (unknown && ++request.failures == 1) {
    look_again(place, now);
  } else {
    if (!unknown) ++request.failures;
    put_off(place, error, of_api, now);
  }
}

void MetadataPlan::put_off(Place& place, const ApiError& error, bool of_api, Time now) {
  Request& request = place.second;
  if (waiting_ == Waiting::no) {
    leave(place.first);
    return;
  }
  milliseconds wait = kFirstWait * (1U << std::min(request.failures - 1, 10U));
  wait = std::min(wait, of_api ? kLongestWaitForApi : kLongestWaitForSim);
  wait = std::max(wait, error.retry_after().value_or(milliseconds{0}));
  if (!of_api && request.noted != error.what()) {
    request.noted = error.what();
    request.due = now + wait;
    end_start(request);
    step(place, MetadataState::pending, request.noted);
  } else {
    look_again(place, now + wait);
  }
}

void MetadataPlan::look_again(Place& place, Time at) {
  end_start(place.second);
  place.second.answered = false;
  later_.emplace(at, place.first);
}

void MetadataPlan::step(Place& place, MetadataState state, std::string error, std::optional<SimReading> reading) {
  const Request& request = place.second;
  MetadataStep& step = steps_.emplace_back();
  step.request = place.first;
  step.sim_id = request.sim_id;
  step.attempts = request.attempts;
  step.state = state;
  step.overtaken = request.overtaken;
  step.error = std::move(error);
  step.as_read = std::move(reading);
}

std::vector<MetadataStep> MetadataPlan::take_steps(std::size_t most) {
  const auto end = steps_.begin() + static_cast<std::ptrdiff_t>(std::min(most, steps_.size()));
  std::vector<MetadataStep> taken{std::make_move_iterator(steps_.begin()), std::make_move_iterator(end)};
  steps_.erase(steps_.begin(), end);
  return taken;
}

void MetadataPlan::stored(const std::vector<MetadataStep>& steps, const std::vector<std::int64_t>& stored, Time now) {
  const std::set<std::int64_t> good{stored.begin(), stored.end()};
  for (const MetadataStep& step : steps) {
    const bool lost = !good.contains(step.request);
    if (lost && waiting_ == Waiting::no) left_.insert(step.sim_id);
    if (lost && waiting_ == Waiting::yes) aside_[step.sim_id] = now + kAside;
    if (lost || step.state != MetadataState::pending) {
      drop(step.request);
      continue;
    }
    Request& request = requests_.at(step.request);
    if (step.sent) {
      ++request.attempts;
      ready_.push_back(step.request);
    } else {
      later_.emplace(request.due, step.request);
    }
  }
}

void MetadataPlan::drop(std::int64_t request) {
  const auto found = requests_.find(request);
  end_start(found->second);
  sims_.erase(found->second.sim_id);
  requests_.erase(found);
}

void MetadataPlan::end_start(Request& request) {
  if (std::exchange(request.started, false)) --started_;
}

}  // namespace simsync
