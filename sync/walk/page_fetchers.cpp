#include "sync/walk/page_fetchers.h"

#include <iterator>
#include <utility>

#include "config/log.h"

namespace simsync {
namespace {

constexpr std::size_t kAhead = 8;  // SIMs whose entries are fetched before their turn

PageFailure page_failure(const ApiError& error, const PageRequest& request) {
  switch (error.failure()) {
    case ApiFailure::rejected:
    case ApiFailure::not_found:
      // What a list answers when its cursor's SIM no longer exists is not documented: 400 or 404 (facts.md, "Lists").
      return request.query.after.empty() && request.segment != PageRequest::kScout ? PageFailure::no_api
                                                                                   : PageFailure::cursor_gone;
    case ApiFailure::server_error:
    case ApiFailure::malformed:
    case ApiFailure::too_large:
    case ApiFailure::timeout:
      return PageFailure::bad_page;
    default:
      return PageFailure::no_api;
  }
}

}  // namespace

// A page and the fingerprints of its SIMs, in memory that a fetcher uses again and again.
class PageFetchers::Reading : public KnownItems {
 public:
  explicit Reading(PageFetchers& fetchers) : fetchers_(fetchers) {}

  void look_up(const std::vector<ItemText>& items, std::vector<std::optional<TimePoint>>& created_at) override {
    const SimHasher& hasher = fetchers_.known_.hasher();
    items_.clear();
    for (const ItemText& item : items) {
      items_.push_back({item.id.empty() ? IdKey{} : hasher.id(item.id), 0, hasher.text(item.text), true});
    }
    const std::lock_guard lock{fetchers_.mutex_};
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (i + kAhead < items_.size()) fetchers_.known_.prefetch(items_[i + kAhead].id);
      if (!items[i].id.empty()) created_at[i] = fetchers_.known_.created_if_same(items_[i].id, items_[i].text);
    }
  }

  // After the page was read.
  void make_keys() {
    const SimHasher& hasher = fetchers_.known_.hasher();
    keys.clear();
    for (std::size_t i = 0; i < page.sims.size(); ++i) {
      if (page.places.empty()) {
        keys.push_back(hasher.of(page.sims[i]));
      } else if (page.places[i].known) {
        keys.push_back(items_[page.places[i].item]);
      } else {
        keys.push_back(hasher.of(page.sims[i]));
        keys.back().text = items_[page.places[i].item].text;
      }
    }
  }

  SimPage page;
  std::vector<SimKey> keys;

 private:
  PageFetchers& fetchers_;
  std::vector<SimKey> items_;
};

PageFetchers::PageFetchers(std::string project, SimApi& api, StoreFactory& stores, WalkPlan& plan, KnownSims& known,
                           OnSkipped skipped)
    : project_(std::move(project)),
      api_(api),
      stores_(stores),
      skipped_(std::move(skipped)),
      plan_(plan),
      known_(known) {}

PageFetchers::~PageFetchers() {
  stopping_.request_stop();
}

