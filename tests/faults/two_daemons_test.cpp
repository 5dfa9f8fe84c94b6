// Two daemons on one database: one writes for a project at a time, whatever becomes of the other.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include "tests/support/compare.h"
#include "tests/support/daemon.h"
#include "tests/support/private_server.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Notes who writes under which lease: the session's name, by the environment of its daemon.
constexpr char kAudit[] = R"(
CREATE TABLE IF NOT EXISTS written (who text, project text, epoch bigint, at timestamptz);
CREATE OR REPLACE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.written
    SELECT current_setting('application_name'), NEW.project, l.epoch, clock_timestamp()
    FROM simsync.lease l WHERE l.project = NEW.project;
  RETURN NULL;
END $$;
CREATE TRIGGER note_writer AFTER INSERT ON simsync.sim_change FOR EACH ROW EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT ON simsync.esim_profile_transition FOR EACH ROW EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT ON simsync.walk FOR EACH ROW EXECUTE FUNCTION note_writer())";

class TwoDaemons : public testing::Test {
 protected:
  TwoDaemons() : TwoDaemons({{.sims = 500}}) {}
  // `server`: empty for the usual one.
  explicit TwoDaemons(std::vector<SimulatedProject> projects, const std::string& server = {})
      : simulator_({.projects = std::move(projects)}),
        own_(server.empty() ? std::make_unique<TestDatabase>() : std::make_unique<TestDatabase>(server)) {
    for (const std::string name : {"one", "other"}) {
      daemons_.push_back(std::make_unique<Daemon>(busy(settings_for(simulator_, database_))));
      daemons_.back()->set_environment("PGAPPNAME", name);
    }
    EXPECT_EQ(daemons_[0]->run({"sync"}).status, 0);
    database_.run(kAudit);
    processes_.resize(2);
  }

  void start(std::size_t which) { processes_[which] = daemons_[which]->start({"run"}); }
  void end(std::size_t which, int signal) {
    // Before it says so, SIGTERM ends it like any program.
    EXPECT_TRUE(eventually([&] { return processes_[which]->err().find("started") != std::string::npos; }));
    processes_[which]->signal(signal);
    const auto status = processes_[which]->wait_for(seconds{20});
    if (signal == SIGTERM) {
      EXPECT_EQ(status, std::optional<int>{0}) << processes_[which]->err();
    }
    processes_[which].reset();
  }

  [[nodiscard]] std::string holder() const {
    return database_.value("SELECT coalesce(max(holder), '') FROM simsync.lease WHERE expires_at > clock_timestamp()");
  }
  [[nodiscard]] long epoch() const { return database_.number("SELECT coalesce(max(epoch), 0) FROM simsync.lease"); }
  // Walks end while it works.
  [[nodiscard]] bool works(const std::string& who) const {
    const std::string sql = "SELECT count(*) FROM written WHERE who = '" + who + "'";
    const long before = database_.number(sql);
    return eventually([&] { return database_.number(sql) > before; }, seconds{20});
  }

  void expect_one_writer_at_a_time() const {
    for (const DatabaseRow& row :
         database_.rows("SELECT project, epoch, string_agg(DISTINCT who, ' and ') FROM written WHERE who <> 'simsyncd' "
                        "GROUP BY 1, 2 HAVING count(DISTINCT who) > 1")) {
      ADD_FAILURE() << *row[2] << " wrote for " << *row[0] << " in epoch " << *row[1];
    }
    for (const DatabaseRow& row : database_.rows(
             "SELECT project, epoch, earlier FROM (SELECT *, max(epoch) OVER (PARTITION BY project ORDER BY at "
             "ROWS UNBOUNDED PRECEDING) AS earlier FROM written) w WHERE epoch < earlier LIMIT 5")) {
      ADD_FAILURE() << "a write for " << *row[0] << " of epoch " << *row[1] << " after one of " << *row[2];
    }
  }

  void expect_all_well() {
    simulator_.pause();
    simulator_.clear_faults();
    for (auto& process : processes_) {
      if (process) process->signal(SIGCONT);
    }
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      if (processes_[i]) end(i, SIGTERM);
    }
    daemons_[0]->set_environment("PGAPPNAME", "simsyncd");  // a pass has no lease, and works beside a service
    EXPECT_EQ(daemons_[0]->run({"sync"}).status, 0);
    for (const SimulatedProject& project : simulator_.options().projects) {
      const World world{simulator_, project.id};
      const Differences mirror = mirror_differences(world, database_);
      EXPECT_TRUE(mirror.empty()) << listed(mirror);
      const Differences history = history_faults(world, database_);
      EXPECT_TRUE(history.empty()) << listed(history);
    }
    expect_one_writer_at_a_time();
  }

  Simulator simulator_;
  std::unique_ptr<TestDatabase> own_;
  TestDatabase& database_ = *own_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::vector<std::unique_ptr<Process>> processes_;
};

