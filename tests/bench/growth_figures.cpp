#include "tests/bench/growth_figures.h"

#include "tests/bench/measured_walks.h"

namespace simsync::bench {
namespace {

constexpr int kWalks = 5;  // of which the median counts: the smallest ones take milliseconds

GrowthPoint smaller(unsigned sims) {
  const test::Simulator simulator{world_of(sims)};
  Mirror mirror{simulator};
  settle(mirror.database);
  return growth_point(mirror);
}

double per_sim(const GrowthPoint& point) {
  return point.wall_seconds / point.sims * 1e6;
}

Figure time_figure(const GrowthPoint& point, const GrowthPoint& beside) {
  const double ratio = per_sim(point) / per_sim(beside);
  return {std::to_string(point.sims) + " SIMs, unchanged, 0 ms, time a SIM", number(per_sim(point), 2, "us"),
          std::to_string(beside.sims) + " SIMs " + number(per_sim(beside), 2, "us"), number(ratio, 2), "at most 1.3 x"};
}

}  // namespace

GrowthPoint growth_point(Mirror& mirror) {
  GrowthPoint point;
  point.sims = mirror.simulator.options().projects.front().sims;
  MeasuredWalks walks{mirror, std::chrono::seconds{1}};
  std::vector<double> wall;
  for (int i = 0; i < kWalks; ++i) wall.push_back(walks.next().wall_seconds);
  point.wall_seconds = median(wall);
  point.memory_mib = walks.peak_memory_mib();
  return point;
}

void measure_growth(const GrowthPoint& largest, std::vector<Figure>& figures) {
  const GrowthPoint middle = smaller(largest.sims / 10);
  const GrowthPoint small = smaller(largest.sims / 100);
  figures.push_back(time_figure(small, middle));
  figures.push_back(time_figure(largest, middle));
  const double bytes = (largest.memory_mib - small.memory_mib) * 1024 * 1024 / (largest.sims - small.sims);
  figures.push_back({"memory a SIM, from " + std::to_string(small.sims) + " to " + std::to_string(largest.sims),
                     number(bytes, 1, "bytes"),
                     number(small.memory_mib, 1, "MiB") + " and " + number(largest.memory_mib, 1, "MiB"), "", ""});
}

}  // namespace simsync::bench
