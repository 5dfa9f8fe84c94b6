// What is said again and again is said once and then counted: decides which lines are written. Pure: no clock, no
// thread, no I/O. Bounded: it knows some thousand different lines; where there are more, those of one event count as
// one. Internal to config/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/log.h"

namespace simsync::log {

class Repeats {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  // Two lines are the same when their level, event and texts are; numbers may differ, and so may, within a text of
  // several words, each word that holds a digit: a walk's number, a port, an id.
  static std::uint64_t key_of(int level, std::string_view event, std::span<const Field> fields);

  // The last of the lines that were left out, and how many they are.
  struct Summary {
    int level = 0;
    std::string event;
    std::vector<std::pair<std::string, Field>> fields;  // each key beside what points to it
    std::uint64_t repeated = 0;
    std::chrono::seconds during{0};  // since a line of it was last written

    // The fields, then `repeated` and `for_s`.
    [[nodiscard]] std::vector<Field> all_fields() const;
  };

  // Whether to write this line now. If not, it is counted.
  bool came(int level, std::string_view event, std::span<const Field> fields, TimePoint now);

  // What is to be written by now; all that was left out, if `now` is TimePoint::max().
  std::vector<Summary> due(TimePoint now);

  // When due() has something to do again; TimePoint::max(): never. Moves forward only by due().
  [[nodiscard]] TimePoint next_due() const { return next_due_; }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    TimePoint said;     // a line of it was written
    TimePoint last;     // it came
    unsigned step = 0;  // how often it was written before, which tells how long it is silent now
    Summary left_out;   // since `said`
  };

  static TimePoint due_at(const Known& known);
  static void leave_out(Known& known, int level, std::string_view event, std::span<const Field> fields);

  std::unordered_map<std::uint64_t, Known> known_;
  TimePoint next_due_ = TimePoint::max();
};

}  // namespace simsync::log
