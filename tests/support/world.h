// What the simulator says its world is, and was at each moment, in the words of the mirror: the measure that the
// database is held against. Built from its truth and its log alone; knows nothing of the program under test.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/simulator.h"

namespace simsync::test {

using Micros = std::int64_t;  // since 1970, UTC

inline constexpr Micros kAlways = std::numeric_limits<Micros>::min();
inline constexpr Micros kForever = std::numeric_limits<Micros>::max();

// "2021-01-21T19:38:34Z" or with a fraction; throws std::runtime_error.
Micros micros_of(const std::string& api_time);

// JSON text in one spelling, so that equal values are equal texts.
std::string canonical_json(const std::string& text);

struct TrueProfile {
  std::string status;
  Micros updated_at = 0;
};

struct TrueSim {
  // By column of simsync.sim: iccid, provider, type, status, metadata and extra (canonical), created_at (micros).
  std::map<std::string, std::string> fields;
  std::optional<TrueProfile> profile;
};

// A value and when it was true: from `from` until just before `to`.
struct Span {
  bool unknown = false;              // some value, the log does not say which
  std::optional<std::string> value;  // nullopt: the SIM was not there
  std::optional<Micros> updated_at;  // of a profile, where it is known
  Micros from = kAlways;
  Micros to = kForever;
};

using Timeline = std::vector<Span>;

class World {
 public:
  // Reads the truth and the log of a project; the world should stand still meanwhile.
  World(const Simulator& simulator, const std::string& project);

  [[nodiscard]] const std::string& project() const { return project_; }
  [[nodiscard]] const std::map<std::string, TrueSim>& sims() const { return sims_; }
  // Of a SIM's column, "profile" for its profile's status. A timeline of status has spans without a value where the
  // SIM did not exist.
  [[nodiscard]] Timeline timeline(const std::string& sim, const std::string& field) const;

 private:
  struct Step {
    Micros at = 0;
    std::string old_value;
    std::string new_value;
    std::optional<Micros> updated_at;
  };

  void read_change(const nlohmann::json& line);
  [[nodiscard]] Span present_span(const std::string& sim, const std::string& field) const;

  std::string project_;
  std::map<std::string, TrueSim> sims_;
  std::map<std::pair<std::string, std::string>, std::vector<Step>> steps_;  // by SIM and field
  std::map<std::string, Micros> created_;
  std::map<std::string, Micros> deleted_;
};

}  // namespace simsync::test