TEST_F(TwoDaemons, TheOtherTakesOverFromOneThatStopsOrIsKilled) {
  simulator_.live(50, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << processes_[0]->err();
  start(1);
  std::this_thread::sleep_for(milliseconds{1500});
  EXPECT_EQ(database_.number("SELECT count(*) FROM written WHERE who = 'other'"), 0);
  end(0, SIGTERM);
  EXPECT_TRUE(works("other")) << processes_[1]->err();
  start(0);
  std::this_thread::sleep_for(milliseconds{1500});
  end(1, SIGKILL);
  EXPECT_TRUE(works("one")) << processes_[0]->err();
  expect_all_well();
}

TEST_F(TwoDaemons, OneThatWasFrozenFindsItsSuccessorAndWritesNothing) {
  simulator_.live(200, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << processes_[0]->err();
  start(1);
  const long before = epoch();
  processes_[0]->signal(SIGSTOP);
  ASSERT_TRUE(eventually([&] { return epoch() > before; }, seconds{30})) << processes_[1]->err();
  ASSERT_TRUE(works("other")) << processes_[1]->err();
  const long written = database_.number("SELECT count(*) FROM written WHERE who = 'one'");
  processes_[0]->signal(SIGCONT);
  ASSERT_TRUE(works("other")) << processes_[1]->err();
  EXPECT_TRUE(eventually([&] { return processes_[0]->err().find("another simsyncd") != std::string::npos; }))
      << processes_[0]->err();
  EXPECT_EQ(database_.number("SELECT count(*) FROM written WHERE who = 'one'"), written);
  end(1, SIGKILL);
  EXPECT_TRUE(works("one")) << "it is ready to take over again\n" << processes_[0]->err();
  expect_all_well();
}

// Then its session holds locks that whoever takes over needs.
TEST_F(TwoDaemons, OneThatWasFrozenInATransactionIsTakenOverFrom) {
  start(0);
  ASSERT_TRUE(works("one")) << processes_[0]->err();
  start(1);
  const long before = epoch();
  const auto sessions = [&](const std::string& in) {
    return database_.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'one' AND " + in);
  };
  {
    const OpenTransaction lock{database_, "LOCK TABLE simsync.walk IN SHARE MODE"};
    ASSERT_TRUE(eventually([&] { return sessions("wait_event_type = 'Lock'") > 0; }));
    processes_[0]->signal(SIGSTOP);
  }
  ASSERT_TRUE(eventually([&] { return sessions("state = 'idle in transaction'") > 0; }, seconds{4}));
  EXPECT_TRUE(eventually([&] { return epoch() > before; }, seconds{30})) << processes_[1]->err();
  EXPECT_TRUE(works("other")) << processes_[1]->err();
  expect_all_well();
}

TEST_F(TwoDaemons, ARandomLife) {
  const char* given = std::getenv("SIMSYNC_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  const char* longer = std::getenv("SIMSYNC_TEST_SECONDS");  // 600 for the long one
  const seconds length{longer != nullptr ? std::stoi(longer) : 30};
  std::cout << "SIMSYNC_TEST_SEED=" << seed << '\n';
  std::mt19937 random{seed};
  simulator_.live(200, "status=5,profile=5,metadata=2,create=1,delete=0.05");
  start(0);
  start(1);
  const auto end_of_test = std::chrono::steady_clock::now() + length;
  while (std::chrono::steady_clock::now() < end_of_test) {
    const std::size_t which = random() % 2;
    const auto life = milliseconds{random() % 4000};
    switch (random() % 4) {
      case 0:
        end(which, SIGKILL);
        std::this_thread::sleep_for(life);
        start(which);
        break;
      case 1:
        end(which, SIGTERM);
        std::this_thread::sleep_for(life);
        start(which);
        break;
      case 2:
        processes_[which]->signal(SIGSTOP);
        std::this_thread::sleep_for(milliseconds{random() % 12000});
        processes_[which]->signal(SIGCONT);
        break;
      default:
        // A service that loses its database before it has started ends, and systemd starts it again.
        for (const auto& process : processes_) {
          EXPECT_TRUE(eventually([&] { return process->err().find("started") != std::string::npos; }));
        }
        EXPECT_GE(database_.end_other_sessions(), 0);
        break;
    }
    std::this_thread::sleep_for(life);
  }
  for (auto& process : processes_) EXPECT_TRUE(process->running()) << process->err();
  expect_all_well();
}

class TwoDaemonsManyProjects : public TwoDaemons {
 protected:
  TwoDaemonsManyProjects()
      : TwoDaemons(
            {{.id = "a", .sims = 100}, {.id = "b", .sims = 100}, {.id = "c", .sims = 100}, {.id = "d", .sims = 100}}) {}

  [[nodiscard]] std::string shares() const {
    return database_.value(
        "SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM (SELECT count(*) AS n FROM simsync.lease "
        "WHERE expires_at > clock_timestamp() GROUP BY holder) held");
  }
};

TEST_F(TwoDaemonsManyProjects, EachTakesItsShareAndAllOfADeadOne) {
  start(0);
  ASSERT_TRUE(eventually([&] { return shares() == "4"; })) << processes_[0]->err();
  start(1);
  ASSERT_TRUE(eventually([&] { return shares() == "2 2"; })) << processes_[0]->err() << processes_[1]->err();
  end(0, SIGKILL);
  ASSERT_TRUE(eventually([&] { return shares() == "4"; })) << processes_[1]->err();
  expect_all_well();
}

// A primary and a standby that follows it, with a delay: what was committed last may be lost.
struct ServerPair {
  PrivateServer primary;
  PrivateServer standby = PrivateServer::standby_of(primary);
};

class TwoDaemonsTwoServers : private ServerPair, public TwoDaemons {
 protected:
  TwoDaemonsTwoServers() : TwoDaemons({{.sims = 500}}, primary.url_with(standby)) {}

  // The last second and a half of what was committed is lost.
  void fail_over() {
    standby.fall_behind();
    std::this_thread::sleep_for(milliseconds{1500});
    const long written = database_.number("SELECT count(*) FROM written");
    primary.crash();
    standby.promote();
    database_.reconnect();
    EXPECT_LT(database_.number("SELECT count(*) FROM written"), written) << "nothing was lost";
  }
};

TEST_F(TwoDaemonsTwoServers, GoOnWithTheStandbyWhereItIs) {
  simulator_.live(300, "status=5,profile=5,metadata=2,create=1,delete=0.05");
  start(0);
  ASSERT_TRUE(works("one")) << processes_[0]->err();
  start(1);
  std::this_thread::sleep_for(seconds{2});
  fail_over();
  EXPECT_TRUE(eventually([&] { return !holder().empty(); }, seconds{60})) << processes_[0]->err();
  for (auto& process : processes_) ASSERT_TRUE(process->running()) << process->err();
  // Whoever wrote what was lost must not believe that it is there.
  simulator_.pause();
  const auto equal = [&] { return mirror_differences(World{simulator_, "acme"}, database_).empty(); };
  EXPECT_TRUE(eventually(equal, seconds{40})) << listed(mirror_differences(World{simulator_, "acme"}, database_));
  simulator_.resume();
  end(0, SIGKILL);
  EXPECT_TRUE(works("other")) << processes_[1]->err();
  expect_all_well();
}

// In transaction mode: each transaction may be on another connection to the server.
class Pooler {
 public:
  explicit Pooler(const std::string& server) {
    const std::string port = std::to_string(free_port());
    const auto colon = server.rfind(':');
    write_file(folder_.file("ini"), "[databases]\n* = host=127.0.0.1 user=postgres port=" +
                                        server.substr(colon + 1, server.find('/', colon) - colon - 1) +
                                        "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + port +
                                        "\nauth_type = any\npool_mode = transaction\nunix_socket_dir =\n"
                                        "default_pool_size = 8\nmax_client_conn = 200\n");
    Process::Start start{.program = "pgbouncer",
                         .arguments = {folder_.file("ini")},
                         .environment = {},
                         .out_file = folder_.file("out"),
                         .err_file = folder_.file("err")};
    if (geteuid() == 0) {  // it refuses root
      std::filesystem::permissions(std::filesystem::path{folder_.file("ini")}.parent_path(),
                                   std::filesystem::perms{0755});
      start.arguments = {"--reuid=postgres", "--regid=postgres", "--clear-groups", "pgbouncer", folder_.file("ini")};
      start.program = "setpriv";
    }
    process_ = std::make_unique<Process>(start);
    url_ = "postgresql://postgres@127.0.0.1:" + port + "/postgres";
    if (!eventually([&] { return process_->err().find("process up") != std::string::npos || !process_->running(); }) ||
        !process_->running()) {
      throw std::runtime_error("pgbouncer does not start: " + process_->err());
    }
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  TempDir folder_;
  std::unique_ptr<Process> process_;
  std::string url_;
};

class TwoDaemonsOnePooler : private Pooler, public TwoDaemons {
 protected:
  TwoDaemonsOnePooler() : Pooler(std::getenv("SIMSYNC_TEST_DATABASE")), TwoDaemons({{.sims = 500}}, url()) {}
};

TEST_F(TwoDaemonsOnePooler, TakeOverFromEachOtherAllTheSame) {
  simulator_.live(100, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << processes_[0]->err();
  start(1);
  const long before = epoch();
  processes_[0]->signal(SIGSTOP);
  ASSERT_TRUE(eventually([&] { return epoch() > before; }, seconds{30})) << processes_[1]->err();
  EXPECT_TRUE(works("other")) << processes_[1]->err();
  processes_[0]->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return processes_[0]->err().find("another simsyncd") != std::string::npos; }));
  end(1, SIGTERM);
  EXPECT_TRUE(works("one")) << processes_[0]->err();
  expect_all_well();
}

}  // namespace
}  // namespace simsync::test
