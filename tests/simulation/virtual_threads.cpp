#include "tests/simulation/virtual_threads.h"

#include <cxxabi.h>
#include <sys/single_threaded.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "tests/simulation/scheduler.h"

namespace simsync::simulation {
namespace {

constexpr std::size_t kStack = 256UL * 1024;

// One call in so many is where another fibre goes on although this one could.
constexpr unsigned kInterruptOneIn = 16;

ExceptionState exchange_exceptions(const ExceptionState& with) {
  ExceptionState before;
  void* const globals = abi::__cxa_get_globals();
  std::memcpy(&before, globals, sizeof before);
  std::memcpy(globals, &with, sizeof with);
  return before;
}

}  // namespace

Scheduler* Scheduler::present_ = nullptr;

Scheduler::Scheduler(std::uint64_t seed) : random_(seed) {
  // The C++ library leaves out what only several threads need while the C library knows of one.
  __libc_single_threaded = 0;
  present_ = this;
}

Scheduler::~Scheduler() {
  present_ = nullptr;
}

Fibre& Scheduler::start(std::function<void()> action) {
  auto made = std::make_unique<Fibre>();
  Fibre& fibre = *made;
  fibre.id = next_id_++;
  fibre.action = std::move(action);
  if (current_ != nullptr) fibre.machine = current_->machine;
  if (stacks_.empty()) {
    fibre.stack = std::make_unique_for_overwrite<char[]>(kStack);
  } else {
    fibre.stack = std::move(stacks_.back());
    stacks_.pop_back();
  }
  getcontext(&fibre.context);
  fibre.context.uc_stack.ss_sp = fibre.stack.get();
  fibre.context.uc_stack.ss_size = kStack;
  fibre.context.uc_link = nullptr;
  makecontext(&fibre.context, &Scheduler::enter, 0);
  fibres_.emplace(fibre.id, std::move(made));
  ready_.push_back(&fibre);
  return fibre;
}

void Scheduler::enter() {
  Fibre& fibre = present_->current();
  fibre.action();
  fibre.action = nullptr;
  fibre.ended = true;
  present_->wake_all(&fibre);
  present_->leave();
}

void Scheduler::resume(Fibre& fibre) {
  ++steps_;
  current_ = &fibre;
  exceptions_ = exchange_exceptions(fibre.exceptions);
  swapcontext(&context_, &fibre.context);
  fibre.exceptions = exchange_exceptions(exceptions_);
  current_ = nullptr;
  if (!fibre.ended) return;
  stacks_.push_back(std::move(fibre.stack));
  if (fibre.detached) forget(fibre);
}

void Scheduler::leave() {
  Fibre& fibre = *current_;
  swapcontext(&fibre.context, &context_);
}

void Scheduler::run_until_ended(Fibre& first) {
  while (!first.ended) {
    Fibre* const next = pick();
    if (next != nullptr) {
      resume(*next);
    } else if (!advance()) {
      throw Deadlock("nothing can go on: " + who_waits());
    }
  }
  if (fibres_.size() > 1) throw std::logic_error("threads are left: " + who_waits());
}

// Any of those that can go on, but for those whose machine stands still.
Fibre* Scheduler::pick() {
  while (!ready_.empty()) {
    std::swap(ready_[random_() % ready_.size()], ready_.back());
    Fibre* const fibre = ready_.back();
    ready_.pop_back();
    if (fibre->machine == nullptr || fibre->machine->frozen_until() <= now_) return fibre;
    fibre->waiting = true;
    alarms_.push({fibre->machine->frozen_until(), next_alarm_++, fibre->id, ++fibre->wait});
  }
  return nullptr;
}

// To the next alarm, and all that go off with it.
bool Scheduler::advance() {
  bool any = false;
  while (!alarms_.empty() && (!any || alarms_.top().time <= now_)) {
    const Alarm alarm = alarms_.top();
    alarms_.pop();
    Fibre* const fibre = find(alarm.fibre);
    if (fibre == nullptr || !fibre->waiting || fibre->wait != alarm.wait) continue;
    now_ = std::max(now_, alarm.time);
    // One that was only frozen goes on as it would have: what its own wait came to is known already.
    make_ready(*fibre, fibre->waits_for != nullptr || fibre->timed_out);
    any = true;
  }
  return any;
}

void Scheduler::make_ready(Fibre& fibre, bool timed_out) {
  if (fibre.waits_for != nullptr) {
    auto& others = waiting_[fibre.waits_for];
    std::erase(others, &fibre);
    if (others.empty()) waiting_.erase(fibre.waits_for);
  }
  fibre.waits_for = nullptr;
  fibre.waiting = false;
  fibre.timed_out = timed_out;
  ready_.push_back(&fibre);
}

bool Scheduler::wait(const void* what, Nanoseconds deadline) {
  Fibre& fibre = *current_;
  fibre.waits_for = what;
  fibre.waiting = true;
  fibre.timed_out = false;
  ++fibre.wait;
  if (what != nullptr) waiting_[what].push_back(&fibre);
  if (deadline != kNever) alarms_.push({std::max(deadline, now_), next_alarm_++, fibre.id, fibre.wait});
  leave();
  return !fibre.timed_out;
}

void Scheduler::yield() {
  ready_.push_back(current_);
  leave();
}

void Scheduler::perhaps_yield() {
  if (!ready_.empty() && random_() % kInterruptOneIn == 0) yield();
}

void Scheduler::wake_one(const void* what) {
  const auto found = waiting_.find(what);
  if (found != waiting_.end()) make_ready(*found->second[random_() % found->second.size()], false);
}

void Scheduler::wake_all(const void* what) {
  for (auto found = waiting_.find(what); found != waiting_.end(); found = waiting_.find(what)) {
    make_ready(*found->second.front(), false);
  }
}

Fibre* Scheduler::find(std::uint64_t id) {
  const auto found = fibres_.find(id);
  return found == fibres_.end() ? nullptr : found->second.get();
}

void Scheduler::forget(Fibre& fibre) {
  fibres_.erase(fibre.id);
}

std::string Scheduler::who_waits() const {
  std::string all;
  for (const auto& [id, fibre] : fibres_) {
    if (fibre->ended) continue;
    all += " thread " + std::to_string(id) + " of " + (fibre->machine == nullptr ? "nobody" : fibre->machine->name());
  }
  return all;
}

// ---- what virtual_threads.h promises

void run(std::uint64_t seed, const std::function<void()>& life) {
  std::exception_ptr failure;
  {
    Scheduler scheduler{seed};
    Fibre& first = scheduler.start([&] {
      try {
        life();
      } catch (...) {
        failure = std::current_exception();
      }
    });
    scheduler.run_until_ended(first);
  }
  if (failure) std::rethrow_exception(failure);
}

Nanoseconds now() {
  return Scheduler::present()->now();
}

void sleep(Nanoseconds time) {
  Scheduler::present()->wait(nullptr, now() + time);
}

std::mt19937_64& random() {
  return Scheduler::present()->random();
}

Machine* move_to(Machine* machine) {
  return std::exchange(Scheduler::present()->current().machine, machine);
}

std::uint64_t steps() {
  return Scheduler::present()->steps();
}

}  // namespace simsync::simulation
