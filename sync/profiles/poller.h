// Carries the polls out: workers ask the PollSchedule whose profile is due and fetch it, the caller's thread tells the
// database. What moved is written within 200 ms, with the transitions in its transaction; that the others are as they
// were is written every few seconds, for all of them at once. Killed in between, a poll is simply repeated and finds
// the same. Polling waits when the database is slower.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/bounded_queue.h"
#include "sync/patience.h"
#include "sync/profiles/poll_schedule.h"
#include "sync/pulse.h"
#include "sync/skip_log.h"
#include "sync/walk/walk_news.h"

namespace simsync {

struct PollReport {
  std::uint64_t watched = 0;  // profiles on the roster
  std::uint64_t polled = 0;   // answers
  std::uint64_t failed = 0;   // polls without an answer, or with one that the database cannot hold
  std::uint64_t first_seen = 0;
  std::uint64_t transitions = 0;  // of profiles that were known
  std::string last_error;
  bool given_up = false;  // one pass: the API was gone or refused the token, the rest was not asked
};

using PollProgress = std::function<void(const PollReport&)>;

struct PollSettings {
  std::string project;
  ProfilesConfig profiles;
  std::size_t workers = 16;        // requests at once
  double requests_per_second = 0;  // of the project; polls plan with kPollShare of it. 0: no limit
};

// What polls leave of the budget: room for the walks, and for what people ask meanwhile. Only the plan goes by it; what
// the others do not use is theirs, too.
inline constexpr double kPollShare = 0.8;

class Poller : public WalkNews {
 public:
  // `api` and `stores` outlive the poller. `pulse` is that of the loop which calls it.
  Poller(PollSettings settings, SimApi& api, StoreFactory& stores, Patience patience, Pulse pulse = {});

  // Other settings, of the same project, for run(): within a fraction of a second the polls under way are dropped, the
  // roster is read anew, and everybody is due by the new intervals. Safe from any thread.
  void reconfigure(PollSettings settings);

  // Polls until stop. Waits for the first unsure(): only then does the roster hold all that a walk will not tell.
  // Throws StorageError when the database fails for good.
  PollReport run(const std::stop_token& stop);

  // Asks for every profile once, whatever the schedule, and returns when each was answered or failed.
  PollReport once(const std::stop_token& stop, const PollProgress& progress = {});

  // Waits for SIMs of which a 404 showed that they are not what the mirror holds, and hands them over as the API says
  // them: for the walker. They are not polled any more. Empty: `deadline` or stop came first. Safe from any thread.
  std::vector<SimReading> settled_until(PollSchedule::Clock::time_point deadline, const std::stop_token& stop);

  // From the walks: who is polled follows them. Safe from any thread.
  void written(const std::vector<SimReading>& readings) override;
  void gone(const std::vector<Disappearance>& sims) override;
  void unsure() override;

 private:
  enum class Mode { until_stop, once };
  struct NewsOfSim {
    Sim sim;
    bool gone = false;
  };

  PollReport poll(Mode mode, const std::stop_token& stop, const PollProgress& progress);
  [[nodiscard]] bool to_be_reconfigured();
  void take_settings();

  // The workers.
  void work(Mode mode, std::stop_source& stopping);
  std::optional<PollSchedule::Poll> next_due(Mode mode, const std::stop_token& stop);
  void ask(const PollSchedule::Poll& poll, Mode mode, const std::stop_token& stop);
  void take_answer(const PollSchedule::Poll& poll, ProfileReading reading, const std::stop_token& stop);
  void settle(const PollSchedule::Poll& poll, Mode mode, const std::stop_token& stop);
  void note_circuit(const std::string& error);
  void tell_idle();
  void note_failure(const PollSchedule::Poll& poll, Mode mode, const ApiError& error);

  // The roster.
  [[nodiscard]] bool is_polled(const Sim& sim) const;
  void take_news(std::vector<NewsOfSim> news);
  void apply_news(const NewsOfSim& news);
  void load_roster(Mode mode, const std::stop_token& stop);
  bool roster_is_old(Mode mode);

  // The caller's thread.
  [[nodiscard]] bool workers_ended();
  std::vector<ProfileReading> next_batch(std::size_t most, PollSchedule::Clock::time_point until,
                                         const std::stop_token& stop);
  void record(const std::vector<ProfileReading>& batch, const std::stop_token& stop);
  bool record_confirmed(const std::stop_token& stop);
  [[nodiscard]] bool state_is_due();
  void tell_state(const std::stop_token& stop);
  void tell_if_behind(const PollSchedule::Load& load, bool failing);

  const std::string project_;
  const Patience patience_;
  Pulse pulse_;
  SimApi& api_;
  StoreFactory& stores_;
  StorageRetry retry_;
  std::unique_ptr<InventoryStore> store_;  // the caller's thread, and what follows up to the blank line
  SkipLog skip_log_;
  bool roster_read_ = false;
  PollSchedule::Clock::time_point tell_state_at_{};
  std::optional<TimePoint> told_failing_since_;
  bool said_behind_ = false;
  double behind_before_ = 0;

  std::mutex mutex_;       // guards what follows up to the blank line
  PollSettings settings_;  // the caller's thread changes them, and reads them without it
  std::optional<PollSettings> new_settings_;
  std::condition_variable_any changed_;
  PollSchedule schedule_;
  PollReport report_;
  std::vector<SimReading> settled_;  // SIMs that turned out to have changed
  std::condition_variable_any settled_one_;
  std::size_t at_work_ = 0;
  std::size_t idle_ = 0;  // of them, waiting for somebody to become due
  std::exception_ptr worker_failure_;
  std::optional<TimePoint> failing_since_;
  std::string failure_;  // what the last poll that failed says of the API: a reason of simsync.coverage_gap
  bool roster_is_old_ = false;
  bool loading_ = false;
  std::vector<NewsOfSim> news_;  // that came while a roster was loaded

  BoundedQueue<ProfileReading> moved_;
};

}  // namespace simsync
