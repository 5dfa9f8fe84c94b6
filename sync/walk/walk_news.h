// What a walk did to the mirror, for whoever keeps something in memory that follows from it.
#pragma once

#include <vector>

#include "storage/change.h"
#include "storage/sim.h"

namespace simsync {

// Called from the thread that walks, after the commit; must be quick.
class WalkNews {
 public:
  virtual ~WalkNews() = default;

  // These were read and stored: new SIMs, changed ones, and some that are as they were.
  virtual void written(const std::vector<SimReading>& readings) = 0;
  // These were marked missing.
  virtual void gone(const std::vector<Disappearance>& sims) = 0;
  // What is stored is known anew: at the start, and whenever it may differ from what was told (the database was away,
  // another process has walked).
  virtual void unsure() = 0;
};

}  // namespace simsync
