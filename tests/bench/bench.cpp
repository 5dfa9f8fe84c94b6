// What the main job costs, against the simulator on loopback and a real PostgreSQL: each figure beside a floor or peer
// of the same run, for the machine may be slow or shared. Medians of three, but for what says that it is single.
//   simsync-bench [SIMS]   (1000000); SIMSYNC_TEST_DATABASE names the server
//   simsync-bench polls    polls alone
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/bench/growth_figures.h"
#include "tests/bench/poll_figures.h"
#include "tests/bench/roster_figures.h"
#include "tests/bench/walk_figures.h"

int main(int argc, char** argv) {
  namespace bench = simsync::bench;
  try {
    const bool polls_alone = argc > 1 && std::string{argv[1]} == "polls";
    const unsigned sims = argc > 1 && !polls_alone ? static_cast<unsigned>(std::stoul(argv[1])) : 1'000'000;
    if (sims < 10'000) throw std::invalid_argument("fewer than 10000 SIMs measure nothing but starts");
    std::vector<bench::Figure> figures;
    if (!polls_alone) bench::measure_growth(bench::measure_walks(sims, figures), figures);
    bench::measure_polls(figures);
    bench::measure_roster(sims, figures);
    bench::print(figures);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "simsync-bench: " << error.what() << '\n';
    return 1;
  }
}
