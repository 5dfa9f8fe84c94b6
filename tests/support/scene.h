// A simulator, an empty database and the program between them: where most end-to-end tests begin.
#pragma once

#include <functional>
#include <string>

#include "tests/support/compare.h"
#include "tests/support/daemon.h"
#include "tests/support/simulator.h"
#include "tests/support/test_database.h"

namespace simsync::test {

class Scene {
 public:
  explicit Scene(SimulatorOptions options = {}, const std::function<void(Settings&)>& change = {});

  Simulator simulator;
  TestDatabase database;
  Settings settings;  // after a change: configure()
  Daemon daemon;

  void configure() { daemon.configure(settings); }
  Outcome sync(const std::vector<std::string>& more = {});
  // `simsyncd sync`, which must end well; the error is its text.
  void sync_well();
  // The walk's row, newest first.
  [[nodiscard]] std::string last_walk(const std::string& column) const;
  [[nodiscard]] long count(const std::string& table, const std::string& where = "true") const;

  // Gtest failures where the first project's mirror or history is not right.
  void expect_equal(const CompareRules& rules = {}) const;
  void expect_true_history(const HistoryRules& rules = {}) const;
};

// "300 lines: …", for a failure's message.
std::string listed(const Differences& differences);

}  // namespace simsync::test
