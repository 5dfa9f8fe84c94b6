// Whether the API is worth asking at all. After several polls in a row that nobody answered it is asked by one probe at
// a time, ever more rarely, until one is answered: an API that is down is not hammered, and not one profile's next poll
// is put off for what was not its fault. Pure: no clock, no thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace simsync {

class ApiCircuit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr unsigned kFailuresToOpen = 8;  // in a row
  static constexpr std::chrono::seconds kFirstProbe{5};
  static constexpr std::chrono::minutes kLongestWait{5};

  [[nodiscard]] bool open() const { return open_; }
  // Of an open circuit: whether a probe may go now, and if not, when. No time while one is on its way.
  [[nodiscard]] bool may_probe(Time now) const { return !probing_ && now >= probe_at_; }
  [[nodiscard]] bool probing() const { return probing_; }
  [[nodiscard]] Time probe_at() const { return probe_at_; }
  void probe_sent() { probing_ = true; }

  // The API answered something, be it that there is no such SIM. True: that closed the circuit.
  bool answered() {
    in_a_row_ = 0;
    probing_ = false;
    return std::exchange(open_, false);
  }

  // No answer. `probe`: to a probe; what left before the circuit opened says nothing more. True: that opened it.
  bool failed(Time now, bool probe) {
    if (open_) {
      if (!probe || !probing_) return false;
      probing_ = false;
      wait_ = std::min<std::chrono::seconds>(wait_ * 2, kLongestWait);
      probe_at_ = now + wait_;
      return false;
    }
    if (++in_a_row_ < kFailuresToOpen) return false;
    open_ = true;
    probing_ = false;
    wait_ = kFirstProbe;
    probe_at_ = now + wait_;
    return true;
  }

  // The probe came to nothing that tells of the API (its SIM left, the program stops): the next may go.
  void probe_lost() { probing_ = false; }

 private:
  unsigned in_a_row_ = 0;
  bool open_ = false;
  bool probing_ = false;
  std::chrono::seconds wait_{};
  Time probe_at_{};
};

}  // namespace simsync
