#include "sync/walk/walker.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "sync/process_identity.h"
#include "sync/walk/walk_plan.h"

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNewestPage = 200;             // SIMs
constexpr std::uint64_t kNewestPages = 100;  // of a look at new SIMs; more wait for the full walk
// How often the place is stored of a walk that has nothing to write: each second, in a long one each ten.
constexpr std::chrono::seconds kSaveEvery{1};
constexpr std::chrono::seconds kSaveAtLeast{10};
constexpr int kSaves = 30;
constexpr std::chrono::seconds kSilence{60};  // after which a walk of another machine counts as interrupted

// Every SIM, whatever its status: the API's default leaves retired ones out.
ListQuery whole_list(const std::string& after, int limit) {
  ListQuery query;
  query.statuses = kAllStatuses;
  query.after = after;
  query.limit = limit;
  return query;
}

void log_walk(const std::string& project, const WalkRecord& record, Patience patience) {
  const double seconds = std::chrono::duration<double>(record.finished_at - record.started_at).count();
  const bool complete = record.outcome == WalkOutcome::complete;
  const bool routine = complete && record.kind == WalkKind::fresh;  // one a minute
  // Whoever asked for one pass is told by the command itself.
  const auto log_it = routine || patience == Patience::none ? log::debug : complete ? log::info : log::warning;
  log_it("walk finished", {{"project", project},
                           {"walk", record.id},
                           {"kind", to_text(record.kind)},
                           {"outcome", to_text(record.outcome)},
                           {"pages", record.pages},
                           {"sims", record.sims},
                           {"created", record.created},
                           {"changed", record.changed},
                           {"disappeared", record.disappeared},
                           {"held_back", record.held_back},
                           {"requests", record.requests},
                           {"retries", record.retries},
                           {"seconds", seconds},
                           {"error", record.error}});
}

// Stopped before it began: nothing is written.
WalkRecord stopped(WalkKind kind) {
  WalkRecord record;
  record.kind = kind;
  record.error = kStopped;
  return record;
}

}  // namespace

Walker::Walker(std::string project, SimApi& api, StoreFactory& stores, const WalkConfig& config, Patience patience,
               Compare compare, WalkNews* news, Pulse pulse, WalkDoubts* doubts)
    : project_(std::move(project)),
      api_(api),
      stores_(stores),
      store_(stores.open()),
      config_(config),
      patience_(patience),
      compare_(compare),
      news_(news),
      doubts_(doubts),
      pulse_(std::move(pulse)),
      retry_(patience, project_, StorageRetry::Worth::whatever_passes, pulse_),
      lock_retry_(patience, project_, StorageRetry::Worth::conflicts, pulse_),
      process_(this_process()) {}

Walker::~Walker() = default;

// A database that was away may have come back without what was committed last (a standby was promoted), so all that is
// known of it is read anew, and a walk goes on from what the database says of it.
template <typename Attempt>
WalkRecord Walker::attempted(const std::stop_token& stop, const Attempt& attempt) {
  for (unsigned failures = 0;; ++failures) {
    try {
      const WalkRecord record = attempt();
      retry_.note_success(failures);
      return record;
    } catch (const StorageError& error) {
      learnt_ = false;
      // One pass waits for locks only, and each call has done so already.
      if (patience_ == Patience::none || !retry_.again(error, failures, stop)) throw;
    }
  }
}

WalkRecord Walker::full(std::stop_token stop, const WalkProgressed& progressed) {
  return attempted(stop, [&] { return walk(stop, progressed); });
}

WalkRecord Walker::fresh(std::stop_token stop) {
  return attempted(stop, [&] { return look(stop); });
}

void Walker::mirror(const std::vector<SimReading>& readings, std::stop_token stop) {
  if (readings.empty()) return;
  attempted(stop, [&] {
    if (!learnt_) learn(random_seed(), std::nullopt, stop);
    WalkRecord none;
    if (!stop.stop_requested()) write_one_by_one(readings, none, stop);
    return none;
  });
}

// ---- what is known

