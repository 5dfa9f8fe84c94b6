// The bench's table: each figure beside its floor or aim, so that nobody quotes a single time of a shared machine.
#pragma once

#include <string>
#include <vector>

namespace simsync::bench {

struct Figure {
  std::string what;
  std::string value;
  std::string beside;  // floor or peer of the same run
  std::string ratio;
  std::string aim;
};

std::string number(double value, int digits, const std::string& unit = {});

void print(const std::vector<Figure>& figures);

}  // namespace simsync::bench
