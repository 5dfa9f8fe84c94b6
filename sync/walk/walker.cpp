#include "sync/walk/walker.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <iterator>
#include <mutex>
#include <thread>

#include "sync/bounded_queue.h"
#include "sync/walk/missing_sims.h"
#include "sync/walk/walk_plan.h"

namespace simsync {
namespace {

constexpr char kStopped[] = "stopped before its end";
constexpr std::size_t kFetchers = 1;         // the plan hands out one page at a time as yet
constexpr std::size_t kQueuedPages = 16;     // fetched, not yet taken by the writer
constexpr std::size_t kBatchSims = 4000;     // one transaction; large enough that its fixed cost does not count
constexpr std::size_t kSkippedSims = 500;    // read one by one after an incomplete walk
constexpr int kNewestPage = 200;             // SIMs
constexpr std::uint64_t kNewestPages = 100;  // of a look at new SIMs; more wait for the full walk

PageFailure page_failure(const ApiError& error, const PageRequest& request) {
  switch (error.failure()) {
    case ApiFailure::rejected:
    case ApiFailure::not_found:
      // What a list answers when its cursor's SIM no longer exists is not documented: 400 or 404 (facts.md, "Lists").
      return request.after.empty() ? PageFailure::no_api : PageFailure::cursor_gone;
    case ApiFailure::server_error:
    case ApiFailure::malformed:
    case ApiFailure::too_large:
    case ApiFailure::timeout:
      return PageFailure::bad_page;
    default:
      return PageFailure::no_api;
  }
}

// Every SIM, whatever its status: the API's default leaves retired ones out.
ListQuery whole_list(const std::string& after, int limit) {
  ListQuery query;
  query.statuses = kAllStatuses;
  query.after = after;
  query.limit = limit;
  return query;
}

std::vector<SimReading> readings_of(SimPage&& page) {
  std::vector<SimReading> readings;
  readings.reserve(page.sims.size());
  for (Sim& sim : page.sims) {
    readings.push_back({std::move(sim), page.exchange.asked_at, page.exchange.observed_at});
  }
  return readings;
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

}  // namespace

// What the fetching threads and the writing one share.
struct Walker::Fetch {
  std::mutex mutex;
  std::condition_variable_any changed;  // the plan moved on
  WalkPlan plan;
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::exception_ptr failure;  // of a fetcher, for the writer

  BoundedQueue<SimPage> pages{kQueuedPages};
  std::atomic<std::size_t> fetchers = kFetchers;  // still at work
  std::stop_source stopping;                      // by the caller's stop, or when the writer ends early