void Walker::learn(std::uint64_t seed, std::optional<TimePoint> seen_since, const std::stop_token& stop) {
  changes_known_ = wall_clock();
  recorded_ = 0;
  lock_retry_(stop, [&] {
    latest_walk_ = store_->latest_walk(project_);
    const RecordedRows recorded = store_->recorded_since(project_, changes_known_ - kLongestToWrite, 0);
    latest_change_ = recorded.last;
    changes_known_ = std::min(changes_known_, recorded.counted_at);
    known_ = KnownSims{seed};
    known_.reserve(store_->present_count(project_));
    store_->read_present(project_, [&](const Sim& sim, TimePoint confirmed_at) {
      known_.load(sim, seen_since && confirmed_at >= *seen_since);
      pulse_.beat();
      return !stop.stop_requested();
    });
  });
  if (compare_ == Compare::everything) known_.doubt_all();
  learnt_ = !stop.stop_requested();
  if (news_ != nullptr) news_->unsure();
}

// The walk that was under way when the program ended or lost the database, unless it is too old to be worth it.
std::optional<WalkProgress> Walker::interrupted(const std::stop_token& stop) {
  if (learnt_ || compare_ == Compare::everything) return std::nullopt;
  std::optional<WalkProgress> open = lock_retry_(stop, [&] { return store_->open_walk(project_); });
  if (!open || open->segments.empty()) return std::nullopt;
  const auto age = wall_clock() - open->record.started_at;
  if (age > 2 * config_.interval || age < -kSaveEvery) return std::nullopt;
  if (open->owner == process_) return open;
  // Another process' walk may be under way. Of one on another machine only its silence tells.
  const std::optional<bool> runs = still_runs(open->owner);
  if (runs.value_or(open->idle < kSilence)) return std::nullopt;
  return open;
}

WalkRecord Walker::begin(WalkKind kind, const std::stop_token& stop) {
  WalkRecord record;
  record.kind = kind;
  record.started_at = wall_clock();
  record.id = lock_retry_(stop, [&] { return store_->begin_walk(project_, kind, record.started_at); });
  latest_walk_ = record.id;
  return record;
}

void Walker::finish(WalkRecord& record, const std::vector<Disappearance>& gone, const std::stop_token& stop) {
  record.finished_at = wall_clock();
  // A walk that was gone on with may have marked some before, which are in what was learnt since.
  const std::uint64_t before = record.disappeared;
  lock_retry_(stop, [&] { store_->finish_walk(project_, record, gone); });
  const std::uint64_t marked = record.disappeared - before;
  recorded_ += marked;
  for (const Disappearance& sim : gone) known_.gone(sim.sim_id);
  if (news_ != nullptr) {
    news_->gone(gone);
    // Some of them were seen by somebody else meanwhile, and stay.
    if (marked != gone.size()) news_->unsure();
  }
  log_walk(project_, record, patience_);
}

// ---- a full walk

WalkRecord Walker::walk(const std::stop_token& stop, const WalkProgressed& progressed) {
  if (learnt_ && others_walked(stop)) learnt_ = false;
  if (learnt_) doubt_changed(stop);
  const std::optional<WalkProgress> open = interrupted(stop);
  if (open) {
    learn(open->seed, open->record.started_at, stop);
    log::info("going on with an interrupted walk",
              {{"project", project_}, {"walk", open->record.id}, {"pages", open->record.pages}});
  } else if (!learnt_) {
    learn(random_seed(), std::nullopt, stop);
  }
  if (stop.stop_requested()) return stopped(WalkKind::full);
  take_doubts();
  WalkRecord record = open ? open->record : begin(WalkKind::full, stop);
  rejected_ = 0;
  WalkPlan plan = open ? WalkPlan{known_, config_.parallel, *open} : WalkPlan{known_, config_.parallel};
  {
    const auto note = [this](const SkippedItem& item) {
      skip_log_.note("SIM skipped", project_, item.id, item.reason);
    };
    PageFetchers fetchers{project_, api_, stores_, plan, known_, note};
    fetchers.start(config_.parallel, stop);
    write_pages(fetchers, plan, record, progressed, stop);
    if (stop.stop_requested()) {
      leave_open(fetchers, plan, record, stop);
      return record;
    }
  }
  const std::vector<Disappearance> gone = conclude(plan, record, stop);
  finish(record, gone, stop);
  return record;
}

