// The fetching side of a walk: threads that ask the WalkPlan for pages, fetch them, and hand on what has to be written.
// The plan lets no segment run further ahead of the database than a page, so what is fetched and not yet written is
// bounded by the number of segments, whatever the difference in speed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/walk/fetched_sims.h"
#include "sync/walk/walk_plan.h"

namespace simsync {

class PageFetchers {
 public:
  struct Counts {
    std::uint64_t pages = 0;
    std::uint64_t sims = 0;  // distinct
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    std::uint64_t skipped = 0;
    bool token_refused = false;
  };
  // Called by a fetching thread.
  using OnSkipped = std::function<void(const SkippedItem&)>;

  // `plan` and `known` belong to the fetchers from start() on: see with(). All outlive this.
  PageFetchers(std::string project, SimApi& api, StoreFactory& stores, WalkPlan& plan, KnownSims& known,
               OnSkipped skipped);
  // Stops and waits.
  ~PageFetchers();
  PageFetchers(const PageFetchers&) = delete;
  PageFetchers& operator=(const PageFetchers&) = delete;
  PageFetchers(PageFetchers&&) = delete;
  PageFetchers& operator=(PageFetchers&&) = delete;

  void start(unsigned threads, const std::stop_token& stop);

  // All that was fetched and is to be written, when there is anything, or nothing at the deadline. False: the walk is
  // at its end, or was stopped. Throws what ended a fetcher that is no answer of the API (memory, threads).
  bool take(FetchedSims& fetched, std::chrono::steady_clock::time_point deadline);

  // Runs `action` while no fetcher looks at the plan or the known SIMs, and wakes those that wait.
  template <typename Action>
  auto with(Action&& action) {
    const NotifyAll notify{changed_};
    const std::lock_guard lock{mutex_};
    return action();
  }

  // What the next take() will give first, in an action of with(): seen by the walk, and not written yet.
  [[nodiscard]] const FetchedSims& queued() const { return queue_; }

  Counts counts();

 private:
  struct NotifyAll {
    std::condition_variable_any& changed;
    ~NotifyAll() { changed.notify_all(); }
  };

  void run();
  void work(const std::stop_token& stop);
  class Reading;
  void fetch(const PageRequest& request, Reading& reading, const std::stop_token& stop);
  void take_in(const PageRequest& request, Reading& reading);
  void look_for_detour(const DetourRequest& request, const std::stop_token& stop);
  std::optional<std::string> known_beyond(const DetourRequest& request);
  std::optional<std::string> listed_beyond(const DetourRequest& request, const std::stop_token& stop);
  void hand_on(const SimReading& reading);
  void count(unsigned attempts);

  const std::string project_;
  SimApi& api_;
  StoreFactory& stores_;
  const OnSkipped skipped_;

  std::mutex mutex_;                     // guards what follows
  std::condition_variable_any changed_;  // the plan moved on
  std::condition_variable_any fetched_;  // something is to be written, or the walk is at its end
  WalkPlan& plan_;
  KnownSims& known_;
  FetchedSims queue_;
  std::uint64_t requests_ = 0;
  std::uint64_t retries_ = 0;
  bool token_refused_ = false;
  std::size_t at_work_ = 0;
  std::exception_ptr failure_;

  std::stop_source stopping_;  // by the caller's stop, or when this ends
  std::optional<std::stop_callback<std::function<void()>>> pass_on_;
  std::vector<std::jthread> threads_;
};

}  // namespace simsync
