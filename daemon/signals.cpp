#include "daemon/signals.h"

#include <csignal>
#include <utility>

#include "config/log.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

constexpr int kWake = SIGUSR1;  // from the destructor to the waiting thread alone

sigset_t waited_for() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, kWake);
  return signals;
}

}  // namespace

Signals::Signals(std::function<void()> on_late, std::chrono::milliseconds patience)
    : on_late_(std::move(on_late)), patience_(patience) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // whoever started us may have had it ignored: then how a program ended is lost
  const sigset_t signals = waited_for();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  waiter_ = std::jthread{[this](const std::stop_token& done) { wait(done); }};
}

Signals::~Signals() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), kWake);
}

void Signals::on_hangup(std::function<void()> action) {
  const std::lock_guard lock{mutex_};
  on_hangup_ = std::move(action);
  if (on_hangup_ && std::exchange(hung_up_, false)) on_hangup_();
}

void Signals::hang_up() {
  const std::lock_guard lock{mutex_};
  if (on_hangup_) {
    on_hangup_();
    return;
  }
  hung_up_ = true;
  log::debug("SIGHUP came, and there is nothing to reload yet");
}

void Signals::wait(const std::stop_token& done) {
  const sigset_t signals = waited_for();
  while (!done.stop_requested()) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      hang_up();
    } else if (signal == SIGTERM || signal == SIGINT) {
      stopping_.request_stop();
      if (sleep_for(patience_, done)) on_late_();
      return;
    }
  }
}

}  // namespace simsync
