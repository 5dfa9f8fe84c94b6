// SIGTERM and SIGINT as a stop_token, SIGHUP as a call. A stop that does not come to its end within 5 s is reported to
// main, which cuts it off: everything the program writes is a whole transaction, so nothing is lost by it. Never ends
// the program itself.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace simsync {

// Made once, in main, before any other thread starts: it blocks the signals for all threads and takes them in one of
// its own. Ignores SIGPIPE, does not ignore SIGCHLD.
class Signals {
 public:
  // `on_late` is called once, from the thread of the signals, when this object is still there `patience` after the stop
  // was asked for. It must throw nothing, and may end the program.
  explicit Signals(std::function<void()> on_late, std::chrono::milliseconds patience = kStopTime);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  Signals(Signals&&) = delete;
  Signals& operator=(Signals&&) = delete;

  [[nodiscard]] std::stop_token stop_token() const { return stopping_.get_token(); }

 private:
  friend class HangupAction;

  static constexpr std::chrono::milliseconds kStopTime{4500};

  void wait(const std::stop_token& done);
  void hang_up();
  void on_hangup(std::function<void()> action);

  const std::function<void()> on_late_;
  const std::chrono::milliseconds patience_;
  std::stop_source stopping_;
  std::mutex mutex_;  // guards what follows, up to the thread
  std::function<void()> on_hangup_;
  bool hung_up_ = false;  // and nobody did anything about it
  std::jthread waiter_;   // last: ends before what it uses
};

// What SIGHUP does as long as this lives; done at once if one came before. Otherwise it is only remembered.
class HangupAction {
 public:
  // `action` is called from the thread of the signals, must not block for long and throw nothing. It is not running any
  // more when the destructor has ended.
  HangupAction(Signals& signals, std::function<void()> action) : signals_(signals) {
    signals_.on_hangup(std::move(action));
  }
  ~HangupAction() { signals_.on_hangup({}); }
  HangupAction(const HangupAction&) = delete;
  HangupAction& operator=(const HangupAction&) = delete;

 private:
  Signals& signals_;
};

}  // namespace simsync
