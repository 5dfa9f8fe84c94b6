// Threads and time for the simulation: every thread of the program is a fibre of the one real thread, and the clock is
// a number that moves when all of them wait. The code under test is the product's own, unchanged: the calls of the C
// library that std::jthread, std::mutex, std::condition_variable and the clocks are made of are defined anew in
// pthread_calls.cpp. Which fibre goes on, and where one is interrupted, is drawn from a seed, so that a life can be had
// again. What a fibre does between two such calls is one step: data races are for the sanitizers to find.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>

namespace simsync::simulation {

using Nanoseconds = std::chrono::nanoseconds;

// All fibres wait, and nothing will ever wake one of them. what() says for what they wait.
class Deadlock : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a fibre belongs to, and whatever it starts: a machine that can stand still, and whose clock may be wrong.
class Machine {
 public:
  explicit Machine(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  // Its fibres do nothing until then, as those of a process that was sent SIGSTOP.
  void freeze_until(Nanoseconds time) { frozen_until_ = time; }
  [[nodiscard]] Nanoseconds frozen_until() const { return frozen_until_; }
  // By how much its wall clock is ahead; its steady clock is right.
  void set_clock_error(Nanoseconds ahead) { clock_error_ = ahead; }
  [[nodiscard]] Nanoseconds clock_error() const { return clock_error_; }

 private:
  std::string name_;
  Nanoseconds frozen_until_{0};
  Nanoseconds clock_error_{0};
};

// Runs `life` as the first fibre and returns once it has returned; threads that it left running are an error. What it
// throws is thrown here. Throws Deadlock. One at a time.
void run(std::uint64_t seed, const std::function<void()>& life);

// ---- for fibres

// Since the simulation began.
[[nodiscard]] Nanoseconds now();
void sleep(Nanoseconds time);
// What is drawn from it is part of the life.
std::mt19937_64& random();
// What this fibre starts from now on, and it itself, belongs to `machine`; nullptr: to none. Returns the one before.
Machine* move_to(Machine* machine);
// How many times a fibre went on.
[[nodiscard]] std::uint64_t steps();

}  // namespace simsync::simulation
