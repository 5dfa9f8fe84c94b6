// A poll schedule in one thread with a clock of its own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/inventory_store.h"
#include "sync/profiles/poll_schedule.h"

namespace simsync {

inline const TimePoint kWall = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
inline const PollSchedule::Clock::time_point kStart = PollSchedule::Clock::time_point{} + std::chrono::hours{1};
constexpr std::chrono::hours kLong{24 * 30};

inline TimePoint wall_of(PollSchedule::Clock::time_point now) {
  return kWall + std::chrono::floor<std::chrono::microseconds>(now - kStart);
}

// A schedule in one thread with a clock of its own.
class PollScheduleTest : public testing::Test {
 protected:
  static EsimProfile profile(const std::string& id, const std::string& status = "enabled") {
    return {id, status, kWall - kLong};
  }

  struct Watched {
    WatchedSim sim;
    std::optional<WatchedProfile> known;
  };

  // An enabled profile of an active SIM that moved long ago.
  static Watched watched(const std::string& id, std::chrono::milliseconds polled_ago = {}) {
    return {{id, "active", kWall - kLong}, WatchedProfile{profile(id), kWall - polled_ago}};
  }
  static Watched never_polled(const std::string& id) { return {{id, "active", kWall - kLong}, {}}; }

  void roster(const std::vector<Watched>& all) {
    schedule_.begin_roster();
    for (const Watched& one : all) schedule_.list(one.sim);
    for (const Watched& one : all) {
      if (one.known) schedule_.know(*one.known);
    }
    schedule_.know({profile("nobody"), kWall});
    schedule_.end_roster(now_);
  }

  // The id of the next due one, which is then asked; "-" where none is.
  std::string next() {
    const auto poll = schedule_.due(now_);
    if (!poll) return "-";
    tickets_[poll->sim_id] = poll->ticket;
    return poll->sim_id;
  }

  PollSchedule::Answer answer(const std::string& id, const std::string& status = "enabled") {
    const auto answer = schedule_.answered(tickets_.at(id), {profile(id, status), wall_of(now_), wall_of(now_)}, now_);
    if (answer.moved) schedule_.handed_over(tickets_.at(id), now_);
    return answer;
  }

  void fail(const std::string& id, PollSchedule::Failure failure) { schedule_.failed(tickets_.at(id), failure, now_); }

  // How long until somebody is due; then is then.
  std::chrono::milliseconds wait() {
    const auto next = schedule_.next_due();
    const auto time = std::chrono::ceil<std::chrono::milliseconds>(next.value() - now_);
    now_ = std::max(now_, *next);
    return std::max(time, std::chrono::milliseconds{});
  }

  PollSchedule::Clock::time_point now_ = kStart;
  std::map<std::string, PollSchedule::Ticket> tickets_;
  PollSchedule schedule_{PollIntervals{ProfilesConfig{}}, 0, kStart, kWall};
};

}  // namespace simsync
