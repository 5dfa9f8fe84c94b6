// The schedule with a clock of its own: days and years in seconds, against a world that changes and a budget that is
// enough or is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>

#include "storage/inventory_store.h"
#include "sync/api/request_budget.h"
#include "sync/profiles/poll_schedule.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using Clock = PollSchedule::Clock;
using Seconds = std::chrono::duration<double>;

const TimePoint kWall = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
const Clock::time_point kStart = Clock::time_point{} + 1h;

// SIMSYNC_POLL_SEED repeats a run.
unsigned seed_of_run() {
  const char* given = std::getenv("SIMSYNC_POLL_SEED");
  return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : 20260101U;
}

TimePoint wall_of(Clock::time_point now) {
  return kWall + std::chrono::floor<std::chrono::microseconds>(now - kStart);
}

std::string id_of(std::size_t profile) {
  return "sim_" + std::to_string(profile);
}

std::size_t profile_of(const std::string& id) {
  return std::stoul(id.substr(4));
}

// When each profile changes; its status is how often it has.
struct World {
  std::vector<std::vector<Clock::time_point>> changes;  // in their order

  [[nodiscard]] std::size_t changes_until(std::size_t profile, Clock::time_point now) const {
    const auto& all = changes[profile];
    return static_cast<std::size_t>(std::ranges::upper_bound(all, now) - all.begin());
  }
  [[nodiscard]] EsimProfile at(std::size_t profile, Clock::time_point now) const {
    const std::size_t count = changes_until(profile, now);
    const TimePoint updated =
        count == 0 ? kWall - 24h * 60 : std::chrono::floor<std::chrono::seconds>(wall_of(changes[profile][count - 1]));
    return {id_of(profile), count % 2 == 0 ? "enabled" : "disabled", updated};
  }
};

World quiet_world(std::size_t profiles) {
  World world;
  world.changes.resize(profiles);
  return world;
}

// `share` of the profiles change, each in bursts of 4 to 12 changes some minutes apart, every few days.
World bursty_world(std::size_t profiles, double share, std::chrono::hours time, std::mt19937& random) {
  World world = quiet_world(profiles);
  std::exponential_distribution<double> days_apart{1.0 / Seconds{72h}.count()};
  std::exponential_distribution<double> minutes_apart{1.0 / Seconds{10min}.count()};
  const auto later = [](Clock::time_point from, double seconds) {
    return from + std::chrono::duration_cast<Clock::duration>(Seconds{1 + seconds});
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(share * static_cast<double>(profiles)); ++i) {
    std::vector<Clock::time_point>& changes =
        world.changes[i * profiles / static_cast<std::size_t>(share * static_cast<double>(profiles))];
    for (Clock::time_point at = later(kStart, days_apart(random)); at < kStart + time;
         at = later(at, days_apart(random))) {
      for (unsigned left = 4 + random() % 9; left > 0; --left) {
        changes.push_back(at);
        at = later(at, minutes_apart(random));
      }
    }
  }
  return world;
}

// Asks whom the schedule names, as fast as the budget lets it, each poll answered at once.
class Polling {
 public:
  Polling(const World& world, const PollIntervals& intervals, double per_second)
      : world_(world),
        schedule_(intervals, per_second, kStart, kWall),
        budget_(per_second),
        polled_(world.changes.size(), kStart) {}

  // `retired`: of which profiles the SIM is.
  void start(const std::function<bool(std::size_t)>& retired,
             const std::function<std::chrono::seconds(std::size_t)>& quiet_for) {
    schedule_.begin_roster();
    for (std::size_t i = 0; i < polled_.size(); ++i) {
      const TimePoint moved = kWall - quiet_for(i);
      schedule_.list({id_of(i), retired(i) ? "retired" : "active", moved});
      EsimProfile known = world_.at(i, kStart);
      known.updated_at = std::min(known.updated_at, moved);
      schedule_.know({known, kWall});
    }
    schedule_.end_roster(kStart);
  }

  // `polled` hears of each poll: which, when the one before it was, and now.
  void until(Clock::time_point end,
             const std::function<void(std::size_t, Clock::time_point, Clock::time_point)>& polled) {
    while (now_ < end) {
      const auto turn = budget_.try_take(now_, Lane::others, true);
      if (turn.kind != RequestBudget::Turn::Kind::granted) {
        now_ = std::max(now_ + 1us, turn.again);
        continue;
      }
      auto poll = schedule_.due(now_);
      while (!poll && now_ < end) {
        now_ = std::max(now_ + 1ms, schedule_.next_due().value());
        poll = schedule_.due(now_);
      }
      if (!poll) return;
      const std::size_t profile = profile_of(poll->sim_id);
      const auto answer =
          schedule_.answered(poll->ticket, {world_.at(profile, now_), wall_of(now_), wall_of(now_)}, now_);
      if (answer.moved) schedule_.handed_over(poll->ticket, now_);
      polled(profile, polled_[profile], now_);
      polled_[profile] = now_;
      ++polls_;
    }
  }

