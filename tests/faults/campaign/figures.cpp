#include "tests/faults/campaign/figures.h"

#include <iomanip>
#include <iostream>

namespace simsync::test {
namespace {

template <typename Value>
void line(const std::string& name, const Value& value) {
  std::cout << "  " << std::left << std::setw(58) << name << std::right << std::setw(9) << value << '\n';
}

}  // namespace

void Figures::print(std::chrono::seconds length, unsigned seed) const {
  unsigned all = 0;
  std::cout << "\nFaults in " << length.count() << " s, seed " << seed << '\n';
  for (const auto& [kind, count] : faults) {
    line(kind, count);
    all += count;
    if (kind != kApiFault) continue;
    for (const auto& [which, times] : of_simulator) line("  " + which, times);
  }
  for (const auto& [kind, why] : not_possible) std::cout << "  " << kind << ": not possible here: " << why << '\n';
  line("all", all);
  std::cout << "\nWhat became of it\n";
  line("changes of the world", changes);
  line("changes recorded", recorded);
  line("recorded because the API said so, though it was not true", lies);
  line("requests for metadata, all settled", requests);
  line("  of them applied", applied);
  line("alerts, each told under one id", alerts);
  line("times that a daemon took the project", takes);
  std::cout << std::fixed << std::setprecision(1);
  line("longest that nobody held the project, in seconds", longest_without_holder);
  if (!longest_after.empty()) std::cout << "    the fault before that: " << longest_after << '\n';
  line("difference", differences);
  std::cout << std::flush;
}

}  // namespace simsync::test
