// Who wrote under which lease, noted by triggers in the database itself: the session's name (PGAPPNAME), the project
// and the epoch, in the order of the writes.
#pragma once

#include "tests/support/compare.h"

namespace simsync::test {

// From now on; the schema must be there.
void note_writers(const TestDatabase& database);

// Two writers in one epoch, or a write after one of a later epoch; and where nobody was noted at all. Whoever is called
// "simsyncd" has no lease and is left out of the first.
Differences writer_faults(const TestDatabase& database);

}  // namespace simsync::test
