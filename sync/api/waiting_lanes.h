// Who waits, by lane, and who is next: the order of service that connections and budget have in common (lane.h).
// Neither locks nor wakes anybody; that is the owner's, whose mutex guards this.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "sync/api/lane.h"

namespace simsync {

// A Waiter has a member `lane`. It belongs to the caller and stays where it is from come() to leave().
template <typename Waiter>
class WaitingLanes {
 public:
  [[nodiscard]] bool empty() const { return of(Lane::polls).empty() && of(Lane::others).empty(); }
  [[nodiscard]] std::size_t size() const { return of(Lane::polls).size() + of(Lane::others).size(); }
  [[nodiscard]] std::size_t size(Lane lane) const { return of(lane).size(); }

  // The first of the lane whose turn it is, or of the only one in which somebody waits; null where nobody does.
  [[nodiscard]] Waiter* next() const {
    const Lane turn = served_last_ == Lane::polls ? Lane::others : Lane::polls;
    const auto& lane = of(turn).empty() ? of(served_last_) : of(turn);
    return lane.empty() ? nullptr : lane.front();
  }

  void come(Waiter& waiter) { of(waiter.lane).push_back(&waiter); }

  // It was its turn, or it gave up.
  void leave(const Waiter& waiter) {
    auto& lane = of(waiter.lane);
    lane.erase(std::find(lane.begin(), lane.end(), &waiter));
  }

  // Also for a caller that did not have to wait, so that whoever has to afterwards is not behind that lane once more.
  void served(Lane lane) { served_last_ = lane; }

  template <typename Action>
  void for_each(Action&& action) const {
    for (const auto& lane : lanes_) {
      for (Waiter* const waiter : lane) action(*waiter);
    }
  }

 private:
  // They are a few dozen at most: moving them up is cheaper than the nodes of a list or deque.
  using Queue = std::vector<Waiter*>;

  Queue& of(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  const Queue& of(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]; }

  std::array<Queue, 2> lanes_;
  Lane served_last_ = Lane::polls;
};

}  // namespace simsync
