// How the projects are doing, in a few figures that cost next to nothing to ask for: for what looks at them all the
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/sim.h"
#include "storage/storage_error.h"

namespace simsync {

struct ProjectFigures {
  std::string project;
  std::string host;                             // whose daemon works on it; empty: nobody's
  std::uint64_t sims = 0;                       // present
  std::uint64_t profiles = 0;                   // polled
  std::uint64_t overdue = 0;                    // of these
  std::uint64_t held_back = 0;                  // disappearances, by the last full walk
  std::optional<TimePoint> last_complete_walk;  // its end
};

// Belongs to one thread. Blocks, only reads, throws StorageError.
class FiguresReader {
 public:
  virtual ~FiguresReader() = default;
  // In the order asked for.
  virtual std::vector<ProjectFigures> read(const std::vector<std::string>& projects) = 0;
};

std::unique_ptr<FiguresReader> open_postgres_figures(const std::string& url);

}  // namespace simsync