void PageFetchers::start(unsigned threads, const std::stop_token& stop) {
  pass_on_.emplace(stop, [this] { stopping_.request_stop(); });
  at_work_ = threads;
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

// What no answer of the API explains (memory, threads) ends the walk where its caller can see it.
void PageFetchers::run() {
  try {
    work(stopping_.get_token());
  } catch (...) {
    const std::lock_guard lock{mutex_};
    failure_ = std::current_exception();
  }
  const std::lock_guard lock{mutex_};
  --at_work_;
  fetched_.notify_all();
}

void PageFetchers::work(const std::stop_token& stop) {
  Reading reading{*this};
  while (!stop.stop_requested()) {
    std::optional<PageRequest> request;
    std::optional<DetourRequest> detour;
    {
      std::unique_lock lock{mutex_};
      const bool go = changed_.wait(lock, stop, [&] {
        if (plan_.finished()) return true;
        detour = plan_.next_detour();
        if (!detour) request = plan_.next();
        return detour || request;
      });
      if (!go || plan_.finished()) return;
    }
    if (detour) {
      look_for_detour(*detour, stop);
    } else {
      fetch(*request, reading, stop);
    }
  }
}

void PageFetchers::fetch(const PageRequest& request, Reading& reading, const std::stop_token& stop) {
  try {
    api_.read_list(request.query, stop, reading.page, request.segment == PageRequest::kScout ? nullptr : &reading);
    for (const SkippedItem& item : reading.page.skipped) skipped_(item);
    reading.make_keys();
    take_in(request, reading);
  } catch (const ApiError& error) {
    const std::lock_guard lock{mutex_};
    count(error.attempts());
    // A stop says nothing about the list: the walk is gone on with another time.
    if (error.failure() == ApiFailure::stopped) return;
    token_refused_ |= error.failure() == ApiFailure::unauthorized;
    plan_.failed(request, page_failure(error, request), error.what());
    if (plan_.finished()) fetched_.notify_all();
  }
  changed_.notify_all();
}

void PageFetchers::take_in(const PageRequest& request, Reading& reading) {
  const std::lock_guard lock{mutex_};
  const Exchange& exchange = reading.page.exchange;
  count(exchange.attempts);
  const bool to_write = plan_.arrived(request, reading.page, reading.keys);
  if (to_write || plan_.finished()) fetched_.notify_all();
  if (!to_write) return;
  queue_.pages.push_back(request.number);
  for (std::size_t i = 0; i < reading.keys.size(); ++i) {
    queue_.add(reading.keys[i], {std::move(reading.page.sims[i]), exchange.asked_at, exchange.observed_at});
  }
}

bool PageFetchers::take(FetchedSims& fetched, std::chrono::steady_clock::time_point deadline) {
  fetched = {};
  std::unique_lock lock{mutex_};
  // Once the plan is finished, requests still under way are of no use any more.
  const auto at_end = [this] { return failure_ || at_work_ == 0 || plan_.finished(); };
  fetched_.wait_until(lock, stopping_.get_token(), deadline, [&] { return !queue_.readings.empty() || at_end(); });
  if (failure_) std::rethrow_exception(failure_);
  if (stopping_.stop_requested()) return false;
  std::swap(fetched, queue_);
  return !fetched.readings.empty() || !at_end();
}

void PageFetchers::hand_on(const SimReading& reading) {
  const SimKey key = known_.hasher().of(reading.sim);
  if (!known_.see(key, reading.sim.created_at).to_write) return;
  queue_.add(key, reading);
  fetched_.notify_one();
}

PageFetchers::Counts PageFetchers::counts() {
  const std::lock_guard lock{mutex_};
  return {plan_.pages(), known_.seen(), requests_, retries_, plan_.skipped(), token_refused_};
}

void PageFetchers::count(unsigned attempts) {
  requests_ += attempts;
  retries_ += retries_of(attempts);
}

void PageFetchers::look_for_detour(const DetourRequest& request, const std::stop_token& stop) {
  std::optional<std::string> beyond;
  if (!request.first_walk) beyond = known_beyond(request);
  if (!beyond) beyond = listed_beyond(request, stop);
  if (!beyond && request.first_walk) beyond = known_beyond(request);
  with([&] { plan_.detour(request.segment, beyond); });
}

// Rare, so it pays for a connection of its own.
std::optional<std::string> PageFetchers::known_beyond(const DetourRequest& request) {
  try {
    return stores_.open()->present_beyond(project_, request.before, request.distance);
  } catch (const StorageError& error) {
    log::warning("no way around an unreadable page", {{"project", project_}, {"error", error.what()}});
    return std::nullopt;
  }
}

// Nothing is known yet (a first walk). What makes the page unreadable has one status, so the list of another one
// leads past it; of those, the newest SIM skips the least.
std::optional<std::string> PageFetchers::listed_beyond(const DetourRequest& request, const std::stop_token& stop) {
  std::optional<Sim> newest;
  for (const std::string& status : kAllStatuses) {
    try {
      ListQuery query;
      query.statuses = {status};
      query.after = request.position;
      query.limit = 1;
      const SimPage page = api_.list(query, stop);
      with([&] { count(page.exchange.attempts); });
      if (page.sims.empty()) continue;
      const Sim& sim = page.sims[0];
      if (!newest || newest->created_at < sim.created_at) newest = sim;
      // A cursor's own SIM is not on the page behind it.
      with([&] { hand_on({sim, page.exchange.asked_at, page.exchange.observed_at}); });
    } catch (const ApiError& error) {
      with([&] { count(error.attempts()); });
    }
  }
  if (!newest) return std::nullopt;
  return newest->id;
}

}  // namespace simsync
