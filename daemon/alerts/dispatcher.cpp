#include "daemon/alerts/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "config/log.h"

namespace simsync {

// One channel's thread.
class Dispatcher::Worker {
 public:
  Worker(DispatchedChannel channel, AlertStoreFactory open_store, const DispatchOptions& options)
      : name_(std::move(channel.name)),
        channel_(std::move(channel.channel)),
        open_store_(std::move(open_store)),
        options_(options),
        // An attempt of a channel that wants repeats is two requests.
        claim_(channel.timeout * (channel_->wants_repeats() ? 2 : 1) + std::chrono::seconds{5}),
        pulse_(options.pulses == nullptr ? Pulse{}
                                         : options.pulses->begin("alerts to " + name_, kLongestLook + 2 * claim_)),
        plan_(std::random_device{}(), options.limits),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void wake() {
    {
      const std::lock_guard lock{mutex_};
      woken_ = true;
    }
    changed_.notify_all();
  }

  void request_stop() { thread_.request_stop(); }

  [[nodiscard]] bool switched_off() const { return switched_off_; }

  void finish(const std::stop_token& stop) {
    const std::stop_callback pass_on{stop, [this] { thread_.request_stop(); }};
    if (thread_.joinable()) thread_.join();
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;

  static constexpr unsigned kMostLooksOfOnce = 20;
  static constexpr std::chrono::minutes kLongestLook{6};  // of what it asks the database

  void run(const std::stop_token& stop) {
    // Of one look several make one where another process holds what is due, for some moments.
    for (unsigned looks = 1; !stop.stop_requested() && !plan_.switched_off(); ++looks) {
      pulse_.beat();
      const Milliseconds until_next = look(stop);
      if (options_.once && (failed() || until_next > options_.wake_pause || looks == kMostLooksOfOnce)) return;
      if (until_next > Milliseconds{0}) wait(until_next, stop);
    }
    pulse_.rest();
    switched_off_ = plan_.switched_off();
  }

  [[nodiscard]] bool failed() const { return database_failures_ > 0 || plan_.ready_at() > wall_clock(); }

  // One look at the outbox. Returns when the next one is due, at the latest.
  Milliseconds look(const std::stop_token& stop) {
    try {
      if (!store_) store_ = open_store_();
      record_what_is_left();
      const Milliseconds until_next = send_what_is_due(stop);
      note_database(0, {});
      return until_next;
    } catch (const std::exception& error) {
      // Whatever it is, it must not end the alerts: it is said, and tried again.
      store_.reset();
      note_database(database_failures_ + 1, error.what());
      repeat_what_was_open(stop);
      return std::min(options_.ask_every, Milliseconds{200U << std::min(database_failures_, 5U)});
    }
  }

  Milliseconds send_what_is_due(const std::stop_token& stop) {
    TimePoint now = wall_clock();
    const auto next_formed = store_->form_messages(options_.projects, name_, options_.group_wait, now);
    repeat_open_alerts(stop);
    for (now = wall_clock(); may_send(now) && !stop.stop_requested() && !plan_.switched_off(); now = wall_clock()) {
      // One at a time: what is got from the store is kept from other processes only for the length of an attempt.
      const auto messages = store_->due(options_.projects, name_, now, {1, !is_ready(now), claim_});
      if (messages.empty()) break;
      send(messages.front(), stop);
      pulse_.beat();
      repeat_open_alerts(stop);
    }
    return until_next(next_formed, now);
  }

  // A pause cannot be longer than the longest there is: then the clock was set back.
  [[nodiscard]] bool is_ready(TimePoint now) const {
    return plan_.ready_at() <= now || plan_.ready_at() > now + options_.limits.longest_asked;
  }

  [[nodiscard]] bool may_send(TimePoint now) const { return is_ready(now) || plan_.may_try_untried(now); }

  [[nodiscard]] Milliseconds until_next(std::optional<TimePoint> next_formed, TimePoint now) const {
    // What is due but was not got, another process has at the moment.
    const auto until = [&](TimePoint time) {
      return time > now ? std::chrono::ceil<Milliseconds>(time - now) : options_.wake_pause;
    };
    Milliseconds wait = options_.ask_every;
    if (next_formed) wait = std::min(wait, until(*next_formed));
    if (!is_ready(now)) {
      wait = std::min(wait, until(plan_.ready_at()));
    } else if (const auto next_due = store_->next_due(options_.projects, name_)) {
      wait = std::min(wait, until(*next_due));
    }
    return wait;
  }

  void send(const AlertMessage& message, const std::stop_token& stop) {
    const Delivery delivery = attempt(message, stop);
    // An attempt that was cut short says nothing of the receiver.
    if (stop.stop_requested() && delivery.outcome == Delivery::Outcome::try_again) {
      store_->give_back(message);
      return;
    }
    const DeliveryResult result = plan_.attempted(message, delivery, wall_clock());
    log_attempt(message, delivery, result);
    tell(result.state, 1);
    unrecorded_.emplace(message, result);
    record_what_is_left();
    if (result.state == DeliveryResult::State::dead && plan_.receiver_is_away()) give_up_the_old(delivery.error);
  }

  // Each of them would need attempts of its own to be given up, and there are few while the receiver is away.
  void give_up_the_old(const std::string& error) {
    const TimePoint since = wall_clock() - options_.limits.given_up;
    if (const auto count = store_->give_up(options_.projects, name_, since, error); count > 0) {
      log::error("alerts given up",
                 {{"channel", name_}, {"messages", count}, {"error", error}, {"advice", "simsyncd alerts retry"}});
      tell(DeliveryResult::State::dead, count);
    }
  }

  void tell(DeliveryResult::State result, std::uint64_t messages) const {
    if (options_.observer != nullptr) options_.observer->attempted(name_, result, messages);
  }

  Delivery attempt(const AlertMessage& message, const std::stop_token& stop) {
    try {
      if (channel_->wants_repeats() && message.lasting && message.event == AlertEvent::resolved) {
        const Delivery repeated = repeat(stop);
        if (repeated.outcome == Delivery::Outcome::try_again) return repeated;
      }
      return channel_->deliver(message, stop);
    } catch (const StorageError&) {
      throw;
    } catch (const std::exception& error) {
      return Delivery::again(error.what());
    }
  }

  // The result of an attempt is kept until it is written: after a failure of the database only this is done again, not
  // the delivery.
  void record_what_is_left() {
    if (!unrecorded_) return;
    store_->record(unrecorded_->first, unrecorded_->second, wall_clock());
    unrecorded_.reset();
  }

  Delivery repeat(const std::stop_token& stop) {
    open_ = store_->open_alerts(options_.projects, name_);
    return channel_->repeat(open_, stop);
  }

  void repeat_open_alerts(const std::stop_token& stop) {
    if (channel_->wants_repeats() && Clock::now() >= next_repeat_) note_repeat(repeat(stop), stop);
  }

  // While the database is away nobody knows what has ended, so nothing has: the receiver must not take silence for it.
  void repeat_what_was_open(const std::stop_token& stop) {
    if (!channel_->wants_repeats() || Clock::now() < next_repeat_ || open_.empty()) return;
    try {
      note_repeat(channel_->repeat(open_, stop), stop);
    } catch (const std::exception& error) {
      note_repeat(Delivery::again(error.what()), stop);
    }
  }

  void note_repeat(const Delivery& delivery, const std::stop_token& stop) {
    const bool good = delivery.outcome == Delivery::Outcome::delivered;
    // Some tries fit into the time after which the receiver forgets.
    next_repeat_ = Clock::now() + (good ? options_.repeat_every : options_.repeat_every / 4);
    if (!good && repeats_good_ && !stop.stop_requested()) {
      log::warning("open alerts cannot be repeated", {{"channel", name_}, {"error", delivery.error}});
    }
    repeats_good_ = good;
  }

  void wait(Milliseconds time, const std::stop_token& stop) {
    // Without a database there is nothing to repeat, and its pauses are not to be cut short.
    if (channel_->wants_repeats() && database_failures_ == 0) {
      const auto repeat_in = std::chrono::ceil<Milliseconds>(next_repeat_ - Clock::now());
      time = std::clamp(repeat_in, Milliseconds{1}, time);
    }
    std::unique_lock lock{mutex_};
    const Milliseconds pause = std::min(time, options_.wake_pause);
    changed_.wait_for(lock, stop, pause, [] { return false; });
    // While the channel pauses there is nothing to hurry for, but messages are formed all the same.
    changed_.wait_for(lock, stop, time - pause, [this] { return woken_; });
    woken_ = false;
  }

  void note_database(unsigned failures, const std::string& error) {
    if (failures == 1) {
      log::warning("alerts wait for the database", {{"channel", name_}, {"error", error}});
    } else if (failures == 0 && database_failures_ > 0) {
      log::recovered("alerts have their database again", {{"channel", name_}, {"failed_calls", database_failures_}});
    }
    database_failures_ = failures;
  }

  void log_attempt(const AlertMessage& message, const Delivery& delivery, const DeliveryResult& result) const {
    if (delivery.outcome == Delivery::Outcome::gone) {
      log::error("channel is switched off, its receiver is gone", {{"channel", name_}, {"error", delivery.error}});
    } else if (result.state == DeliveryResult::State::dead) {
      log::error("alert given up", {{"channel", name_},
                                    {"message", message.id},
                                    {"rule", message.rule},
                                    {"attempts", message.attempts + 1},
                                    {"error", result.error},
                                    {"advice", "simsyncd alerts retry"}});
    } else if (result.state == DeliveryResult::State::delivered) {
      // The usual is in simsync.alert_message; who read that it failed wants to read that it did not after all.
      const auto log_it = message.attempts == 0 ? log::debug : log::info;
      log_it("alert delivered",
             {{"channel", name_}, {"message", message.id}, {"rule", message.rule}, {"alerts", message.alerts}});
    } else if (message.attempts == 0) {
      log::warning("alert not delivered, trying again",
                   {{"channel", name_}, {"message", message.id}, {"rule", message.rule}, {"error", result.error}});
    }
  }

  const std::string name_;
  const std::unique_ptr<AlertChannel> channel_;
  const AlertStoreFactory open_store_;
  const DispatchOptions options_;
  const Milliseconds claim_;
  const Pulse pulse_;
  std::atomic<bool> switched_off_ = false;

  // Of the thread alone.
  DeliveryPlan plan_;
  std::unique_ptr<AlertStore> store_;
  std::optional<std::pair<AlertMessage, DeliveryResult>> unrecorded_;
  std::vector<AlertMessage> open_;  // as it was last repeated
  Clock::time_point next_repeat_{};
  bool repeats_good_ = true;
  unsigned database_failures_ = 0;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;  // guarded by mutex_

  std::jthread thread_;  // last, so that all it uses is there before it and after it
};

Dispatcher::Dispatcher(std::vector<DispatchedChannel> channels, AlertStoreFactory open_store, DispatchOptions options) {
  for (DispatchedChannel& channel : channels) {
    workers_.push_back(std::make_unique<Worker>(std::move(channel), open_store, options));
  }
}

Dispatcher::~Dispatcher() {
  for (const auto& worker : workers_) worker->request_stop();  // all at once, then each is waited for
}

void Dispatcher::finish(const std::stop_token& stop) {
  for (const auto& worker : workers_) worker->finish(stop);
}

bool Dispatcher::any_switched_off() const {
  return std::ranges::any_of(workers_, [](const auto& worker) { return worker->switched_off(); });
}

void Dispatcher::wake() {
  for (const auto& worker : workers_) worker->wake();
}

}  // namespace simsync
