// The network floor: the very pages of a walk, fetched by a program that does nothing else (http_floor.cpp).
#pragma once

#include "tests/bench/measured_run.h"
#include "tests/support/simulator.h"

namespace simsync::bench {

class NetworkFloor {
 public:
  // Follows the list once to know the cursors. `simulator` outlives this; what it creates or deletes later is not
  // fetched.
  explicit NetworkFloor(const test::Simulator& simulator);

  [[nodiscard]] std::size_t pages() const { return pages_; }
  [[nodiscard]] RunFigures all(unsigned connections) const;
  // Only the first pages: for a time that is long and grows evenly.
  [[nodiscard]] RunFigures some(unsigned connections, std::size_t pages) const;

 private:
  [[nodiscard]] RunFigures run(unsigned connections, const std::string& cursor_file) const;

  const test::Simulator& simulator_;
  test::TempDir folder_;
  std::string cursors_;  // one a line
  std::size_t pages_ = 0;
};

}  // namespace simsync::bench
