#include "sync/project_sync.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "config/log.h"
#include "sync/stopping.h"
#include "sync/walk/walk_times.h"

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSayAlive{15};

// How long a loop that speaks to the database alone may be silent: longer than any of its calls may take before the
// connection is given up (storage/transaction_bounds.h).
constexpr std::chrono::minutes kLongestSilence{6};

// The same of the loop that once a day goes through whole tables.
constexpr std::chrono::hours kLongestOrdering{1};

// Between two looks at what is to be done, so that stop, new settings and whoever watches the loop need not wait.
constexpr std::chrono::seconds kTick{1};

PollSettings poll_settings(const SyncSettings& settings) {
  return {settings.project, settings.profiles, settings.poll_workers, settings.requests_per_second};
}

MetadataSettings metadata_settings(const SyncSettings& settings) {
  return {settings.project, settings.poll_workers, settings.requests_per_second};
}

}  // namespace

// What lives as long as run().
struct ProjectSync::Parts {
  explicit Parts(ProjectSync& sync)
      : poller(poll_settings(sync.settings_), sync.api_, sync.stores_, Patience::until_stop,
               sync.pulse("polls", kLongestSilence)),
        keeper(sync.settings_.project, sync.settings_.history, sync.stores_, {},
               sync.pulse("history", kLongestOrdering)),
        metadata(metadata_settings(sync.settings_), sync.api_, sync.stores_, Patience::until_stop, &doubts,
                 sync.pulse("metadata requests", kLongestSilence)),
        walk(sync.settings_.walk),
        walk_pulse(sync.pulse("walks", kLongestSilence + sync.settings_.longest_call)) {}

  Poller poller;
  HistoryKeeper keeper;
  WalkDoubts doubts;
  MetadataWriter metadata;
  const WalkConfig walk;  // to begin with
  const Pulse walk_pulse;
};

ProjectSync::ProjectSync(SyncSettings settings, SimApi& api, StoreFactory& stores, Pulses* pulses)
    : api_(api), stores_(stores), pulses_(pulses), settings_(std::move(settings)) {}

void ProjectSync::run(std::stop_token stop) {
  std::unique_ptr<Parts> parts;
  const auto have = [&](Parts* present) {
    const std::lock_guard lock{mutex_};
    parts_ = present;
  };
  {
    const std::lock_guard lock{mutex_};
    parts = std::make_unique<Parts>(*this);
    parts_ = parts.get();
  }
  try {
    work(*parts, stop);
  } catch (...) {
    have(nullptr);
    throw;
  }
  have(nullptr);
}

void ProjectSync::work(Parts& parts, const std::stop_token& stop) {
  std::stop_source stopping;
  const std::stop_callback pass_on{stop, [&stopping] { stopping.request_stop(); }};
  std::exception_ptr poll_failure;
  std::exception_ptr walk_failure;
  std::exception_ptr keep_failure;
  std::exception_ptr metadata_failure;
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
    const std::jthread keeping{[&] { guarded(keep_failure, [&] { parts.keeper.run(stopping.get_token()); }); }};
    const std::jthread polling{[&] { guarded(poll_failure, [&] { parts.poller.run(stopping.get_token()); }); }};
    const std::jthread writing_back{
        [&] { guarded(metadata_failure, [&] { parts.metadata.run(stopping.get_token()); }); }};
    guarded(walk_failure, [&] { walk_on_time(parts, stopping.get_token()); });
  }
  if (walk_failure) std::rethrow_exception(walk_failure);
  if (poll_failure) std::rethrow_exception(poll_failure);
  if (keep_failure) std::rethrow_exception(keep_failure);
  if (metadata_failure) std::rethrow_exception(metadata_failure);
}

