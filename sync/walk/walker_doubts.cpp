// Of the Walker: what it remembers and somebody else has written since.
#include <algorithm>
#include <utility>

#include "sync/walk/walker.h"

namespace simsync {
namespace {

constexpr std::size_t kDoubted = 10'000;  // SIMs; where more changed, all that is stored is read

}  // namespace

// Another process (`simsyncd sync` beside the service) has written what is not known here. It may go on writing after
// this was noticed, so it counts once more the next time.
bool Walker::others_walked(const std::stop_token& stop) {
  const std::int64_t latest = lock_retry_(stop, [&] { return store_->latest_walk(project_); });
  const bool now = latest != latest_walk_;
  const bool before = std::exchange(others_near_, now);
  return now || before;
}

// Somebody who asked the API about a SIM (`simsyncd sim get`) may have written that it changed. If it has changed back
// since, it looks here as if nothing had happened. So where more is recorded than was written here, what has changed
// lately is compared by the database once more. "Lately" is by the clock of who wrote: this machine's, which may have
// been set back meanwhile, or another one's, for which the database's stands.
void Walker::doubt_changed(const std::stop_token& stop) {
  const TimePoint now = wall_clock();
  const TimePoint since = std::min(changes_known_, now) - kLongestToWrite;
  const RecordedRows recorded =
      lock_retry_(stop, [&] { return store_->recorded_since(project_, since, latest_change_); });
  if (recorded.rows != std::exchange(recorded_, 0)) {
    const std::vector<std::string> changed =
        lock_retry_(stop, [&] { return store_->changed_since(project_, since, latest_change_, kDoubted); });
    learnt_ = changed.size() <= kDoubted;
    if (!learnt_) return;
    for (const std::string& id : changed) known_.doubt(known_.hasher().id(id));
  }
  latest_change_ = std::max(latest_change_, recorded.last);
  changes_known_ = std::min(now, recorded.counted_at);
}

// Others write rows of this project as well, in this process; where another one does, others_walked() says so.
void Walker::take_doubts() {
  if (doubts_ == nullptr) return;
  for (const std::string& sim_id : doubts_->take()) known_.doubt(known_.hasher().id(sim_id));
}

}  // namespace simsync
