#include "daemon/stop_signals.h"

#include <csignal>
#include <cstdlib>
#include <ctime>

#include "config/log.h"
#include "daemon/exit_code.h"

namespace simsync {
namespace {

constexpr std::chrono::milliseconds kStopTime{4500};

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

StopSignals::StopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  waiter_ = std::jthread{[this](const std::stop_token& done) { wait(done); }};
}

StopSignals::~StopSignals() = default;

void StopSignals::wait(const std::stop_token& done) {
  const sigset_t signals = stop_signals();
  const timespec moment{.tv_sec = 0, .tv_nsec = 100'000'000};
  while (!done.stop_requested()) {
    const int signal = sigtimedwait(&signals, nullptr, &moment);
    if (signal == SIGHUP) {
      log::warning("SIGHUP ignored: this version reads its configuration at start only, restart it instead");
    } else if (signal == SIGTERM || signal == SIGINT) {
      stopping_.request_stop();
      cut_off_late(done);
      return;
    }
  }
}

void StopSignals::cut_off_late(const std::stop_token& done) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any nothing;
  nothing.wait_for(lock, done, kStopTime, [] { return false; });
  if (done.stop_requested()) return;
  log::error("stop took too long and was cut off");
  std::_Exit(static_cast<int>(ExitCode::failed));
}

}  // namespace simsync
