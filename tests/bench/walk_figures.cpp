#include "tests/bench/walk_figures.h"

#include <cmath>

#include "tests/bench/longest_transaction.h"
#include "tests/bench/measured_walks.h"
#include "tests/bench/network_floor.h"
#include "tests/bench/psql_floor.h"

namespace simsync::bench {
namespace {

constexpr int kLatency = 20;          // milliseconds
constexpr unsigned kOneInPages = 10;  // of the pages that one connection alone would take minutes for

std::string all_connections() {
  return std::to_string(kConnections) + " connections";
}

// The rows of the table, each beginning with the number of SIMs and the latency.
class Rows {
 public:
  Rows(unsigned sims, int latency, std::vector<Figure>& figures)
      : begin_(std::to_string(sims) + " SIMs, " + std::to_string(latency) + " ms, "), figures_(figures) {}

  void beside(const std::string& what, double seconds, const std::string& floor, double floor_seconds,
              const std::string& aim) {
    figures_.push_back({begin_ + what, number(seconds, 2, "s"), floor + " " + number(floor_seconds, 2, "s"),
                        number(seconds / floor_seconds, 2), aim});
  }
  [[nodiscard]] std::string name(const std::string& what) const { return begin_ + what; }
  void alone(const std::string& what, const std::string& value, const std::string& aim) {
    figures_.push_back({begin_ + what, value, "", "", aim});
  }

 private:
  const std::string begin_;
  std::vector<Figure>& figures_;
};

struct Medians {
  double wall_seconds = 0;
  double cpu_seconds = 0;
};

Medians network_medians(const NetworkFloor& network) {
  std::vector<double> wall, cpu;
  for (int i = 0; i < kRounds; ++i) {
    const RunFigures run = network.all(kConnections);
    wall.push_back(run.wall_seconds);
    cpu.push_back(run.cpu_seconds);
  }
  return {median(wall), median(cpu)};
}

// A process of its own: it has to load the inventory from the database before it walks.
void new_process(const Mirror& mirror, const std::string& floor, double floor_seconds, Rows& rows) {
  mirror.database.run("CHECKPOINT");
  const std::string wal = wal_position(mirror.database);
  const RunFigures run = sync_once(mirror.daemon);
  const double wal_kib = wal_kib_since(mirror.database, wal);
  rows.beside("unchanged `sync`, new process (single)", run.wall_seconds, floor, floor_seconds, "");
  rows.alone("unchanged `sync`, CPU, WAL, memory",
             number(run.cpu_seconds, 2, "s, ") + number(wal_kib, 1, "KiB, ") + number(run.memory_mib, 1, "MiB"), "");
}

// Each into a database of its own, and beside it the floor for that very inventory.
struct FirstSyncs {
  std::vector<double> wall, cpu, memory, psql_wall;

