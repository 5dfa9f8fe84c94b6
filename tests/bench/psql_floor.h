// The database floor: the same rows loaded by psql's \copy into a temporary table and from there by the cheapest upsert
// known, an anti-join (ON CONFLICT would lock every unchanged row). No network, no history.
#pragma once

#include <string>

#include "tests/bench/measured_run.h"
#include "tests/support/test_database.h"

namespace simsync::bench {

struct FloorFigures {
  double first_seconds = 0;  // into an empty table
  double again_seconds = 0;  // nothing changed
};

// `source` holds a synced inventory, `folder` takes the rows as a file.
FloorFigures measure_floor(const test::TestDatabase& source, const std::string& folder);

}  // namespace simsync::bench