void ProjectSync::reconfigure(const SyncSettings& settings) {
  const std::lock_guard lock{mutex_};
  const bool polls_differ = settings.profiles != settings_.profiles ||
                            settings.poll_workers != settings_.poll_workers ||
                            settings.requests_per_second != settings_.requests_per_second;
  settings_.walk = settings.walk;
  settings_.profiles = settings.profiles;
  settings_.poll_workers = settings.poll_workers;
  settings_.requests_per_second = settings.requests_per_second;
  settings_.history = settings.history;
  const Milliseconds longest_call = std::max(settings_.longest_call, settings.longest_call);
  settings_.longest_call = settings.longest_call;
  reconfigured_ = true;
  if (parts_ == nullptr) return;
  if (polls_differ) parts_->poller.reconfigure(poll_settings(settings_));
  parts_->keeper.reconfigure(settings_.history);
  parts_->metadata.reconfigure(metadata_settings(settings_));
  // A call under way may go by the old limit.
  parts_->walk_pulse.allow(kLongestSilence + longest_call);
}

std::optional<WalkConfig> ProjectSync::new_walk_config() {
  const std::lock_guard lock{mutex_};
  if (!std::exchange(reconfigured_, false)) return std::nullopt;
  return settings_.walk;
}

Pulse ProjectSync::pulse(const std::string& loop, Milliseconds longest) const {
  return pulses_ == nullptr ? Pulse{} : pulses_->begin(loop + " of " + settings_.project, longest);
}

void ProjectSync::walk_on_time(Parts& parts, std::stop_token stop) {
  const Pulse& pulse = parts.walk_pulse;
  Walker walker{settings_.project, api_,          stores_, parts.walk,   Patience::until_stop,
                Compare::changes,  &parts.poller, pulse,   &parts.doubts};
  StorageRetry retry{Patience::until_stop, settings_.project, StorageRetry::Worth::whatever_passes, pulse};
  const std::unique_ptr<InventoryStore> store = stores_.open();
  std::int64_t run = retry(stop, [&] { return store->begin_watch(settings_.project, watch(WatchKind::run)); });
  bool ever_whole = retry(stop, [&] { return store->ever_complete(settings_.project); });
  WalkTimes times{parts.walk, Clock::now()};
  while (!stop.stop_requested()) {
    const Clock::time_point started = Clock::now();
    if (times.full_is_due(started)) {
      const WalkRecord record = walker.full(stop);
      const bool failed = record.outcome == WalkOutcome::failed;
      ever_whole |= !failed;
      // From its start on, which was long ago if it was gone on with.
      times.walked(std::min(started, Clock::now() - (wall_clock() - record.started_at)), failed, Clock::now());
    } else {
      walker.fresh(stop);
      times.looked(Clock::now());
    }
    // What the polls find out about SIMs meanwhile is mirrored at once.
    do {
      if (const auto config = new_walk_config()) {
        walker.reconfigure(*config);
        times.reconfigure(*config);
        // The record of who watched says how often.
        retry(stop, [&] { store->end_watch(settings_.project, run, wall_clock(), true); });
        run = retry(stop, [&] { return store->begin_watch(settings_.project, watch(WatchKind::run)); });
      }
      walker.mirror(parts.poller.settled_until(std::min(times.next(ever_whole), Clock::now() + kTick), stop), stop);
      pulse.beat();
    } while (Clock::now() < times.next(ever_whole) && !stop.stop_requested());
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
    // Two that carry out the same requests would write over each other.
    if (run != 0) {
      report.metadata = MetadataWriter{metadata_settings(settings_), api_, stores_, Patience::none}.once(stop);
    }
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

Watch ProjectSync::watch(WatchKind kind) {
  const std::lock_guard lock{mutex_};
  return {kind, wall_clock(), settings_.walk.interval, settings_.profiles.interval};
}

// What the service does once a day, for those who have none.
void ProjectSync::tidy(InventoryStore& store, const std::stop_token& stop) {
  if (settings_.compare == Compare::everything) store.count_anew(settings_.project);
  HistoryKeeper{settings_.project, settings_.history, stores_}.forget(store, stop);
}

}  // namespace simsync
