#include "sync/walk/walker.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "sync/walk/missing_sims.h"
#include "sync/walk/walk_plan.h"

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kStopped[] = "stopped before its end";
constexpr std::size_t kSkippedSims = 500;    // read one by one after an incomplete walk
constexpr int kNewestPage = 200;             // SIMs
constexpr std::uint64_t kNewestPages = 100;  // of a look at new SIMs; more wait for the full walk
// How often the place is stored of a walk that has nothing to write: each second, less often in a long one.
constexpr std::chrono::seconds kSaveEvery{1};
constexpr int kSaves = 30;

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
  const bool routine = complete && record.kind == WalkKind::fresh && record.created + record.changed == 0;
  // Whoever asked for one pass is told by the command itself.
  const auto say = routine || patience == Patience::none ? log::debug : complete ? log::info : log::warning;
  say("walk finished", {{"project", project},
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
               Compare compare)
    : project_(std::move(project)),
      api_(api),
      stores_(stores),
      store_(stores.open()),
      config_(config),
      patience_(patience),
      compare_(compare),
      retry_(patience, project_),
      lock_retry_(patience, project_, StorageRetry::Worth::conflicts) {}

Walker::~Walker() = default;

// A database that was away may have come back without what was committed last (a standby was promoted), so all that is
// known of it is read anew, and a walk goes on from what the database says of it.
template <typename Attempt>
WalkRecord Walker::attempted(const std::stop_token& stop, const Attempt& attempt) {
  for (unsigned failures = 0;; ++failures) {
    try {
      return attempt();
    } catch (const StorageError& error) {
      learnt_ = false;
      if (!retry_.again(error, failures, stop)) throw;
    }
  }
}

WalkRecord Walker::full(std::stop_token stop, const WalkProgressed& progressed) {
  return attempted(stop, [&] { return walk(stop, progressed); });
}

WalkRecord Walker::fresh(std::stop_token stop) {
  return attempted(stop, [&] { return look(stop); });
}

// ---- what is known

void Walker::learn(std::uint64_t seed, std::optional<TimePoint> seen_since, const std::stop_token& stop) {
  lock_retry_(stop, [&] {
    known_ = KnownSims{seed};
    known_.reserve(store_->present_count(project_));
    store_->read_present(project_, [&](const Sim& sim, TimePoint confirmed_at) {
      known_.load(sim, seen_since && confirmed_at >= *seen_since);
      return !stop.stop_requested();
    });
  });
  if (compare_ == Compare::everything) known_.doubt_all();
  learnt_ = !stop.stop_requested();
}

// The walk that was under way when the program ended or lost the database, unless it is too old to be worth it.
std::optional<WalkProgress> Walker::interrupted(const std::stop_token& stop) {
  if (learnt_ || compare_ == Compare::everything) return std::nullopt;
  std::optional<WalkProgress> open = lock_retry_(stop, [&] { return store_->open_walk(project_); });
  if (!open || open->segments.empty()) return std::nullopt;
  const auto age = wall_clock() - open->record.started_at;
  if (age > 2 * config_.interval || age < -kSaveEvery) return std::nullopt;
  return open;
}

WalkRecord Walker::begin(WalkKind kind, const std::stop_token& stop) {
  WalkRecord record;
  record.kind = kind;
  record.started_at = wall_clock();
  record.id = lock_retry_(stop, [&] { return store_->begin_walk(project_, kind, record.started_at); });
  return record;
}

void Walker::finish(WalkRecord& record, const std::vector<Disappearance>& gone, const std::stop_token& stop) {
  record.finished_at = wall_clock();
  lock_retry_(stop, [&] { store_->finish_walk(project_, record, gone); });
  for (const Disappearance& sim : gone) known_.gone(sim.sim_id);
  log_walk(project_, record, patience_);
}

// ---- a full walk

WalkRecord Walker::walk(const std::stop_token& stop, const WalkProgressed& progressed) {
  const std::optional<WalkProgress> open = interrupted(stop);
  if (open) {
    learn(open->seed, open->record.started_at, stop);
    log::info("going on with an interrupted walk",
              {{"project", project_}, {"walk", open->record.id}, {"pages", open->record.pages}});
  } else if (!learnt_) {
    learn(random_seed(), std::nullopt, stop);
  }
  if (stop.stop_requested()) return stopped(WalkKind::full);
  WalkRecord record = open ? open->record : begin(WalkKind::full, stop);
  rejected_ = 0;
  WalkPlan plan = open ? WalkPlan{known_, config_.parallel, *open} : WalkPlan{known_, config_.parallel};
  {
    PageFetchers fetchers{
        project_, api_,
        stores_,  plan,
        known_,   [this](const SkippedItem& item) {
                            skip_log_.note("SIM skipped", project_, item.id, item.reason); }};
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
    const PageFetchers::Counts counts = fetchers.counts();
    record.pages = counts.pages;
    record.sims = counts.sims;
    record.requests = before.requests + counts.requests;
    record.retries = before.retries + counts.retries;
    record.skipped = counts.skipped + rejected_;
    if (!fetched.readings.empty()) write(fetched, &fetchers, &plan, record, stop);
    if (!more) break;
    const Clock::time_point now = Clock::now();
    if (now >= save_at) {
      save_at = now + std::max<Clock::duration>(kSaveEvery, (now - started) / kSaves);
      const auto progress = fetchers.with([&] { return progress_of(plan, {}, record); });
      if (progress) lock_retry_(stop, [&] { store_->save_progress(project_, *progress); });
    }
    if (progressed) progressed(record);
  }
}

std::optional<WalkProgress> Walker::progress_of(WalkPlan& plan, const std::vector<std::uint64_t>& pages,
                                                const WalkRecord& record) {
  std::optional<WalkProgress> progress = plan.progress(pages);
  if (!progress) return progress;
  const std::string skipped = progress->record.error;
  progress->record = record;
  if (record.error.empty()) progress->record.error = skipped;
  return progress;
}

void Walker::write(const FetchedSims& fetched, PageFetchers* fetchers, WalkPlan* plan, WalkRecord& record,
                   const std::stop_token& stop) {
  std::optional<WalkProgress> progress;
  if (plan != nullptr) progress = fetchers->with([&] { return progress_of(*plan, fetched.pages, record); });
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
  record.created += result.created;
  record.changed += result.changed;
  rejected_ += result.rejected.size();
  record.skipped += result.rejected.size();
  for (const std::string& id : result.rejected) {
    skip_log_.note("SIM skipped", project_, id, "the database cannot hold one of its values");
    record.error = "SIM " + id + " skipped: the database cannot hold one of its values";
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
  const auto progress = fetchers.with([&] { return progress_of(plan, {}, record); });
  record.error = kStopped;
  record.finished_at = wall_clock();
  if (progress && (!plan.finished() || plan.outcome() != WalkOutcome::failed)) {
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
    fetched.keys.push_back(known_.hasher().of(reading.sim));
    known_.see(fetched.keys.back(), reading.sim.created_at);
    fetched.readings.push_back(std::move(reading));
  }
  write(fetched, nullptr, nullptr, record, stop);
}

// ---- missing SIMs

// A page that cannot be had, or a way around it, leaves out SIMs that can be read one by one. They are few; that some
// of them are gone is for a complete walk to find out.
void Walker::read_what_was_skipped(WalkRecord& record, const std::stop_token& stop) {
  const UnseenSims unseen = lock_retry_(stop, [&] { return unseen_sims(*store_, project_, known_, kSkippedSims); });
  ask(unseen.ids, record, stop);
}

// Mirrors those that answer, and returns those that the API says are gone.
std::vector<Disappearance> Walker::ask(const std::vector<std::string>& ids, WalkRecord& record,
                                       const std::stop_token& stop) {
  MissingSims found = ask_for_missing(api_, ids, stop);
  record.requests += found.requests;
  record.retries += found.retries;
  write_one_by_one(std::move(found.still_there), record, stop);
  if (record.outcome != WalkOutcome::complete) return {};
  if (found.unanswered > 0) {
    record.error = stop.stop_requested()
                       ? kStopped
                       : std::to_string(found.unanswered) + " SIMs were not on the list and could not be asked for";
  }
  // Only a complete walk can find a SIM missing (product.md, promise 2); the next one will.
  if (!record.error.empty()) record.outcome = WalkOutcome::incomplete;
  return record.outcome == WalkOutcome::complete ? std::move(found.gone) : std::vector<Disappearance>{};
}

// How many may disappear at once: what is configured, and what an operator approved beyond it.
std::uint64_t Walker::believable(std::uint64_t present, std::uint64_t unlisted, const std::stop_token& stop) {
  const std::uint64_t configured = config_.max_disappeared.of(present);
  if (unlisted <= configured) return configured;
  const auto approved = lock_retry_(stop, [&] { return store_->approval(project_); });
  if (!approved) return configured;
  log::info("an approved mass disappearance is carried out",
            {{"project", project_}, {"walk", approved->walk_id}, {"sims", approved->held_back}});
  return configured + approved->held_back;
}

std::vector<Disappearance> Walker::find_missing(WalkRecord& record, const std::stop_token& stop) {
  const std::uint64_t present = lock_retry_(stop, [&] { return store_->present_count(project_); });
  // Somebody else has written to the table: the database is right, and is read anew.
  if (present != known_.present()) learnt_ = false;
  if (learnt_ && known_.unseen() == 0) return {};
  const auto unseen_up_to = [&](std::uint64_t most) {
    return lock_retry_(stop, [&] { return unseen_sims(*store_, project_, known_, most); });
  };
  UnseenSims unseen = unseen_up_to(config_.max_disappeared.of(present));
  if (unseen.total == 0) return {};
  const std::uint64_t allowed = believable(present, unseen.total, stop);
  if (unseen.total > allowed) {
    record.outcome = WalkOutcome::incomplete;
    record.held_back = unseen.total;
    record.error = "the list left out " + std::to_string(unseen.total) +
                   " SIMs, more than walk.max_disappeared allows (" + std::to_string(allowed) +
                   "): none was taken for missing; if they are gone for good: simsyncd approve " +
                   std::to_string(record.id);
    return {};
  }
  if (unseen.total > unseen.ids.size()) unseen = unseen_up_to(unseen.total);
  return ask(unseen.ids, record, stop);
}

// ---- new SIMs

WalkRecord Walker::look(const std::stop_token& stop) {
  if (!learnt_) learn(random_seed(), std::nullopt, stop);
  if (stop.stop_requested()) return stopped(WalkKind::fresh);
  WalkRecord record = begin(WalkKind::fresh, stop);
  record.outcome = WalkOutcome::complete;
  std::string after;
  try {
    for (bool more = true; more && record.pages < kNewestPages;) {
      SimPage page = api_.list(whole_list(after, kNewestPage), stop);
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
        fetched.keys.push_back(key);
        fetched.readings.push_back({std::move(sim), page.exchange.asked_at, page.exchange.observed_at});
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
  }
  finish(record, {}, stop);
  return record;
}

}  // namespace simsync
