// What the main job costs, against the simulator on loopback and a real PostgreSQL: each figure beside a floor or peer
// of the same run, for the machine may be slow or shared. Medians of three, but for what says that it is single.
//   simsync-bench [SIMS]   (1000000); SIMSYNC_TEST_DATABASE names the server
//   simsync-bench polls    polls alone
//   simsync-bench alerts   alerts alone
//   simsync-bench stocktake [SIMS]   a stocktake alone (1000000, and as many lines)
//   simsync-bench history [SIMS [ROWS]]   reports alone (1000000, ten rows of history for each)
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/alert_figures.h"
#include "tests/bench/growth_figures.h"
#include "tests/bench/history_figures.h"
#include "tests/bench/poll_figures.h"
#include "tests/bench/roster_figures.h"
#include "tests/bench/stocktake_figures.h"
#include "tests/bench/walk_figures.h"

namespace {

namespace bench = simsync::bench;

unsigned count_of(const std::string& text) {
  return static_cast<unsigned>(std::stoul(text));
}

void measure_history_alone(const std::vector<std::string>& arguments) {
  const unsigned sims = arguments.size() > 1 ? count_of(arguments[1]) : 1'000'000;
  const unsigned rows = arguments.size() > 2 ? count_of(arguments[2]) : 10 * sims;
  if (sims < 10'000 || rows < sims) throw std::invalid_argument("fewer than 10000 SIMs, or fewer rows than SIMs");
  std::vector<bench::Figure> figures;
  const std::vector<std::string> plans = bench::measure_history(sims, rows, figures);
  bench::print(figures);
  for (const std::string& plan : plans) std::cout << '\n' << plan;
}

void measure(const std::vector<std::string>& arguments) {
  const bool polls_alone = !arguments.empty() && arguments[0] == "polls";
  const unsigned sims = !arguments.empty() && !polls_alone ? count_of(arguments[0]) : 1'000'000;
  if (sims < 10'000) throw std::invalid_argument("fewer than 10000 SIMs measure nothing but starts");
  std::vector<bench::Figure> figures;
  if (!polls_alone) bench::measure_growth(bench::measure_walks(sims, figures), figures);
  bench::measure_polls(figures);
  bench::measure_roster(sims, figures);
  if (!polls_alone) bench::measure_stocktake(sims, figures);
  bench::print(figures);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (!arguments.empty() && arguments[0] == "alerts") {
      std::vector<bench::Figure> figures;
      bench::measure_alerts(figures);
      bench::print(figures);
    } else if (!arguments.empty() && arguments[0] == "stocktake") {
      std::vector<bench::Figure> figures;
      bench::measure_stocktake(arguments.size() > 1 ? count_of(arguments[1]) : 1'000'000, figures);
      bench::print(figures);
    } else if (!arguments.empty() && arguments[0] == "history") {
      measure_history_alone(arguments);
    } else {
      measure(arguments);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "simsync-bench: " << error.what() << '\n';
    return 1;
  }
}
