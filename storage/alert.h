// What a transaction recorded, as a rule sees it, and what a rule makes of it. The store asks the judge inside the
// transaction that records the changes, and writes the alerts in it: a change that is recorded is announced.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/sim.h"

namespace simsync {

// One row of history just written, with what is known of its SIM after it.
struct RecordedChange {
  std::int64_t id = 0;   // transition_id or change_id
  bool profile = false;  // of esim_profile_transition; otherwise of sim_change
  std::string sim_id;
  std::string kind;                      // appeared, changed, disappeared, reappeared; transition for a profile
  std::string field;                     // of sim_change; `profile` for a transition
  std::optional<std::string> old_value;  // none: first sight
  std::optional<std::string> new_value;
  std::string provider;
  std::string type;
  std::string status;    // the SIM's; empty: the SIM is not known
  std::string metadata;  // the SIM's, as JSON text; empty: not known
  TimePoint observed_at{};
  bool own = false;  // simsyncd itself wrote it to the API: of metadata
};

// What a rule raised about one of the changes it was shown.
struct RaisedAlert {
  std::size_t change = 0;  // its place among them
  std::string rule;
  std::string type;  // of the event, such as simsync.profile.transition
  std::string severity;
  std::vector<std::string> channels;
  std::string from;  // by which a message of many breaks them down; empty: none
  std::string to;
};

// Safe from any thread, without I/O. Throws nothing: what cannot be judged concerns nobody.
class AlertJudge {
 public:
  virtual ~AlertJudge() = default;

  // False: no rule can concern rows of this history, so the store need not read them back.
  [[nodiscard]] virtual bool wants_profiles() const = 0;
  [[nodiscard]] virtual bool wants_sims() const = 0;

  // In the order of the changes, then of the rules.
  [[nodiscard]] virtual std::vector<RaisedAlert> judge(const std::string& project,
                                                       std::span<const RecordedChange> changes) const = 0;

  // Every channel there is: what is built in (mass disappearance, refused token) goes to all of them.
  [[nodiscard]] virtual std::vector<std::string> channels() const = 0;

  // A rule that raises again for the same SIM within this time counts the alert that is open.
  [[nodiscard]] virtual std::chrono::milliseconds repeat_after() const = 0;

  // Called after the commit of a transaction that may have written alerts, so that nobody need ask for them all the
  // time. Never blocks for long.
  virtual void committed() const {}
};

}  // namespace simsync