  [[nodiscard]] const std::vector<Clock::time_point>& last_polls() const { return polled_; }
  [[nodiscard]] std::uint64_t polls() const { return polls_; }
  [[nodiscard]] PollSchedule::Load load() const { return schedule_.load(now_, wall_of(now_)); }

 private:
  const World& world_;
  PollSchedule schedule_;
  RequestBudget budget_;
  std::vector<Clock::time_point> polled_;
  Clock::time_point now_ = kStart;
  std::uint64_t polls_ = 0;
};

// No more requests than the budget in any window, told apart from the budget's own arithmetic.
class RateWatch {
 public:
  explicit RateWatch(double per_second) : per_second_(per_second) {}
  void poll(Clock::time_point now) {
    recent_.push_back(now);
    while (recent_.front() < now - 60s) recent_.pop_front();
    most_ = std::max(most_, recent_.size());
  }
  [[nodiscard]] bool kept() const {
    return static_cast<double>(most_) <= per_second_ * 60 + std::max(1.0, per_second_) + 1;
  }

 private:
  double per_second_;
  std::deque<Clock::time_point> recent_;
  std::size_t most_ = 0;
};

PollIntervals intervals_of(std::chrono::milliseconds quiet = 6h) {
  ProfilesConfig config;
  config.quiet_interval = quiet;
  return PollIntervals{config};
}

TEST(PollScheduleModel, AYearWithBudgetEnough) {
  std::mt19937 random{seed_of_run()};
  constexpr std::size_t kProfiles = 40;
  const World world = bursty_world(kProfiles, 0.2, 24h * 365, random);
  Polling run{world, intervals_of(), 1};
  run.start([](std::size_t i) { return i % 10 == 1; }, [](std::size_t) { return 24h * 60; });
  RateWatch rate{1};
  Clock::duration longest{};
  Clock::duration longest_retired{};
  run.until(kStart + 24h * 365, [&](std::size_t profile, Clock::time_point before, Clock::time_point now) {
    rate.poll(now);
    Clock::duration& wait = profile % 10 == 1 ? longest_retired : longest;
    wait = std::max(wait, now - before);
  });
  EXPECT_LE(longest, 15min + 1s);
  EXPECT_LE(longest_retired, 24h + 1s);
  EXPECT_TRUE(rate.kept());
  EXPECT_GT(run.polls(), 36U * 4 * 24 * 365);
}

