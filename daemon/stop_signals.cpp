#include "daemon/stop_signals.h"

#include <csignal>
#include <utility>

#include "config/log.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

constexpr int kWake = SIGUSR1;  // from the destructor to the waiting thread alone

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, kWake);
  return signals;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> on_late, std::chrono::milliseconds patience)
    : on_late_(std::move(on_late)), patience_(patience) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // whoever started us may have had it ignored: then how a program ended is lost
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  waiter_ = std::jthread{[this](const std::stop_token& done) { wait(done); }};
}

StopSignals::~StopSignals() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), kWake);
}

void StopSignals::wait(const std::stop_token& done) {
  const sigset_t signals = stop_signals();
  while (!done.stop_requested()) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      log::warning("SIGHUP ignored: this version reads its configuration at start only, restart it instead");
    } else if (signal == SIGTERM || signal == SIGINT) {
      stopping_.request_stop();
      if (sleep_for(patience_, done)) on_late_();
      return;
    }
  }
}

}  // namespace simsync
