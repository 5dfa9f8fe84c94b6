// The database floor: the same rows loaded by psql's \copy into a temporary table and from there by the cheapest upsert
// known, an anti-join (ON CONFLICT would lock every unchanged row). No network, no history.
#pragma once

#include <string>

#include "tests/bench/bench_setup.h"
#include "tests/support/process.h"
#include "tests/support/test_database.h"

namespace simsync::bench {

class PsqlFloor {
 public:
  // `source` holds a synced inventory and outlives this.
  explicit PsqlFloor(const test::TestDatabase& source);

  // Seconds to load the whole inventory: into an empty table the first time, with nothing changed from then on.
  double whole();
  // Seconds to load only the rows that the source saw change at `since` (a PostgreSQL timestamp) or later.
  double changed(const std::string& since);
  void settle() const { bench::settle(target_); }

 private:
  void take_rows(const std::string& where);
  double load();

  const test::TestDatabase& source_;
  test::TestDatabase target_;
  test::TempDir folder_;
};

}  // namespace simsync::bench
