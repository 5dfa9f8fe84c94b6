#include "sync/project_sync.h"

#include <algorithm>
#include <exception>
#include <thread>

#include "config/log.h"
#include "sync/history_keeper.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSayAlive{15};

// After a walk that failed the next one does not wait for the interval, but ever longer while they go on failing.
std::chrono::milliseconds pause_after(unsigned failures, std::chrono::milliseconds interval) {
  const std::chrono::milliseconds pause = std::chrono::seconds{5} * (1U << std::min(failures - 1, 10U));
  return std::min(pause, interval);
}

PollSettings poll_settings(const SyncSettings& settings) {
  return {settings.project, settings.profiles, settings.poll_workers, settings.requests_per_second};
}

}  // namespace

ProjectSync::ProjectSync(SyncSettings settings, SimApi& api, StoreFactory& stores)
    : settings_(std::move(settings)), api_(api), stores_(stores) {}

void ProjectSync::run(std::stop_token stop) {
  Poller poller{poll_settings(settings_), api_, stores_, Patience::until_stop};
  std::stop_source stopping;
  const std::stop_callback pass_on{stop, [&stopping] { stopping.request_stop(); }};
  std::exception_ptr poll_failure;
  std::exception_ptr walk_failure;
  std::exception_ptr keep_failure;
  {
    // Either one failing for good ends the other: half a sync would look like a whole one.
    const auto guarded = [&stopping](std::exception_ptr& failure, const auto& action) {
      try {
        action();
      } catch (const StorageError&) {
        if (!stopping.stop_requested()) failure = std::current_exception();
      } catch (...) {
        failure = std::current_exception();
      }
      stopping.request_stop();
    };
    HistoryKeeper keeper{settings_.project, settings_.history, stores_};
    const std::jthread keeping{[&] { guarded(keep_failure, [&] { keeper.run(stopping.get_token()); }); }};
    const std::jthread polling{[&] { guarded(poll_failure, [&] { poller.run(stopping.get_token()); }); }};
    guarded(walk_failure, [&] { walk_on_time(poller, stopping.get_token()); });
  }
  if (walk_failure) std::rethrow_exception(walk_failure);
  if (poll_failure) std::rethrow_exception(poll_failure);
  if (keep_failure) std::rethrow_exception(keep_failure);
}

void ProjectSync::walk_on_time(Poller& poller, std::stop_token stop) {
  Walker walker{settings_.project, api_, stores_, settings_.walk, Patience::until_stop, Compare::changes, &poller};
  StorageRetry retry{Patience::until_stop, settings_.project};
  const std::unique_ptr<InventoryStore> store = stores_.open();
  const std::int64_t run = retry(stop, [&] { return store->begin_watch(settings_.project, watch(WatchKind::run)); });
  bool ever_whole = retry(stop, [&] { return store->ever_complete(settings_.project); });
  Clock::time_point next_full = Clock::now();
  Clock::time_point next_fresh = next_full + settings_.walk.new_sims_interval;
  unsigned failures = 0;
  while (!stop.stop_requested()) {
    const Clock::time_point started = Clock::now();
    const bool full = started >= next_full;
    const WalkRecord record = full ? walker.full(stop) : walker.fresh(stop);
    if (full) {
      failures = record.outcome == WalkOutcome::failed ? failures + 1 : 0;
      ever_whole |= record.outcome != WalkOutcome::failed;
      // From its start on, which was long ago if it was gone on with.
      const Clock::time_point begun = std::min(started, Clock::now() - (wall_clock() - record.started_at));
      next_full = failures == 0 ? begun + settings_.walk.interval
                                : Clock::now() + pause_after(failures, settings_.walk.interval);
    }
    next_fresh = Clock::now() + settings_.walk.new_sims_interval;
    // Before the first whole walk everything is new, and a look at the newest page finds nothing out.
    const Clock::time_point next = ever_whole ? std::min(next_full, next_fresh) : next_full;
    // What the polls find out about SIMs meanwhile is mirrored at once.
    do {
      walker.mirror(poller.settled_until(next, stop), stop);
    } while (Clock::now() < next && !stop.stop_requested());
  }
  // A database that is away is not waited for: then the run ends where it last wrote.
  StorageRetry{Patience::none, settings_.project}(
      stop, [&] { store->end_watch(settings_.project, run, wall_clock(), true); });
}

PassReport ProjectSync::once(std::stop_token stop, const WalkProgressed& on_walk, const PollProgress& on_poll) {
  PassReport report;
  Walker walker{settings_.project, api_, stores_, settings_.walk, Patience::none, settings_.compare};
  const TimePoint called_at = wall_clock();
  const std::unique_ptr<InventoryStore> store = stores_.open();
  const std::int64_t run = store->begin_watch(settings_.project, watch(WatchKind::sync));
  const std::jthread alive{[&](const std::stop_token& done) { say_alive(run, done); }};
  report.walk = walker.full(stop, on_walk);
  if (report.walk.outcome != WalkOutcome::failed && report.walk.started_at < called_at && !stop.stop_requested()) {
    // An interrupted walk was gone on with. What it read before is older than this call: whoever makes a pass wants
    // what there is now, which costs requests but hardly any writing.
    const WalkRecord earlier = report.walk;
    report.walk = walker.full(stop, on_walk);
    report.walk.created += earlier.created;
    report.walk.changed += earlier.changed;
    report.walk.disappeared += earlier.disappeared;
  }
  if (report.walk.outcome != WalkOutcome::failed && !stop.stop_requested()) {
    Poller poller{poll_settings(settings_), api_, stores_, Patience::none};
    report.polls = poller.once(stop, on_poll);
    walker.mirror(poller.settled_until(Clock::now(), stop), stop);
    tidy(*store, stop);
  }
  const bool polled =
      report.polls.polled > 0 || (report.polls.watched == 0 && report.walk.outcome != WalkOutcome::failed);
  store->end_watch(settings_.project, run, wall_clock(), polled);
  return report;
}

// While a pass takes its time. The service says it with the state of its polls.
void ProjectSync::say_alive(std::int64_t run, const std::stop_token& done) {
  std::unique_ptr<InventoryStore> store;
  while (sleep_for(kSayAlive, done)) {
    try {
      if (!store) store = stores_.open();
      store->still_watching(settings_.project, run, wall_clock());
    } catch (const StorageError&) {
      // The pass itself says what is wrong with the database.
    }
  }
}

Watch ProjectSync::watch(WatchKind kind) const {
  return {kind, wall_clock(), settings_.walk.interval, settings_.profiles.interval};
}

// What the service does once a day, for those who have none.
void ProjectSync::tidy(InventoryStore& store, const std::stop_token& stop) {
  if (settings_.compare == Compare::everything) store.count_anew(settings_.project);
  HistoryKeeper{settings_.project, settings_.history, stores_}.forget(store, stop);
}

}  // namespace simsync
