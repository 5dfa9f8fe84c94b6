// Is the mirror equal to the world, and is its history true? Both answer with a list of what is wrong, one line each,
// empty when all is well; a long list is cut. Read the world while it stands still.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/test_database.h"
#include "tests/support/world.h"

namespace simsync::test {

using Differences = std::vector<std::string>;

struct CompareRules {
  std::set<std::string> providers = {"p3", "p14", "p15"};  // whose profiles were polled; empty: none were
  std::set<std::string> leave_out = {};                    // SIMs that the API shows otherwise than its truth
};

// Promise 1, and missing_since exactly where the SIM is gone, and every polled profile.
Differences mirror_differences(const World& world, const TestDatabase& database, const CompareRules& rules = {});

struct HistoryRules {
  // A value of a column (or of "profile") that the API said although it never was true: a fault put it there.
  std::function<bool(const std::string& field, const std::string& value)> lie = {};
  bool left_out_at_first = false;        // the first complete list was cut, and nobody could know: SIMs appear too late
  std::set<std::string> leave_out = {};  // SIMs whose presence or values the API lied about
};

// Promise 3: unbroken chains that end in the present value, no row twice, nothing that the world did not do between
// the two times of its row, and nothing left out since a SIM or profile was first seen. Also whether what reports rely
// on beside it agrees with it (report_invariants.h).
Differences history_faults(const World& world, const TestDatabase& database, const HistoryRules& rules = {});

}  // namespace simsync::test
