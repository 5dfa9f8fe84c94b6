// How the projects are doing, in a few figures that cost next to nothing to ask for: for what looks at them all the
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/sim.h"
#include "storage/storage_error.h"
#include "storage/store_observer.h"

namespace simsync {

struct ProjectFigures {
  std::string project;
  std::string host;                             // whose daemon works on it; empty: nobody's
  std::uint64_t sims = 0;                       // present
  std::uint64_t profiles = 0;                   // polled
  std::uint64_t overdue = 0;                    // of these
  std::uint64_t held_back = 0;                  // disappearances, by the last full walk
  std::optional<TimePoint> last_complete_walk;  // its end
  struct LastWalk {
    TimePoint finished_at{};
    std::string outcome;
    std::string error;
  };
  std::optional<LastWalk> last_walk = {};     // a full one, that ended
  std::chrono::milliseconds poll_lag{};       // of the most overdue profile
  std::optional<TimePoint> polls_as_of = {};  // when the service last said so of its polls
  std::string poll_error = {};                // why polls are not answered at present; empty: they are
  std::uint64_t alerts_pending = 0;           // messages to channels; no more than kMostAlerts are counted
  std::uint64_t alerts_dead = 0;              // as above
  std::uint64_t metadata_pending = 0;         // requests to write metadata back; no more than kMostRequests are counted
  std::optional<TimePoint> metadata_pending_since = {};  // of these, when the oldest was asked for
};

inline constexpr std::uint64_t kMostAlerts = 1000;
inline constexpr std::uint64_t kMostRequests = 100'000;

// Present SIMs of a project that are alike. Texts are cut at 100 characters.
struct InventoryGroup {
  std::string project;
  std::string provider;
  std::string type;
  std::string status;
  std::string profile_status;  // empty: no profile is known
  std::uint64_t sims = 0;      // 0 where there once were some
};

// Belongs to one thread. Blocks, only reads, throws StorageError.
class FiguresReader {
 public:
  virtual ~FiguresReader() = default;
  // In the order asked for.
  virtual std::vector<ProjectFigures> read(const std::vector<std::string>& projects) = 0;
  virtual std::vector<InventoryGroup> read_inventory(const std::vector<std::string>& projects) = 0;
};

std::unique_ptr<FiguresReader> open_postgres_figures(const std::string& url, SessionObserver* observer = nullptr);

}  // namespace simsync