void Walker::write_pages(PageFetchers& fetchers, WalkPlan& plan, WalkRecord& record, const WalkProgressed& progressed,
                         const std::stop_token& stop) {
  const WalkRecord before = record;
  const Clock::time_point started = Clock::now();
  Clock::time_point save_at = started + kSaveEvery;
  FetchedSims fetched;
  for (bool more = true; more;) {
    more = fetchers.take(fetched, save_at);
    pulse_.beat();
    const PageFetchers::Counts counts = fetchers.counts();
    record.pages = counts.pages;
    record.sims = counts.sims;
    record.requests = before.requests + counts.requests;
    record.retries = before.retries + counts.retries;
    record.skipped = counts.skipped + rejected_;
    record.token_refused = counts.token_refused;
    fetchers.with([this] { take_doubts(); });
    if (!fetched.readings.empty()) write(fetched, &fetchers, &plan, record, stop);
    if (!more) break;
    const Clock::time_point now = Clock::now();
    if (now >= save_at) {
      save_at = now + std::clamp<Clock::duration>((now - started) / kSaves, kSaveEvery, kSaveAtLeast);
      const auto progress = fetchers.with([&] { return progress_of(plan, {}, fetchers.queued(), record); });
      if (progress) lock_retry_(stop, [&] { store_->save_progress(project_, *progress); });
    }
    if (progressed) progressed(record);
  }
}

std::optional<WalkProgress> Walker::progress_of(WalkPlan& plan, const std::vector<std::uint64_t>& pages,
                                                const FetchedSims& uncommitted, const WalkRecord& record) {
  std::optional<WalkProgress> progress = plan.progress(pages, uncommitted);
  if (!progress) return progress;
  const std::string skipped = progress->record.error;
  progress->record = record;
  progress->owner = process_;
  if (record.error.empty()) progress->record.error = skipped;
  return progress;
}

void Walker::write(const FetchedSims& fetched, PageFetchers* fetchers, WalkPlan* plan, WalkRecord& record,
                   const std::stop_token& stop) {
  std::optional<WalkProgress> progress;
  if (plan != nullptr)
    progress = fetchers->with([&] { return progress_of(*plan, fetched.pages, fetchers->queued(), record); });
  const ApplyResult result =
      lock_retry_(stop, [&] { return store_->apply(project_, fetched.readings, progress ? &*progress : nullptr); });
  if (fetchers == nullptr) {
    remember(fetched, result);
  } else {
    fetchers->with([&] {
      remember(fetched, result);
      plan->committed(fetched.pages);
    });
  }
  if (news_ != nullptr) {
    news_->written(fetched.readings);
    if (result.late > 0 || !result.rejected.empty()) news_->unsure();
  }
  recorded_ += result.recorded;
  record.created += result.created;
  record.changed += result.changed;
  rejected_ += result.rejected.size();
  record.skipped += result.rejected.size();
  for (const std::string& id : result.rejected) {
    skip_log_.note("SIM skipped", project_, id, kUnfit);
    record.error = "SIM " + id + " skipped: " + kUnfit;
  }
}

// Committed is committed. What was ignored or rejected is not known; the next walk has it compared again.
void Walker::remember(const FetchedSims& fetched, const ApplyResult& result) {
  const std::unordered_set<std::string> rejected{result.rejected.begin(), result.rejected.end()};
  for (std::size_t i = 0; i < fetched.keys.size(); ++i) {
    const Sim& sim = fetched.readings[i].sim;
    if (!rejected.contains(sim.id)) known_.stored(fetched.keys[i], sim);
    if (result.late > 0 || rejected.contains(sim.id)) known_.doubt(fetched.keys[i].id);
  }
}

