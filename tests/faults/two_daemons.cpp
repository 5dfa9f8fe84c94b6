#include "tests/faults/two_daemons.h"

#include <csignal>

namespace simsync::test {
namespace {

using std::chrono::seconds;

// Notes who writes under which lease: the session's name, by the environment of its daemon.
constexpr char kAudit[] = R"(
CREATE TABLE IF NOT EXISTS written (place bigserial, who text, project text, epoch bigint);
CREATE OR REPLACE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.written (who, project, epoch)
    SELECT current_setting('application_name'), NEW.project, l.epoch
    FROM simsync.lease l WHERE l.project = NEW.project;
  RETURN NULL;
END $$;
CREATE TRIGGER note_writer AFTER INSERT ON simsync.sim_change FOR EACH ROW EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT ON simsync.esim_profile_transition FOR EACH ROW EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT ON simsync.walk FOR EACH ROW EXECUTE FUNCTION note_writer())";

const std::vector<std::string> kNames = {"one", "other"};

}  // namespace

std::string Addresses::url(const std::string& database) const {
  std::string hosts;
  for (const int port : ports) hosts += (hosts.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  return "postgresql://postgres@" + hosts + "/" + database +
         (ports.size() > 1 ? "?target_session_attrs=read-write" : "");
}

TwoDaemons::TwoDaemons(std::vector<SimulatedProject> projects)
    : simulator_({.projects = std::move(projects)}), own_(std::make_unique<TestDatabase>()) {
  make_daemons({});
}

TwoDaemons::TwoDaemons(std::vector<SimulatedProject> projects, const std::string& server, const Addresses& daemons)
    : simulator_({.projects = std::move(projects)}), own_(std::make_unique<TestDatabase>(server)) {
  for (std::size_t i = 0; i < kNames.size(); ++i) gates_.push_back(std::make_unique<Gate>(daemons.ports));
  make_daemons(daemons);
}

void TwoDaemons::make_daemons(const Addresses& through) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    Settings settings = busy(settings_for(simulator_, database_));
    if (!through.ports.empty()) settings.database_url = Addresses{gates_[i]->ports()}.url(database_.name());
    daemons_.push_back(std::make_unique<Daemon>(settings));
    daemons_.back()->set_environment("PGAPPNAME", kNames[i]);
  }
  processes_.resize(kNames.size());
  const Outcome first = daemons_[0]->run({"sync"});
  EXPECT_EQ(first.status, 0) << first.err;
  database_.run(kAudit);
}

// ---- what becomes of them

void TwoDaemons::start(std::size_t which) {
  processes_[which] = daemons_[which]->start({"run"});
}

bool TwoDaemons::has_begun(std::size_t which) const {
  return processes_[which] && processes_[which]->err().find("started") != std::string::npos;
}

void TwoDaemons::end(std::size_t which, int signal, bool anything_in_its_way) {
  // Before it says so, SIGTERM ends it like any program.
  if (!anything_in_its_way) {
    EXPECT_TRUE(eventually([&] { return has_begun(which); })) << said();
  }
  processes_[which]->signal(signal);
  processes_[which]->signal(SIGCONT);
  const auto status = processes_[which]->wait_for(seconds{20});
  if (signal == SIGTERM && !anything_in_its_way) {
    EXPECT_EQ(status, std::optional<int>{0}) << processes_[which]->err();
  }
  EXPECT_TRUE(status) << "it does not end";
  processes_[which].reset();
}

void TwoDaemons::supervise() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (!processes_[i] || processes_[i]->running()) continue;
    EXPECT_FALSE(has_begun(i)) << kNames[i] << " has ended: " << processes_[i]->err();
    start(i);
  }
}

// ---- what the database says

bool TwoDaemons::holds(std::size_t which) const {
  return processes_[which] && database_.number(
                                  "SELECT count(*) FROM simsync.lease WHERE expires_at > clock_timestamp() "
                                  "AND split_part(holder, ' ', 2) = $1",
                                  {std::to_string(processes_[which]->id())}) > 0;
}

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
  EXPECT_GT(written_by("one") + written_by("other"), 0) << "the triggers note nobody";
  for (const DatabaseRow& row :
       database_.rows("SELECT project, epoch, string_agg(DISTINCT who, ' and ') FROM written WHERE who <> 'simsyncd' "
                      "GROUP BY 1, 2 HAVING count(DISTINCT who) > 1")) {
    ADD_FAILURE() << *row[2] << " wrote for " << *row[0] << " in epoch " << *row[1];
  }
  for (const DatabaseRow& row : database_.rows(
           "SELECT project, epoch, earlier FROM (SELECT *, max(epoch) OVER (PARTITION BY project ORDER BY place "
           "ROWS UNBOUNDED PRECEDING) AS earlier FROM written) w WHERE epoch < earlier LIMIT 5")) {
    ADD_FAILURE() << "a write for " << *row[0] << " of epoch " << *row[1] << " after one of " << *row[2];
  }
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

std::string TwoDaemons::said() const {
  std::string all;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    const std::string err = processes_[i] ? processes_[i]->err() : "(does not run)";
    all += "\n-- " + kNames[i] + ":\n" + err.substr(err.size() > 3000 ? err.size() - 3000 : 0);
  }
  return all;
}

}  // namespace simsync::test