  void count(unsigned attempts) {
    requests += attempts;
    retries += retries_of(attempts);
  }
};

Walker::Walker(std::string project, SimApi& api, StoreFactory& stores, const WalkConfig& config, Patience patience)
    : project_(std::move(project)),
      api_(api),
      stores_(stores),
      store_(stores.open()),
      config_(config),
      patience_(patience),
      retry_(patience, project_) {}

Walker::~Walker() = default;

WalkRecord Walker::begin(WalkKind kind, std::stop_token stop) {
  WalkRecord record;
  record.kind = kind;
  record.started_at = wall_clock();
  record.id = retry_(stop, [&] { return store_->begin_walk(project_, kind, record.started_at); });
  return record;
}

void Walker::finish(WalkRecord& record, const std::vector<Disappearance>& gone, std::stop_token stop) {
  record.finished_at = wall_clock();
  retry_(stop, [&] { store_->finish_walk(project_, record, gone); });
  log_walk(project_, record, patience_);
}

// What no answer of the API explains (memory, threads) ends the walk where its caller can see it.
void Walker::run_fetcher(Fetch& fetch) {
  try {
    fetch_pages(fetch);
  } catch (...) {
    const std::lock_guard lock{fetch.mutex};
    fetch.failure = std::current_exception();
    fetch.stopping.request_stop();
  }
  if (--fetch.fetchers == 0) fetch.pages.close();
}

void Walker::fetch_pages(Fetch& fetch) {
  const std::stop_token stop = fetch.stopping.get_token();
  while (!stop.stop_requested()) {
    std::optional<PageRequest> request;
    {
      std::unique_lock lock{fetch.mutex};
      const bool go = fetch.changed.wait(lock, stop, [&] {
        request = fetch.plan.next();
        return request || fetch.plan.wants_detour() || fetch.plan.finished();
      });
      if (!go || (!request && fetch.plan.finished())) break;
    }
    if (!request) {
      take_detour(fetch);
      continue;
    }
    try {
      SimPage page = api_.list(whole_list(request->after, request->limit), stop);
      {
        const std::lock_guard lock{fetch.mutex};
        fetch.count(page.exchange.attempts);
        fetch.plan.arrived(*request, page);
      }
      if (!fetch.pages.push(std::move(page), stop)) break;
    } catch (const ApiError& error) {
      const std::lock_guard lock{fetch.mutex};
      fetch.count(error.attempts());
      fetch.plan.failed(*request, page_failure(error, *request), error.what());
    }
    fetch.changed.notify_all();
  }
}

// The plan is stuck before a page that cannot be read.
void Walker::take_detour(Fetch& fetch) {
  std::unique_lock lock{fetch.mutex};
  if (!fetch.plan.wants_detour()) return;
  const TimePoint before = fetch.plan.oldest_read().value_or(wall_clock());
  const std::size_t distance = fetch.plan.detour_distance();
  const std::string position = fetch.plan.position();
  lock.unlock();
  std::optional<std::string> beyond = known_beyond(before, distance);
  if (!beyond) beyond = listed_beyond(position, fetch);
  lock.lock();
  fetch.plan.detour(beyond);
  lock.unlock();
  fetch.changed.notify_all();
}

// Rare, so it pays for a connection of its own.
std::optional<std::string> Walker::known_beyond(TimePoint before, std::size_t distance) {
  try {
    return stores_.open()->present_beyond(project_, before, distance);
  } catch (const StorageError& error) {
    log::warning("no way around an unreadable page", {{"project", project_}, {"error", error.what()}});
    return std::nullopt;
  }
}

// Nothing is known yet (a first walk). What makes the page unreadable has one status, so the list of another one
// leads past it; of those, the newest SIM skips the least.
std::optional<std::string> Walker::listed_beyond(const std::string& position, Fetch& fetch) {
  const std::stop_token stop = fetch.stopping.get_token();
  std::optional<Sim> newest;
  for (const std::string& status : kAllStatuses) {
    try {
      ListQuery query = whole_list(position, 1);
      query.statuses = {status};
      SimPage page = api_.list(query, stop);
      std::unique_lock lock{fetch.mutex};
      fetch.count(page.exchange.attempts);
      lock.unlock();
      if (page.sims.empty()) continue;
      if (!newest || newest->created_at < page.sims[0].created_at) newest = page.sims[0];
      // A cursor's own SIM is not on the page behind it.
      fetch.pages.push(std::move(page), stop);
    } catch (const ApiError& error) {
      const std::lock_guard lock{fetch.mutex};
      fetch.count(error.attempts());
    }
  }
  if (!newest) return std::nullopt;
  return newest->id;
}

void Walker::write(const std::vector<SimReading>& readings, WalkRecord& record, const std::stop_token& stop) {
  if (readings.empty()) return;
  const ApplyResult result = retry_(stop, [&] { return store_->apply(project_, readings); });
  record.created += result.created;
  record.changed += result.changed;
  record.skipped += result.rejected.size();
  for (const std::string& id : result.rejected) {
    skip_log_.note("SIM skipped", project_, id, "the database cannot hold one of its values");
    record.error = "SIM " + id + " skipped: the database cannot hold one of its values";
  }
}

void Walker::write_pages(Fetch& fetch, WalkRecord& record, const WalkProgress& progress, const std::stop_token& stop) {
  std::vector<SimReading> batch;
  while (std::optional<SimPage> page = fetch.pages.pop(stop)) {
    // Whatever else has arrived goes into the same transaction.
    for (; page; page = batch.size() < kBatchSims ? fetch.pages.try_pop() : std::nullopt) {
      ++record.pages;
      for (const SkippedItem& item : page->skipped) skip_log_.note("SIM skipped", project_, item.id, item.reason);
      std::vector<SimReading> readings = readings_of(std::move(*page));
      std::move(readings.begin(), readings.end(), std::back_inserter(batch));
      if (batch.size() >= kBatchSims) break;
    }
    write(batch, record, stop);
    batch.clear();
    {
      const std::lock_guard lock{fetch.mutex};
      record.sims = fetch.plan.seen().size();
    }
    if (progress) progress(record);
  }
}

// What the plan says of the walk, and what the writing added to it. The fetchers have ended.
void Walker::conclude(const Fetch& fetch, WalkRecord& record) {
  record.sims = fetch.plan.seen().size();
  record.requests += fetch.requests;
  record.retries += fetch.retries;
  record.skipped += fetch.plan.skipped();
  const bool rejected = !record.error.empty();
  record.outcome = fetch.plan.outcome();
  if (!fetch.plan.error().empty()) record.error = fetch.plan.error();
  if (rejected && record.outcome == WalkOutcome::complete) record.outcome = WalkOutcome::incomplete;
}

WalkRecord Walker::full(std::stop_token stop, const WalkProgress& progress) {
  WalkRecord record = begin(WalkKind::full, stop);
  Fetch fetch;
  const std::stop_callback pass_on{stop, [&fetch] { fetch.stopping.request_stop(); }};
  {
    std::vector<std::jthread> fetchers;
    for (std::size_t i = 0; i < kFetchers; ++i) fetchers.emplace_back([this, &fetch] { run_fetcher(fetch); });
    // An error of the writer ends the fetchers before they are waited for.
    const StopOnExit stop_on_exit{fetch.stopping};
    write_pages(fetch, record, progress, stop);
  }
  if (fetch.failure) std::rethrow_exception(fetch.failure);
  std::vector<Disappearance> gone;
  if (stop.stop_requested()) {
    record.outcome = WalkOutcome::failed;
    record.error = kStopped;
  } else {
    conclude(fetch, record);
    if (record.outcome == WalkOutcome::complete) {
      gone = find_missing(fetch, record, stop);
    } else if (record.outcome == WalkOutcome::incomplete) {
      read_what_was_skipped(fetch, record, stop);
    }
  }
  finish(record, gone, stop);
  return record;
}

// A page that cannot be had, or a way around it, leaves out SIMs that can be read one by one. They are few; that some
// of them are gone is for a complete walk to find out.
void Walker::read_what_was_skipped(const Fetch& fetch, WalkRecord& record, const std::stop_token& stop) {
  const std::vector<std::string> unseen =
      retry_(stop, [&] { return unseen_sims(*store_, project_, fetch.plan.seen(), kSkippedSims); });
  const MissingSims found = ask_for_missing(api_, unseen, kSkippedSims, stop);
  record.requests += found.requests;
  record.retries += found.retries;
  write(found.still_there, record, stop);
}

std::vector<Disappearance> Walker::find_missing(const Fetch& fetch, WalkRecord& record, const std::stop_token& stop) {
  const std::uint64_t present = retry_(stop, [&] { return store_->present_count(project_); });
  // Every SIM that was read is stored and present, unless this is a dry run: equal numbers mean that none is missing.
  if (present == fetch.plan.seen().size() && record.id != 0) return {};
  const std::uint64_t believable = config_.max_disappeared.of(present);
  // One more than can be settled either way is enough to know that the list is not to be believed.
  const std::uint64_t most = 2 * believable + 1;
  const std::vector<std::string> unseen =
      retry_(stop, [&] { return unseen_sims(*store_, project_, fetch.plan.seen(), most); });
  if (unseen.empty()) return {};
  MissingSims missing = ask_for_missing(api_, unseen, believable, stop);
  record.requests += missing.requests;
  record.retries += missing.retries;
  write(missing.still_there, record, stop);
  if (!record.error.empty()) record.outcome = WalkOutcome::incomplete;
  if (missing.gone.size() > believable || missing.still_there.size() > believable) {
    record.outcome = WalkOutcome::incomplete;
    record.held_back = missing.unlisted;
    record.error = "the list left out " + std::to_string(missing.unlisted) +
                   (missing.unlisted == most ? " or more" : "") + " SIMs, more than walk.max_disappeared allows (" +
                   std::to_string(believable) + "): none was taken for missing";
    return {};
  }
  if (missing.unanswered > 0) {
    record.outcome = WalkOutcome::incomplete;
    record.error = stop.stop_requested()
                       ? kStopped
                       : std::to_string(missing.unanswered) + " SIMs were not on the list and could not be asked for";
  }
  // Only a complete walk can find a SIM missing (product.md, promise 2); the next one will.
  if (record.outcome != WalkOutcome::complete) return {};
  return std::move(missing.gone);
}

WalkRecord Walker::fresh(std::stop_token stop) {
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
      const std::optional<std::string> next = page.more_after;
      const std::uint64_t created_before = record.created;
      const std::uint64_t on_page = page.sims.size();
      write(readings_of(std::move(page)), record, stop);
      more = on_page > 0 && record.created - created_before == on_page && next && *next != after;
      if (more) after = *next;
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