// For the next start to go on with. Where that cannot be stored the walk is over, as far as anybody can tell.
void Walker::leave_open(PageFetchers& fetchers, WalkPlan& plan, WalkRecord& record, const std::stop_token& stop) {
  record.outcome = WalkOutcome::failed;
  const auto progress = fetchers.with([&]() -> std::optional<WalkProgress> {
    if (plan.finished() && plan.outcome() == WalkOutcome::failed) return std::nullopt;
    return progress_of(plan, {}, fetchers.queued(), record);
  });
  record.error = kStopped;
  record.finished_at = wall_clock();
  if (progress) {
    lock_retry_(stop, [&] { store_->save_progress(project_, *progress); });
    log_walk(project_, record, patience_);
  } else {
    finish(record, {}, stop);
  }
}

// What the plan says of the walk, and what the writing added to it. The fetchers have ended.
std::vector<Disappearance> Walker::conclude(const WalkPlan& plan, WalkRecord& record, const std::stop_token& stop) {
  const bool rejected = !record.error.empty();
  record.outcome = plan.outcome();
  if (!plan.error().empty()) record.error = plan.error();
  if (rejected && record.outcome == WalkOutcome::complete) record.outcome = WalkOutcome::incomplete;
  if (record.outcome == WalkOutcome::complete) return find_missing(record, stop);
  if (record.outcome == WalkOutcome::incomplete) read_what_was_skipped(record, stop);
  return {};
}

void Walker::write_one_by_one(std::vector<SimReading> readings, WalkRecord& record, const std::stop_token& stop) {
  if (readings.empty()) return;
  FetchedSims fetched;
  for (SimReading& reading : readings) {
    const SimKey key = known_.hasher().of(reading.sim);
    known_.see(key, reading.sim.created_at);
    fetched.add(key, std::move(reading));
  }
  write(fetched, nullptr, nullptr, record, stop);
}

// ---- new SIMs

WalkRecord Walker::look(const std::stop_token& stop) {
  if (!learnt_ || others_walked(stop)) learn(random_seed(), std::nullopt, stop);
  if (stop.stop_requested()) return stopped(WalkKind::fresh);
  take_doubts();
  WalkRecord record = begin(WalkKind::fresh, stop);
  record.outcome = WalkOutcome::complete;
  std::string after;
  try {
    for (bool more = true; more && record.pages < kNewestPages;) {
      SimPage page = api_.list(whole_list(after, kNewestPage), stop);
      pulse_.beat();
      ++record.pages;
      record.requests += page.exchange.attempts;
      record.retries += retries_of(page.exchange.attempts);
      record.sims += page.sims.size();
      record.skipped += page.skipped.size();
      for (const SkippedItem& item : page.skipped) {
        skip_log_.note("SIM skipped", project_, item.id, item.reason);
        record.error = "SIM " + item.id + " skipped: " + item.reason;
      }
      FetchedSims fetched;
      bool all_new = !page.sims.empty();
      for (Sim& sim : page.sims) {
        const SimKey key = known_.hasher().of(sim);
        all_new = all_new && !known_.is_present(key.id);
        if (!known_.see(key, sim.created_at).to_write) continue;
        fetched.add(key, {std::move(sim), page.exchange.asked_at, page.exchange.observed_at});
      }
      if (!fetched.readings.empty()) write(fetched, nullptr, nullptr, record, stop);
      more = all_new && page.more_after && *page.more_after != after;
      if (more) after = *page.more_after;
    }
    if (record.pages == kNewestPages) record.error = "more new SIMs than a look reads; the full walk reads them";
    if (record.skipped > 0 || !record.error.empty()) record.outcome = WalkOutcome::incomplete;
  } catch (const ApiError& error) {
    record.requests += error.attempts();
    record.retries += retries_of(error.attempts());
    record.outcome = WalkOutcome::failed;
    record.error = error.failure() == ApiFailure::stopped ? kStopped : error.what();
    record.token_refused = error.failure() == ApiFailure::unauthorized;
  }
  finish(record, {}, stop);
  return record;
}

}  // namespace simsync
