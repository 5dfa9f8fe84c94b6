// Which profile next, when again. Decides without I/O, clock or thread: somebody else (poller.h) asks the API and says
// what came. Every profile is asked once each interval; one that changed lately more often, at recent_interval, which
// doubles with each unchanged answer until it is the interval again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "storage/inventory_store.h"

namespace simsync {

class PollSchedule {
 public:
  using Clock = std::chrono::steady_clock;  // a wall clock that jumps must not make a wave of polls

  struct Intervals {
    std::chrono::milliseconds usual;
    std::chrono::milliseconds recent;
  };

  explicit PollSchedule(Intervals intervals) : intervals_(intervals) {}

  // Makes `roster` the profiles to poll. Those that were there keep their place; a new one is due one interval after
  // it was last polled, at once if it never was. `wall_now` is the wall-clock time of `now`.
  void watch(std::vector<WatchedProfile> roster, Clock::time_point now, TimePoint wall_now);

  // The id of the SIM whose profile is due longest, if one is; it is not due again before its answer was told.
  std::optional<std::string> due(Clock::time_point now);

  // What came of it. `failed` waits a little longer with each failure in a row, at most the interval.
  void answered(const EsimProfile& profile, Clock::time_point now);
  void failed(const std::string& sim_id, Clock::time_point now);

  // When the next profile becomes due; nullopt when nothing is waiting to become so.
  [[nodiscard]] std::optional<Clock::time_point> next_due() const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t asked() const { return asked_; }  // given out by due() and not answered yet

 private:
  struct Entry {
    std::string sim_id;
    std::uint64_t known = 0;  // fingerprint of the last answer; 0: none
    Clock::time_point due{};
    std::chrono::milliseconds interval{};
    unsigned failures = 0;
    bool asked = false;
  };
  struct Waiting {
    Clock::time_point due;
    std::uint32_t place;  // in entries_
    bool operator>(const Waiting& other) const { return due != other.due ? due > other.due : place > other.place; }
  };

  Entry* find(const std::string& sim_id);
  void wait_until(Entry& entry, Clock::time_point due);

  Intervals intervals_;
  std::vector<Entry> entries_;  // sorted by id
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  std::size_t asked_ = 0;
};

}  // namespace simsync
