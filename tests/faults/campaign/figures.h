// What a campaign counts, and the table it prints.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace simsync::test {

inline constexpr char kApiFault[] = "API: a fault of the simulator";

struct Figures {
  std::map<std::string, unsigned> faults;           // by kind
  std::map<std::string, unsigned> of_simulator;     // what the kind kApiFault was each time
  std::map<std::string, std::string> not_possible;  // kinds that this machine does not allow, and why
  long changes = 0;                                 // of the world, in fields that the mirror has
  long recorded = 0;                                // rows of history that say what was true
  long lies = 0;                                    // rows of history with a value that a fault of the API invented
  long requests = 0;                                // for metadata
  long applied = 0;
  long alerts = 0;
  long takes = 0;  // of the lease
  long differences = 0;
  double longest_without_holder = 0;  // seconds
  std::string longest_after;          // the fault before it

  // On stdout.
  void print(std::chrono::seconds length, unsigned seed) const;
};

}  // namespace simsync::test
