// Which profile next, when again. Decides without I/O, clock or thread: somebody else (poller.h) asks the API and says
// what came.
//
// Every profile has an interval by what is known of it (poll_intervals.h) and a place in it, spread evenly over all of
// them. A poll that was put off therefore falls back to its place, and neither a start nor an outage leaves a wave
// behind. Where the budget is too small for all intervals, those of long-quiet profiles are stretched first, up to
// quiet_interval; if that is not enough, whoever is most overdue as a share of its interval comes first, so that all
// wait longer by the same factor and nobody starves: no profile waits longer than
//   its interval * (polls needed a second / polls that can be had + 1/2)
// and as long as the budget allows no longer than its interval.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/profile.h"
#include "sync/profiles/api_circuit.h"
#include "sync/profiles/poll_clock.h"
#include "sync/profiles/poll_intervals.h"
#include "sync/profiles/poll_roster.h"

namespace simsync {

struct WatchedProfile;
struct WatchedSim;

class PollSchedule {
 public:
  using Clock = std::chrono::steady_clock;
  using Ticket = std::uint32_t;  // of a poll that was given out, until it is told what came of it

  // `polls_per_second`: what the budget has for polls; 0: no limit. `wall_now` is the wall-clock time of `now`.
  PollSchedule(PollIntervals intervals, double polls_per_second, Clock::time_point now, TimePoint wall_now);

  // ---- who is polled

  // Makes the roster what is listed in between. Who was there already keeps its place; a new one is due an interval
  // after it was last polled, at once if it never was. Of whom is not listed nothing needs to be known.
  void begin_roster();
  void list(const WatchedSim& sim);
  void know(const WatchedProfile& known, bool due = false);  // `due`: now, whenever it was polled
  void end_roster(Clock::time_point now);

  // A walk read a SIM that is polled: it enters, or is asked soon because it was activated.
  void watch(const Sim& sim, Clock::time_point now, TimePoint wall_now);
  // A SIM is not polled any more. If it is being asked, the answer still counts. A confirmation that the database was
  // not told yet is forgotten with it.
  void forget(const std::string& sim_id);

  // ---- polls

  struct Poll {
    Ticket ticket = 0;
    std::string sim_id;
  };
  // The profile that is most overdue, if one is due, or while the API fails one that probes it; it is not due again
  // before it was told what came of this poll.
  std::optional<Poll> due(Clock::time_point now);

  struct Answer {
    // It is not what was known, or that is not known: for the database to compare. The profile is not due again before
    // handed_over(), so that the readings of one SIM are handed over in their order.
    bool moved = false;
    // If it moved: the last confirmation of what was known before, unless the database was told already.
    std::optional<ProfileReading> confirmed;
  };
  Answer answered(Ticket ticket, const ProfileReading& reading, Clock::time_point now);

  void handed_over(Ticket ticket, Clock::time_point now);

  enum class Failure {
    of_sim,  // the API answered, but nothing of use
    of_api,  // it did not answer, or that it cannot
  };
  // No profile came. It is asked again a little later with each failure in a row, at most after `interval`. Several
  // failures of_api in a row, whosever they are: from now on the API is only probed, by one poll at a time, until it
  // answers.
  void failed(Ticket ticket, Failure failure, Clock::time_point now);
  // The API answered that the SIM is gone: the next walk will settle that. It is asked again after `interval`.
  void absent(Ticket ticket, Clock::time_point now);
  // The poll was not carried out; it is due as before.
  void dropped(Ticket ticket);

  // When to ask due() again; nullopt: not before something else happens.
  [[nodiscard]] std::optional<Clock::time_point> next_due();

  // ---- what the database has not been told

  // Profiles that were confirmed unchanged since: their last confirmation (asked_at, to a tenth of a second; never
  // later than it was), as readings observed at `observed_at`. At most `most` of them, which then count as told.
  std::vector<ProfileReading> take_confirmed(std::size_t most, TimePoint observed_at);

  // ---- how it is doing

  struct Load {
    std::uint64_t profiles = 0;
    // By more than a tenth of their interval; of those that fail, whose last answer is older than that.
    std::uint64_t overdue = 0;
    std::chrono::milliseconds longest_overdue{};  // of the most overdue by time
    double behind = 0;                            // of the most overdue by share: how many intervals late
    double needed_per_second = 0;                 // polls, to keep all intervals as they are now
    std::chrono::milliseconds quiet_interval{};   // how rarely the longest quiet are asked now
  };
  // Looks at every profile that waits.
  [[nodiscard]] Load load(Clock::time_point now, TimePoint wall_now) const;
  [[nodiscard]] std::size_t size() const { return roster_.size(); }
  [[nodiscard]] std::size_t asked() const { return asked_; }  // given out, and not told yet what came of it
  [[nodiscard]] bool api_failing() const { return circuit_.open(); }

 private:
  using Slot = PollRoster::Slot;
  using Step = PollIntervals::Step;
  struct Waiting {
    Tick due;
    Slot slot;
    bool operator>(const Waiting& other) const { return due != other.due ? due > other.due : slot > other.slot; }
  };

  [[nodiscard]] Tick every(Step step) const { return lengths_[step]; }
  [[nodiscard]] bool is_waiting(const Waiting& waiting, Step step) const;
  static bool note_status(PolledProfile& profile, const std::string& status);
  void forget(Slot slot);
  void judge(PolledProfile& profile, Slot slot, Tick wall_now);
  void count(PolledProfile& profile, Step natural);
  [[nodiscard]] Tick next_after(Slot slot, Tick from) const;
  void wait_until(Slot slot, Tick due);
  // Takes back a ticket; nullopt: its SIM has left.
  std::optional<Slot> take_back(Ticket ticket);
  void drop_stale(Step step);
  std::optional<Slot> most_overdue(Tick now);
  [[nodiscard]] std::optional<Slot> probe() const;
  [[nodiscard]] bool is_late(const PolledProfile& profile, Step step, Tick now, Tick wall_now) const;
  void relax(Tick now);
  [[nodiscard]] double needed(Step longest_quiet) const;

  PollIntervals intervals_;
  double polls_per_second_;
  PollClock clock_;
  std::vector<Tick> lengths_;  // of the steps

  PollRoster roster_;
  std::vector<std::vector<Waiting>> waiting_;  // a heap for each step; holds stale ones, too
  std::vector<std::uint64_t> counts_;          // profiles by their natural step
  std::vector<Slot> unsaved_;
  std::size_t asked_ = 0;
  Step longest_quiet_;
  Tick relaxed_at_ = 0;
  ApiCircuit circuit_;
  Ticket probe_ = 0;
};

}  // namespace simsync
