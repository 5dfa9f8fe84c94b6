// Every fault of the simulator (tests/simulator/README.md), as tests order it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace simsync::test {

struct ApiFault {
  std::string name;
  nlohmann::json order;  // without where and probability
  std::vector<std::string> where = {"list", "profile"};
  double probability = 0.3;
  double poll_probability = 0;  // of profiles; 0: the same
  std::string lie = {};         // what a value that the fault invents begins with
  bool cuts_list = false;       // so that it looks like a whole one: nobody can tell at the first sight of a project
};

// The kinds of faults.h; FaultList.EveryKindIsHere holds this list against the simulator's.
std::vector<ApiFault> every_api_fault();

}  // namespace simsync::test
