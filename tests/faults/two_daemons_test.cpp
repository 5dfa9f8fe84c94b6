// Two daemons on one database: one writes for a project at a time, whatever becomes of the other.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tests/faults/two_daemons.h"
#include "tests/support/pooler.h"
#include "tests/support/private_server.h"

namespace simsync::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(TwoDaemons, TheOtherTakesOverFromOneThatStopsOrIsKilled) {
  simulator_.live(50, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << said();
  start(1);
  std::this_thread::sleep_for(milliseconds{1500});
  EXPECT_EQ(written_by("other"), 0);
  end(0, SIGTERM);
  EXPECT_TRUE(works("other")) << said();
  start(0);
  std::this_thread::sleep_for(milliseconds{1500});
  end(1, SIGKILL);
  EXPECT_TRUE(works("one")) << said();
  expect_all_well();
}

TEST_F(TwoDaemons, OneThatWasFrozenFindsItsSuccessorAndWritesNothing) {
  simulator_.live(200, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << said();
  start(1);
  const long before = epoch();
  processes_[0]->signal(SIGSTOP);
  ASSERT_TRUE(eventually([&] { return epoch() > before; }, seconds{30})) << said();
  ASSERT_TRUE(works("other")) << said();
  const long written = written_by("one");
  processes_[0]->signal(SIGCONT);
  ASSERT_TRUE(works("other")) << said();
  EXPECT_TRUE(eventually([&] { return processes_[0]->err().find("another simsyncd") != std::string::npos; })) << said();
  EXPECT_EQ(written_by("one"), written);
  end(1, SIGKILL);
  EXPECT_TRUE(works("one")) << "it is ready to take over again\n" << said();
  expect_all_well();
}

// Then its session holds locks that whoever takes over needs.
TEST_F(TwoDaemons, OneThatWasFrozenInATransactionIsTakenOverFrom) {
  start(0);
  ASSERT_TRUE(works("one")) << said();
  start(1);
  const long before = epoch();
  const auto sessions = [&](const std::string& in) {
    return database_.number(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'one' AND datname = current_database() AND " +
        in);
  };
  {
    const OpenTransaction lock{database_, "LOCK TABLE simsync.walk IN SHARE MODE"};
    ASSERT_TRUE(eventually([&] { return sessions("wait_event_type = 'Lock'") > 0; }));
    processes_[0]->signal(SIGSTOP);
  }
  ASSERT_TRUE(eventually([&] { return sessions("state = 'idle in transaction'") > 0; }, seconds{4}));
  EXPECT_TRUE(eventually([&] { return epoch() > before; }, seconds{30})) << said();
  EXPECT_TRUE(works("other")) << said();
  expect_all_well();
}

// How long nobody works on a project of 10,000 SIMs; printed, not judged.
class TakeOver : public TwoDaemons {
 protected:
  TakeOver() : TwoDaemons({{.sims = 10'000}}) {}

  // Of the one that holds, done at once by `act`: until the other has the lease, and until it has written.
  void measure(const std::string& what, std::size_t holder, const std::function<void()>& act) {
    const std::string other = holder == 0 ? "other" : "one";
    ASSERT_TRUE(holds(holder) && has_begun(1 - holder)) << said();
    const long before = epoch();
    const long written = written_by(other);
    const auto begun = std::chrono::steady_clock::now();
    const auto since = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
    act();
    ASSERT_TRUE(eventually([&] { return epoch() > before; })) << "nobody takes over: " << what << said();
    const double taken = since();
    ASSERT_TRUE(eventually([&] { return written_by(other) > written; })) << said();
    std::cout << what << ": taken over after " << taken << " s, first write after " << since() << " s\n";
  }
};

TEST_F(TakeOver, OfTenThousandSims) {
  simulator_.live(50, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << said();
  start(1);
  ASSERT_TRUE(eventually([&] { return has_begun(1); })) << said();
  measure("clean stop", 0, [&] { processes_[0]->signal(SIGTERM); });
  EXPECT_EQ(processes_[0]->wait_for(seconds{20}), std::optional<int>{0}) << said();
  start(0);
  ASSERT_TRUE(eventually([&] { return has_begun(0); })) << said();
  measure("killed on the same machine", 1, [&] { end(1, SIGKILL); });
  start(1);
  ASSERT_TRUE(eventually([&] { return has_begun(1); })) << said();
  // To the other one it looks as one whose machine died: it is not known to have ended.
  measure("frozen, as if its machine were gone", 0, [&] { processes_[0]->signal(SIGSTOP); });
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
  ASSERT_TRUE(eventually([&] { return shares() == "4"; })) << said();
  start(1);
  ASSERT_TRUE(eventually([&] { return shares() == "2 2"; })) << said();
  end(0, SIGKILL);
  ASSERT_TRUE(eventually([&] { return shares() == "4"; })) << said();
  expect_all_well();
}

struct OnePooler {
  Pooler pooler{PrivateServer::port_of(std::getenv("SIMSYNC_TEST_DATABASE"))};
};

class TwoDaemonsOnePooler : private OnePooler, public TwoDaemons {
 protected:
  TwoDaemonsOnePooler()
      : TwoDaemons({{.sims = 500}}, std::getenv("SIMSYNC_TEST_DATABASE"), Addresses{{pooler.port()}}) {}
};

TEST_F(TwoDaemonsOnePooler, TakeOverFromEachOtherAllTheSame) {
  simulator_.live(100, "status=5,profile=5");
  start(0);
  ASSERT_TRUE(works("one")) << said();
  start(1);
  const long before = epoch();
  processes_[0]->signal(SIGSTOP);
  ASSERT_TRUE(eventually([&] { return epoch() > before; }, seconds{30})) << said();
  EXPECT_TRUE(works("other")) << said();
  processes_[0]->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return processes_[0]->err().find("another simsyncd") != std::string::npos; }));
  end(1, SIGTERM);
  EXPECT_TRUE(works("one")) << said();
  expect_all_well();
}

}  // namespace
}  // namespace simsync::test
