// A small database for `simsyncd report`, made by SQL alone: two projects, whose past begins in 2024.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/daemon.h"
#include "tests/support/test_database.h"

namespace simsync::test {

// acme: sim_1 enabled, sim_2 disabled since 2024-06-01 (active: stuck), sim_3 a pSIM in stock, sim_4 activated between
// 2024-04-30 and 2024-05-01. beta: sim_1 a pSIM, whose history begins on 2024-04-15.
class ReportScene {
 public:
  explicit ReportScene(bool filled = true);

  Outcome report(std::vector<std::string> words);
  // Its rows, where it ends well and says nothing on stderr.
  nlohmann::json rows(std::vector<std::string> words);
  // What a terminal gets to see.
  std::string on_terminal(std::vector<std::string> words, const std::string& term, const std::string& no_color);

  // The reports that follow are those of this role.
  void connect_as(const std::string& role);

  TestDatabase database;
  Daemon daemon;
};

}  // namespace simsync::test
