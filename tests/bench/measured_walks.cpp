#include "tests/bench/measured_walks.h"

#include <unistd.h>

#include <csignal>
#include <sstream>
#include <stdexcept>

namespace simsync::bench {
namespace {

constexpr std::chrono::minutes kDeadline{3};  // a guard against hanging
constexpr std::chrono::seconds kEnd{20};

test::Settings with_interval(test::Settings settings, std::chrono::seconds interval) {
  // As long as the interval, the look at new SIMs never comes before the next full walk.
  settings.walk_interval = settings.new_sims_interval = std::to_string(interval.count()) + "s";
  return settings;
}

std::string file_of(pid_t id, const std::string& name) {
  const std::string text = test::read_file("/proc/" + std::to_string(id) + "/" + name);
  if (text.empty()) throw std::runtime_error("the daemon has ended");
  return text;
}

}  // namespace

MeasuredWalks::MeasuredWalks(Mirror& mirror, std::chrono::seconds interval) : mirror_(mirror) {
  mirror.daemon.configure(with_interval(mirror.settings, interval));
  const std::string now = mirror.database.value("SELECT clock_timestamp()");
  daemon_ = mirror.daemon.start({"run"});
  await_walk(now);
}

MeasuredWalks::~MeasuredWalks() {
  daemon_->signal(SIGTERM);
  daemon_->finish(kEnd);
}

void MeasuredWalks::await_walk(const std::string& begun_after) {
  const bool came = test::eventually(
      [&] {
        const auto rows = mirror_.database.rows(
            "SELECT walk_id FROM simsync.walk WHERE kind = 'full' AND finished_at IS NOT NULL"
            " AND started_at >= $1::timestamptz ORDER BY walk_id LIMIT 1",
            {begun_after});
        if (!rows.empty()) walk_ = rows.front().front().value();
        return !rows.empty() || !daemon_->running();
      },
      kDeadline);
  if (!came || !daemon_->running()) throw std::runtime_error("no walk of the daemon: " + daemon_->err());
}

WalkFigures MeasuredWalks::next() {
  const test::TestDatabase& database = mirror_.database;
  database.run("CHECKPOINT");
  const std::string now = database.value("SELECT clock_timestamp()");
  const std::string wal = wal_position(database);
  const double cpu = cpu_seconds();
  await_walk(now);
  WalkFigures figures;
  figures.cpu_seconds = cpu_seconds() - cpu;
  figures.wal_kib = wal_kib_since(database, wal);
  const auto row = database.rows(
      "SELECT extract(epoch FROM finished_at - started_at), changed, outcome, error FROM simsync.walk WHERE walk_id = "
      "$1",
      {walk_})[0];
  if (row[2].value_or("") != "complete") throw std::runtime_error("a walk was not complete: " + row[3].value_or(""));
  figures.wall_seconds = std::stod(row[0].value());
  figures.changed = std::stol(row[1].value());
  return figures;
}

double MeasuredWalks::cpu_seconds() const {
  const std::string stat = file_of(daemon_->id(), "stat");
  std::istringstream fields{stat.substr(stat.rfind(')') + 1)};  // the name before it may hold anything
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double MeasuredWalks::peak_memory_mib() const {
  const std::string status = file_of(daemon_->id(), "status");
  return std::stod(status.substr(status.find("VmHWM:") + 6)) / 1024;
}

}  // namespace simsync::bench