  void add(const Mirror& mirror, PsqlFloor& psql) {
    wall.push_back(mirror.first.wall_seconds);
    cpu.push_back(mirror.first.cpu_seconds);
    memory.push_back(mirror.first.memory_mib);
    psql_wall.push_back(psql.whole());
  }
};

void add_first_syncs(const FirstSyncs& syncs, Rows& rows) {
  rows.beside("first sync", median(syncs.wall), "psql, empty table", median(syncs.psql_wall), "at most 1.4 x");
  rows.alone("first sync, CPU, memory", number(median(syncs.cpu), 2, "s, ") + number(median(syncs.memory), 1, "MiB"),
             "");
}

void first_sync_far_away(const test::Simulator& simulator, const NetworkFloor& network, Rows& rows) {
  const std::size_t pages = (network.pages() + kOneInPages - 1) / kOneInPages;
  const double one_cursor =
      network.some(1, pages).wall_seconds * static_cast<double>(network.pages()) / static_cast<double>(pages);
  const Mirror mirror{simulator};
  rows.beside("first sync (single), 15 providers", mirror.first.wall_seconds,
              "1 connection, a tenth of the pages, x 10:", one_cursor, "at most 0.33 x");
}

Medians unchanged_walks(MeasuredWalks& walks, const Medians& network, Rows& rows) {
  std::vector<double> wall, cpu, wal;
  for (int i = 0; i < kRounds; ++i) {
    const WalkFigures walk = walks.next();
    wall.push_back(walk.wall_seconds);
    cpu.push_back(walk.cpu_seconds);
    wal.push_back(walk.wal_kib);
  }
  rows.beside("unchanged walk", median(wall), all_connections(), network.wall_seconds, "at most 1.2 x");
  rows.beside("unchanged walk, daemon's CPU", median(cpu), all_connections(), network.cpu_seconds, "at most 2 x");
  rows.alone("unchanged walk, WAL", number(median(wal), 1, "KiB"), "under 128 KiB");
  rows.alone("unchanged walks, daemon's memory", number(walks.peak_memory_mib(), 1, "MiB"), "under 96 MiB");
  return {median(wall), median(cpu)};
}

// A hundredth of the SIMs changes between two walks; some are drawn twice.
void changed_walks(const Mirror& mirror, MeasuredWalks& walks, PsqlFloor& psql, double unchanged_seconds, Rows& rows) {
  const unsigned count = mirror.simulator.options().projects.front().sims / 100;
  std::vector<double> wall, psql_wall, changed;
  for (int i = 0; i < kRounds; ++i) {
    const std::string since = mirror.database.value("SELECT clock_timestamp()");
    mirror.simulator.change(count, "metadata=1");
    const WalkFigures walk = walks.next();
    wall.push_back(walk.wall_seconds);
    changed.push_back(static_cast<double>(walk.changed));
    psql_wall.push_back(psql.changed(since));
  }
  const double floor = 1.1 * unchanged_seconds + median(psql_wall);
  rows.beside("walk that finds " + number(median(changed), 0) + " changed", median(wall),
              "1.1 x unchanged + psql " + number(median(psql_wall), 2, "s") + " =", floor, "at most 1 x");
}

// So that walks do not follow each other without a pause, in which what they cost is read.
std::chrono::seconds interval_above(double walk_seconds) {
  return std::chrono::seconds{static_cast<long>(std::ceil(walk_seconds * 1.5)) + 1};
}

}  // namespace

GrowthPoint measure_walks(unsigned sims, std::vector<Figure>& figures) {
  Rows near{sims, 0, figures}, far{sims, kLatency, figures};
  const test::Simulator simulator{world_of(sims)};
  const NetworkFloor network{simulator};
  LongestTransaction longest;
  FirstSyncs first_syncs;
  for (int i = 1; i < kRounds; ++i) {
    const Mirror mirror{simulator};
    PsqlFloor psql{mirror.database};
    first_syncs.add(mirror, psql);
  }
  Mirror mirror{simulator};
  PsqlFloor psql{mirror.database};
  first_syncs.add(mirror, psql);
  add_first_syncs(first_syncs, near);
  figures.push_back(longest.take(near.name("first sync")));
  const double psql_unchanged = psql.whole();
  settle(mirror.database);
  psql.settle();
  new_process(mirror, "psql, all rows there", psql_unchanged, near);
  figures.push_back(longest.take(near.name("unchanged `sync`")));
  const GrowthPoint point = growth_point(mirror);
  near.beside("unchanged walk", point.wall_seconds, all_connections(), network_medians(network).wall_seconds, "");

  simulator.post("settings", {{"latency_ms", kLatency}});
  first_sync_far_away(simulator, network, far);
  const Medians floor = network_medians(network);
  new_process(mirror, all_connections(), floor.wall_seconds, far);
  MeasuredWalks walks{mirror, interval_above(floor.wall_seconds)};
  const Medians unchanged = unchanged_walks(walks, floor, far);
  changed_walks(mirror, walks, psql, unchanged.wall_seconds, far);
  figures.push_back(longest.take(far.name("walks of the service")));
  return point;
}

}  // namespace simsync::bench
