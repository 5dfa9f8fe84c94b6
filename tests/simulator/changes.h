// The world's own life: which random change happens to which SIM. Every change goes through Project, which logs it.
// Refuses to lock (whoever calls holds the project's mutex) and to invent changes that cannot be: a SIM without a
// reporting provider has no profile transition.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/simulator/project.h"
#include "tests/simulator/random.h"

namespace simsync::simulator {

// Weights; only their relation counts.
struct ChangeMix {
  double status = 4;
  double profile = 4;
  double metadata = 1;
  double create = 1;
  double remove = 0.1;
};

// "status=4,profile=4,metadata=1,create=1,delete=0.1"; what is not named weighs nothing. Throws
// std::invalid_argument for an unknown name, a negative or broken number, or when nothing is left.
ChangeMix parse_mix(std::string_view text);

class ChangeMaker {
 public:
  explicit ChangeMaker(std::uint64_t seed) : random_(seed) {}

  // One change by the mix; false when the drawn kind is impossible here (no SIM, no reporting eSIM).
  bool change(Project& project, const ChangeMix& mix);
  std::optional<Position> random_living(const Project& project);
  Random& random() { return random_; }

 private:
  template <typename Suits>
  std::optional<Position> random_where(const Project& project, Suits suits);
  bool change_status(Project& project);
  bool change_profile(Project& project);
  bool change_metadata(Project& project);
  bool create(Project& project);

  Random random_;
};

}  // namespace simsync::simulator
