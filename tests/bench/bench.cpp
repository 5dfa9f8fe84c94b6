// What the main job costs, against the simulator on loopback and a real PostgreSQL: each figure beside a floor or peer
// of the same run, for the machine may be slow or shared. Medians of three, but for what says that it is single.
//   simsync-bench [SIMS]   (1000000); SIMSYNC_TEST_DATABASE names the server
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/bench/growth_figures.h"
#include "tests/bench/poll_figures.h"
#include "tests/bench/walk_figures.h"

int main(int argc, char** argv) {
  namespace bench = simsync::bench;
  try {
    const unsigned sims = argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 1'000'000;
    if (sims < 10'000) throw std::invalid_argument("fewer than 10000 SIMs measure nothing but starts");
    std::vector<bench::Figure> figures;
    const bench::GrowthPoint largest = bench::measure_walks(sims, figures);
    bench::measure_growth(largest, figures);
    bench::measure_polls(figures);
    bench::print(figures);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "simsync-bench: " << error.what() << '\n';
    return 1;
  }
}
