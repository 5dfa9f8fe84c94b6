// What must be true of the Tables whatever happened (product.md, "What the mirror promises"), each as a line for a
// person; and what must be true once nothing goes wrong any more.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "tests/simulation/tables.h"
#include "tests/simulation/world.h"

namespace simsync::simulation {

using Faults = std::vector<std::string>;

// How far the history's times may be from the true ones.
struct Clocks {
  std::chrono::microseconds error{0};  // of any daemon's clock, either way
  bool jump = false;                   // they do, so that times say nothing
};

// Reads the history from where it stopped the last time.
class HistoryCheck {
 public:
  HistoryCheck(const World& world, const Tables& tables, Clocks clocks)
      : world_(world), tables_(tables), clocks_(clocks) {}

  // Promise 3: an unbroken chain that ends with what the mirror says, and nothing that the API never said. Promise 4:
  // what the rule names has its alert, once, and nothing else has. Promise 8: no epoch after a later one.
  void check(Faults& faults);

 private:
  void check(const HistoryRow& row, Faults& faults);
  void check_chain(const HistoryRow& row, Faults& faults);
  void check_truth(const HistoryRow& row, Faults& faults);
  void expect_alert(const HistoryRow& row);
  void check_alerts(Faults& faults);
  void check_mirror(Faults& faults) const;
  void check_end(const std::string& id, const std::string& field, const std::optional<std::string>& value,
                 Faults& faults) const;

  const World& world_;
  const Tables& tables_;
  const Clocks clocks_;
  std::size_t checked_ = 0;
  std::int64_t epoch_ = 0;
  std::map<std::pair<std::string, std::string>, std::optional<std::string>> last_;
  std::map<std::string, TimePoint> last_time_;
  std::size_t alerts_checked_ = 0;
  std::set<std::int64_t> to_be_raised_;
};

// Promise 1: the mirror is the world. Profiles of these providers, too.
void check_equal(const World& world, const Tables& tables, const std::vector<std::string>& providers, Faults& faults);

// Promise 2: no walk finds more than `limit` missing unless it was approved.
void check_disappearances(const Tables& tables, const DisappearanceLimit& limit, Faults& faults);
// Promise 4: each alert was told, in one message only, and a message that was told twice was the same.
void check_told(const Tables& tables, const std::map<std::string, std::vector<std::string>>& told, Faults& faults);

// Each request for metadata came to an end; of a SIM that exists the last one asked of a key is what it has, and no
// other key is gone. A request failed only where the SIM was not there.
void check_requests(const World& world, const Tables& tables, Faults& faults);

}  // namespace simsync::simulation
