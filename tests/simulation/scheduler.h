// The fibres themselves, for virtual_threads.cpp and pthread_calls.cpp.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {

// What the C++ runtime keeps for each thread about exceptions that are under way (Itanium C++ ABI, __cxa_eh_globals).
struct ExceptionState {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

struct Fibre {
  std::uint64_t id = 0;
  std::function<void()> action;
  Machine* machine = nullptr;
  ucontext_t context{};
  std::unique_ptr<char[]> stack;
  ExceptionState exceptions;
  bool ended = false;
  bool detached = false;
  bool timed_out = false;           // how its last wait ended
  const void* waits_for = nullptr;  // nullptr: it can go on, or it only sleeps
  bool waiting = false;
  std::uint64_t wait = 0;  // the number of its present wait: an alarm for another one is out of date
};

class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The one that runs; nullptr: none does, and the calls are the C library's own.
  static Scheduler* present() { return present_; }

  Fibre& start(std::function<void()> action);
  void run_until_ended(Fibre& first);

  [[nodiscard]] Fibre& current() { return *current_; }
  [[nodiscard]] Fibre* find(std::uint64_t id);
  void forget(Fibre& fibre);

  // Until woken, or until `deadline`. False: it was that.
  bool wait(const void* what, Nanoseconds deadline = kNever);
  // Another fibre may go on first, by chance.
  void perhaps_yield();
  void yield();
  void wake_one(const void* what);
  void wake_all(const void* what);

  [[nodiscard]] Nanoseconds now() const { return now_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  static constexpr Nanoseconds kNever = Nanoseconds::max();

 private:
  struct Alarm {
    Nanoseconds time;
    std::uint64_t order;  // alarms of one time go off in the order in which they were set
    std::uint64_t fibre;
    std::uint64_t wait;
    bool operator>(const Alarm& other) const { return time != other.time ? time > other.time : order > other.order; }
  };

  static void enter();
  void resume(Fibre& fibre);
  void leave();  // the current fibre
  void make_ready(Fibre& fibre, bool timed_out);
  Fibre* pick();
  bool advance();
  [[nodiscard]] std::string who_waits() const;

  static Scheduler* present_;

  std::mt19937_64 random_;
  Nanoseconds now_{0};
  std::uint64_t steps_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_alarm_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Fibre>> fibres_;
  std::vector<Fibre*> ready_;
  std::unordered_map<const void*, std::deque<Fibre*>> waiting_;
  std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
  std::vector<std::unique_ptr<char[]>> stacks_;  // of fibres that have ended
  Fibre* current_ = nullptr;
  ucontext_t context_{};
  ExceptionState exceptions_;
};

}  // namespace simsync::simulation
