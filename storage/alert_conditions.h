// What rules on time in a state, on stock and on freshness ask of the database. It only reads, and never more than is
// said here: a rule that holds for a million SIMs is news by its number, not by all their names.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/alert_store.h"
#include "storage/sim.h"
#include "storage/storage_error.h"
#include "storage/store_observer.h"

namespace simsync {

// The most conditions that one question returns.
inline constexpr std::size_t kMostConditions = 10'000;

// Which SIMs: each list is the values that are meant, in which `*` stands for any text; an empty one means all.
struct SimFilter {
  std::vector<std::string> providers;
  std::vector<std::string> types;
  std::vector<std::string> statuses;                                       // of the SIM
  std::vector<std::pair<std::string, std::vector<std::string>>> metadata;  // key and values; each key must be there
};

// Time in a state.
struct StateQuestion {
  std::string rule;             // whose it is
  std::vector<std::string> in;  // statuses, as the lists of SimFilter; empty: none
  std::chrono::milliseconds lasting{};
  SimFilter where;
};

// As AlertConditions found them; more than kMostConditions are cut off, those that began last first. What has an open
// alert of the rule is not cut off: so whatever of that is not here has ended.
struct HoldingConditions {
  std::vector<AlertCondition> holding;  // that began first, first
  std::uint64_t total = 0;              // also those cut off
};

// Unused SIMs, as in the view simsync.stock.
struct StockLevel {
  std::string provider;
  std::string type;
  std::uint64_t unused = 0;
};

// How old what is known of a project's SIMs can be, as in the view simsync.freshness.
struct ProjectAge {
  std::optional<TimePoint> last_complete_walk;  // its end
  std::optional<TimePoint> first_walk;  // the begin of the first walk that is known: with none complete, since then
};

// Belongs to one thread. All functions block, throw StorageError, and are a read-only transaction each.
class AlertConditions {
 public:
  virtual ~AlertConditions() = default;

  // Profiles of present SIMs that have been in one of these statuses for so long, by the API's time (status_since).
  virtual HoldingConditions profiles_in(const std::string& project, const StateQuestion& question, TimePoint now) = 0;

  // Present SIMs that have been in one of these statuses for so long: since their last change of it, or where none was
  // seen, since they were first seen.
  virtual HoldingConditions sims_in(const std::string& project, const StateQuestion& question, TimePoint now) = 0;

  // Of each provider and type that has, or once had, any present SIM; of the filter only these two count.
  virtual std::vector<StockLevel> stock(const std::string& project, const SimFilter& where) = 0;

  virtual ProjectAge age(const std::string& project) = 0;
};

std::unique_ptr<AlertConditions> open_postgres_alert_conditions(const std::string& url,
                                                                SessionObserver* observer = nullptr);

}  // namespace simsync
