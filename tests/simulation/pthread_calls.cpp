// The calls of the C library that threads, locks and clocks of C++ are made of, by the fibres of virtual_threads.h. The
// linker takes these before the library's, for libstdc++ as well. Outside of a simulation, and for whatever a fibre
// cannot do, nothing here may be called: the program has one thread.
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdlib>
#include <random>

#include "tests/simulation/scheduler.h"

namespace {

using simsync::simulation::Fibre;
using simsync::simulation::Nanoseconds;
using simsync::simulation::Scheduler;

// When the simulation begins, by its wall clock: 2026-01-01, and as a steady clock an hour after the machine's start.
constexpr std::chrono::seconds kWallClockBegins{1767225600};
constexpr std::chrono::seconds kSteadyClockBegins{3600};

Scheduler& scheduler() {
  Scheduler* const present = Scheduler::present();
  if (present == nullptr) std::abort();
  return *present;
}

Nanoseconds clock_base(clockid_t clock) {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return kSteadyClockBegins;
  const auto* machine = scheduler().current().machine;
  return kWallClockBegins + (machine == nullptr ? Nanoseconds{0} : machine->clock_error());
}

Nanoseconds from_timespec(const timespec& time) {
  return std::chrono::seconds{time.tv_sec} + Nanoseconds{time.tv_nsec};
}

// In the simulation's time.
Nanoseconds deadline_of(clockid_t clock, const timespec& time) {
  return from_timespec(time) - clock_base(clock);
}

// The kinds of locks that C++ makes: plain and recursive. An owner of 0 is nobody.
int lock(pthread_mutex_t* mutex, bool wait) {
  Scheduler* const threads = Scheduler::present();
  if (threads == nullptr) {  // before and after the simulation there is one thread
    ++mutex->__data.__count;
    return 0;
  }
  threads->perhaps_yield();
  const int self = static_cast<int>(threads->current().id);
  while (mutex->__data.__owner != 0) {
    if (mutex->__data.__owner == self && mutex->__data.__kind == PTHREAD_MUTEX_RECURSIVE) break;
    if (!wait) return EBUSY;
    if (mutex->__data.__owner == self) std::abort();  // it would wait for itself
    threads->wait(mutex);
  }
  mutex->__data.__owner = self;
  ++mutex->__data.__count;
  return 0;
}

int unlock(pthread_mutex_t* mutex) {
  if (--mutex->__data.__count > 0) return 0;
  mutex->__data.__owner = 0;
  Scheduler* const threads = Scheduler::present();
  if (threads == nullptr) return 0;
  threads->wake_one(mutex);
  threads->perhaps_yield();
  return 0;
}

int wait_on(pthread_cond_t* condition, pthread_mutex_t* mutex, Nanoseconds deadline) {
  Scheduler& threads = scheduler();
  // As one step, so that no wake-up between the two is lost.
  mutex->__data.__count = 0;
  mutex->__data.__owner = 0;
  threads.wake_one(mutex);
  const bool woken = threads.wait(condition, deadline);
  lock(mutex, true);
  return woken ? 0 : ETIMEDOUT;
}

}  // namespace

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t*, void* (*start)(void*), void* argument) noexcept {
  Fibre& fibre = scheduler().start([start, argument] { start(argument); });
  *thread = fibre.id;
  return 0;
}

int pthread_join(pthread_t thread, void** result) {
  Scheduler& threads = scheduler();
  Fibre* const fibre = threads.find(thread);
  if (fibre == nullptr) return ESRCH;
  while (!fibre->ended) threads.wait(fibre);
  threads.forget(*fibre);
  if (result != nullptr) *result = nullptr;
  return 0;
}

int pthread_detach(pthread_t thread) noexcept {
  Fibre* const fibre = scheduler().find(thread);
  if (fibre == nullptr) return ESRCH;
  fibre->detached = true;
  if (fibre->ended) scheduler().forget(*fibre);
  return 0;
}

pthread_t pthread_self() noexcept {
  Scheduler* const threads = Scheduler::present();
  return threads == nullptr ? 1'000'000'000 : threads->current().id;
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  return lock(mutex, true);
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  return lock(mutex, false);
}
int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  return unlock(mutex);
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return wait_on(condition, mutex, Scheduler::kNever);
}
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* time) {
  return wait_on(condition, mutex, deadline_of(CLOCK_REALTIME, *time));
}
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* time) {
  return wait_on(condition, mutex, deadline_of(clock, *time));
}
int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (Scheduler::present() != nullptr) Scheduler::present()->wake_one(condition);
  return 0;
}
int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (Scheduler::present() != nullptr) Scheduler::present()->wake_all(condition);
  return 0;
}
int pthread_cond_destroy(pthread_cond_t*) noexcept {
  return 0;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (Scheduler::present() == nullptr) {
    static const auto library = reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
    return library(clock, time);
  }
  const Nanoseconds now = clock_base(clock) + scheduler().now();
  time->tv_sec = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  time->tv_nsec = (now % std::chrono::seconds{1}).count();
  return 0;
}

int nanosleep(const timespec* time, timespec*) {
  simsync::simulation::sleep(from_timespec(*time));
  return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec*) {
  const bool absolute = (flags & TIMER_ABSTIME) != 0;
  scheduler().wait(nullptr, absolute ? deadline_of(clock, *time) : scheduler().now() + from_timespec(*time));
  return 0;
}

int sched_yield() noexcept {
  if (Scheduler::present() != nullptr) Scheduler::present()->yield();
  return 0;
}

// What std::atomic::wait and the destructor of a std::stop_callback wait by.
long syscall(long number, ...) noexcept {
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  Scheduler* const threads = Scheduler::present();
  if (number == SYS_futex && threads != nullptr) {
    const auto* place = reinterpret_cast<const std::atomic<int>*>(values[0]);
    const int operation = static_cast<int>(values[1]) & FUTEX_CMD_MASK;
    if (operation == FUTEX_WAKE) {
      threads->wake_all(place);
      return 1;
    }
    if (operation != FUTEX_WAIT || values[3] != 0) std::abort();  // nobody waits with a time limit here
    if (place->load() == static_cast<int>(values[2])) threads->wait(place);
    return 0;
  }
  static const auto library = reinterpret_cast<long (*)(long, ...)>(dlsym(RTLD_NEXT, "syscall"));
  return library(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

}  // extern "C"

// Part of the life, too; before it begins, the seeds are drawn.
std::random_device::result_type std::random_device::_M_getval() {
  if (Scheduler::present() != nullptr) return static_cast<result_type>(simsync::simulation::random()());
  result_type seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) std::abort();
  return seed;
}
