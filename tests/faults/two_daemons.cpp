#include "tests/faults/two_daemons.h"

#include <csignal>

#include "tests/faults/writers.h"

namespace simsync::test {
namespace {

using std::chrono::seconds;

}  // namespace

TwoDaemons::TwoDaemons(std::vector<SimulatedProject> projects)
    : simulator_({.projects = std::move(projects)}), own_(std::make_unique<TestDatabase>()) {
  make_daemons({});
}

TwoDaemons::TwoDaemons(std::vector<SimulatedProject> projects, const std::string& server, const Addresses& daemons)
    : simulator_({.projects = std::move(projects)}), own_(std::make_unique<TestDatabase>(server)) {
  for (std::size_t i = 0; i < 2; ++i) gates_.push_back(std::make_unique<Gate>(daemons.ports));
  make_daemons(daemons);
}

void TwoDaemons::make_daemons(const Addresses& through) {
  for (std::size_t i = 0; i < 2; ++i) {
    Settings settings = busy(settings_for(simulator_, database_));
    if (!through.ports.empty()) settings.database_url = Addresses{gates_[i]->ports()}.url(database_.name());
    add(settings);
  }
  const Outcome first = daemons_[0]->run({"sync"});
  EXPECT_EQ(first.status, 0) << first.err;
  note_writers(database_);
}

// ---- what becomes of them

void TwoDaemons::end(std::size_t which, int signal, bool anything_in_its_way) {
  // Before it says so, SIGTERM ends it like any program.
  if (!anything_in_its_way) {
    EXPECT_TRUE(eventually([&] { return has_begun(which); })) << said();
  }
  const auto status = finish(which, signal);
  if (signal == SIGTERM && !anything_in_its_way) {
    EXPECT_EQ(status, std::optional<int>{0}) << daemons_[which]->last_log();
  }
  EXPECT_TRUE(status) << "it does not end";
}

void TwoDaemons::supervise() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (!processes_[i] || processes_[i]->running()) continue;
    EXPECT_FALSE(has_begun(i)) << name(i) << " has ended: " << processes_[i]->err();
    start(i);
  }
}

// ---- what the database says

long TwoDaemons::written_by(const std::string& who) const {
  return database_.number("SELECT count(*) FROM written WHERE who = $1", {who});
}

bool TwoDaemons::works(const std::string& who) const {
  const long before = written_by(who);
  return eventually([&] { return written_by(who) > before; }, seconds{60});
}

Differences TwoDaemons::differences() const {
  Differences all;
  for (const SimulatedProject& project : simulator_.options().projects) {
    const Differences found = mirror_differences(World{simulator_, project.id}, database_);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

void TwoDaemons::expect_one_writer_at_a_time() const {
  const Differences faults = writer_faults(database_);
  EXPECT_TRUE(faults.empty()) << listed(faults);
}

void TwoDaemons::expect_all_well() {
  simulator_.pause();
  simulator_.clear_faults();
  for (const auto& gate : gates_) gate->heal();
  for (auto& process : processes_) {
    if (process) process->signal(SIGCONT);
  }
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (processes_[i]) end(i, SIGTERM);
  }
  daemons_[0]->set_environment("PGAPPNAME", "simsyncd");  // a pass has no lease, and works beside a service
  const Outcome last = daemons_[0]->run({"sync"});
  EXPECT_EQ(last.status, 0) << last.err;
  EXPECT_TRUE(differences().empty()) << listed(differences());
  for (const SimulatedProject& project : simulator_.options().projects) {
    const Differences history = history_faults(World{simulator_, project.id}, database_);
    EXPECT_TRUE(history.empty()) << listed(history);
  }
  expect_one_writer_at_a_time();
}

}  // namespace simsync::test