// Every profile waits at most its interval * (needed / budget + 1/2), whatever the mix of intervals.
TEST(PollScheduleModel, NobodyStarvesWhenTheBudgetIsTooSmall) {
  std::mt19937 random{seed_of_run()};
  for (const double share : {0.9, 0.5, 0.2}) {
    constexpr std::size_t kProfiles = 600;
    const World world = quiet_world(kProfiles);
    const PollIntervals intervals = intervals_of();
    // One in five retired, the others quiet for some minutes to some weeks.
    std::vector<std::chrono::seconds> quiet_for(kProfiles);
    for (auto& quiet : quiet_for)
      quiet = std::chrono::seconds{static_cast<long>(60 * std::pow(20'000.0, (random() % 1000) / 1000.0))};
    double needed = 0;
    const auto step_of = [&](std::size_t i, std::chrono::milliseconds quiet) {
      return intervals.step(quiet, i % 5 == 0, intervals.quietest());
    };
    for (std::size_t i = 0; i < kProfiles; ++i)
      needed += 1 / Seconds{intervals.every(step_of(i, quiet_for[i]))}.count();
    const double budget = needed * share;
    Polling run{world, intervals, budget};
    run.start([](std::size_t i) { return i % 5 == 0; }, [&](std::size_t i) { return quiet_for[i]; });
    RateWatch rate{budget};
    double worst = 0;
    const auto note = [&](std::size_t profile, Clock::time_point before, Clock::time_point now) {
      const auto quiet = quiet_for[profile] + std::chrono::floor<std::chrono::milliseconds>(before - kStart);
      worst =
          std::max(worst, Seconds{now - before}.count() / Seconds{intervals.every(step_of(profile, quiet))}.count());
    };
    const Clock::time_point end = kStart + 24h * 10;
    run.until(end, [&](std::size_t profile, Clock::time_point before, Clock::time_point now) {
      rate.poll(now);
      note(profile, before, now);
    });
    // Also those who still wait.
    for (std::size_t i = 0; i < kProfiles; ++i) note(i, run.last_polls()[i], end);
    EXPECT_LE(worst, 1 / share + 0.5) << "budget " << share << " of what is needed";
    EXPECT_TRUE(rate.kept());
  }
}

// An outage of hours, then all are overdue: soon the polls are spread as they were.
TEST(PollScheduleModel, AnOutageLeavesNoWave) {
  constexpr std::size_t kProfiles = 3000;
  const World world = quiet_world(kProfiles);
  PollSchedule schedule{intervals_of(15min), 0, kStart, kWall};
  schedule.begin_roster();
  for (std::size_t i = 0; i < kProfiles; ++i) {
    schedule.list({id_of(i), "active", kWall - 24h * 60});
    schedule.know({world.at(i, kStart), kWall - 5h});
  }
  schedule.end_roster(kStart);
  std::vector<std::size_t> a_minute(60);
  for (Clock::time_point now = kStart; now < kStart + 1h; now += 100ms) {
    while (const auto poll = schedule.due(now)) {
      schedule.answered(poll->ticket, {world.at(profile_of(poll->sim_id), now), wall_of(now), wall_of(now)}, now);
      ++a_minute[static_cast<std::size_t>((now - kStart) / 1min)];
    }
  }
  EXPECT_EQ(a_minute[0], kProfiles) << "whoever is overdue is asked as fast as it goes";
  for (std::size_t minute = 16; minute < 60; ++minute) {
    EXPECT_NEAR(static_cast<double>(a_minute[minute]), kProfiles / 15.0, kProfiles / 150.0) << minute;
  }
}

struct Detection {
  double seconds = 0;
  std::uint64_t changes = 0;
  [[nodiscard]] double mean() const { return seconds / static_cast<double>(changes); }
};

// Of the same world with the same budget, one after the other, round and round.
Detection round_robin(const World& world, double per_second, Clock::time_point begin, Clock::time_point end) {
  const auto profiles = static_cast<double>(world.changes.size());
  Detection found;
  for (std::size_t i = 0; i < world.changes.size(); ++i) {
    for (const Clock::time_point change : world.changes[i]) {
      const double at = Seconds{change - kStart}.count() * per_second;
      const double rounds = std::ceil((at - static_cast<double>(i)) / profiles);
      const double polled = (rounds * profiles + static_cast<double>(i)) / per_second;
      if (change < begin || kStart + std::chrono::duration_cast<Clock::duration>(Seconds{polled}) > end) continue;
      found.seconds += polled - at / per_second;
      ++found.changes;
    }
  }
  return found;
}

// 2 % of the profiles change, in bursts; the budget asks everybody every 100 minutes.
TEST(PollScheduleModel, ChangesAreFoundFourTimesAsFastAsByRoundRobin) {
  std::mt19937 random{seed_of_run()};
  constexpr std::size_t kProfiles = 6000;
  constexpr double kBudget = kProfiles / 6000.0;
  constexpr auto kTime = 24h * 28;
  constexpr auto kWarm = 24h * 7;  // at first nobody knows who changes
  const World world = bursty_world(kProfiles, 0.02, kTime, random);
  Polling run{world, intervals_of(), kBudget};
  run.start([](std::size_t) { return false; }, [](std::size_t) { return 24h * 60; });
  RateWatch rate{kBudget};
  Detection found;
  run.until(kStart + kTime, [&](std::size_t profile, Clock::time_point before, Clock::time_point now) {
    rate.poll(now);
    for (std::size_t i = world.changes_until(profile, before); i < world.changes_until(profile, now); ++i) {
      if (world.changes[profile][i] < kStart + kWarm) continue;
      found.seconds += Seconds{now - world.changes[profile][i]}.count();
      ++found.changes;
    }
  });
  const Detection plain = round_robin(world, kBudget, kStart + kWarm, kStart + kTime);
  std::cout << "mean time to detection: " << found.mean() << " s of " << found.changes
            << " changes; round-robin with the same budget: " << plain.mean() << " s of " << plain.changes << "; ratio "
            << found.mean() / plain.mean() << '\n';
  EXPECT_GT(found.changes, 1000U);
  EXPECT_GE(found.changes + 50, plain.changes);
  EXPECT_LE(found.mean(), plain.mean() / 4);
  EXPECT_TRUE(rate.kept());
}

}  // namespace
}  // namespace simsync
