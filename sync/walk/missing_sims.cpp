#include "sync/walk/missing_sims.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "config/log.h"

namespace simsync {
namespace {

constexpr std::size_t kPart = 10'000;  // ids read from the store at a time
constexpr std::size_t kAskers = 8;     // requests side by side; the API's client bounds them further

class Asking {
 public:
  Asking(SimApi& api, const std::vector<std::string>& ids, std::stop_token stop, const Pulse& pulse)
      : api_(api), ids_(ids), stop_(std::move(stop)), pulse_(pulse) {}

  // One of several threads.
  void work() {
    while (const std::string* id = next()) {
      ask(*id);
      pulse_.beat();
    }
  }

  MissingSims take() {
    found_.unanswered = ids_.size() - found_.gone.size() - found_.still_there.size();
    return std::move(found_);
  }

 private:
  const std::string* next() {
    const std::lock_guard lock{mutex_};
    return next_ == ids_.size() || stop_.stop_requested() ? nullptr : &ids_[next_++];
  }

  void ask(const std::string& id) {
    const TimePoint asked_at = wall_clock();
    try {
      SimAnswer answer = api_.get(id, stop_);
      const std::lock_guard lock{mutex_};
      count(answer.exchange.attempts);
      // An answer about another SIM says nothing about this one.
      if (answer.sim.id != id) return;
      found_.still_there.push_back({std::move(answer.sim), answer.exchange.asked_at, answer.exchange.observed_at});
    } catch (const ApiError& error) {
      const std::lock_guard lock{mutex_};
      count(error.attempts());
      if (error.failure() != ApiFailure::not_found) return;
      found_.gone.push_back({id, asked_at, wall_clock()});
    } catch (const std::exception& error) {
      log::warning("SIM not asked for", {{"sim", id}, {"error", error.what()}});
    }
  }

  void count(unsigned attempts) {
    found_.requests += attempts;
    found_.retries += retries_of(attempts);
  }

  SimApi& api_;
  const std::vector<std::string>& ids_;
  const std::stop_token stop_;
  const Pulse& pulse_;
  std::mutex mutex_;
  std::size_t next_ = 0;  // with found_, guarded by mutex_
  MissingSims found_;
};

}  // namespace

UnseenSims unseen_sims(InventoryStore& store, const std::string& project, const KnownSims& known, std::size_t most) {
  UnseenSims unseen;
  std::string after;
  while (true) {
    std::vector<std::string> part = store.present_ids(project, after, kPart);
    const bool last = part.size() < kPart;
    if (!last) after = part.back();
    for (std::string& id : part) {
      if (known.seen(known.hasher().id(id))) continue;
      ++unseen.total;
      if (unseen.ids.size() < most) unseen.ids.push_back(std::move(id));
    }
    if (last) return unseen;
  }
}

MissingSims ask_for_missing(SimApi& api, const std::vector<std::string>& ids, std::stop_token stop,
                            const Pulse& pulse) {
  Asking asking{api, ids, std::move(stop), pulse};
  {
    std::vector<std::jthread> askers;
    for (std::size_t i = 0; i < std::min(kAskers, ids.size()); ++i) askers.emplace_back([&asking] { asking.work(); });
  }
  return asking.take();
}

}  // namespace simsync
