// What a rule would have been shown in the past, for `simsyncd alerts test`. It only reads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/alert.h"
#include "storage/sim.h"
#include "storage/storage_error.h"

namespace simsync {

// A stay in a state: `change` is as if the SIM had come to it when it had lasted for as long as was asked.
struct PastStay {
  RecordedChange change;
  std::optional<TimePoint> until;  // none: it lasts
};

// A span without a complete walk that was longer than was asked; `from` is when it had lasted for so long.
struct PastLateness {
  TimePoint from{};
  std::optional<TimePoint> until;  // none: it lasts
};

// Belongs to one thread. All functions block, throw StorageError, and read in portions of a transaction each, so memory
// and the age of a snapshot are bounded. `take` gets portions, oldest first, and says whether to go on. Of a SIM,
// status and metadata are what they are now: what they were then is not asked.
class AlertHistory {
 public:
  using TakeChanges = std::function<bool(const std::vector<RecordedChange>&)>;
  using TakeStays = std::function<bool(const std::vector<PastStay>&)>;

  virtual ~AlertHistory() = default;

  // Without what raised nothing because it was the first sight. `profiles`: transitions, otherwise SIM changes.
  virtual void changes(const std::string& project, bool profiles, TimePoint since, const TakeChanges& take) = 0;

  // Stays in any status that had lasted for `lasting` after `since`, and until now at the latest.
  virtual void stays(const std::string& project, bool profiles, std::chrono::milliseconds lasting, TimePoint since,
                     TimePoint now, const TakeStays& take) = 0;

  // At most 1000.
  virtual std::vector<PastLateness> lateness(const std::string& project, std::chrono::milliseconds above,
                                             TimePoint since, TimePoint now) = 0;
};

std::unique_ptr<AlertHistory> open_postgres_alert_history(const std::string& url);

}  // namespace simsync
