// inventory_at(t) is what the mirror was at t: a long random life of two projects with the same SIM ids, and copies of
// the mirror taken on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "storage/postgres_inventory.h"
#include "tests/support/report_invariants.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kColumns[] =
    "project, sim_id, iccid, provider, type, status, metadata, created_at, first_seen_at, profile_status, "
    "profile_status_since";

std::string time_text(int second) {
  return "timestamptz '2026-01-01Z' + " + std::to_string(second) + " * interval '1 second'";
}

class World {
 public:
  World(InventoryStore& store, unsigned seed) : store_(store), random_(seed) {}

  int now() const { return now_; }

  // Something happens to some SIMs of a project, and is read.
  void step(const std::string& project) {
    now_ += 10 + below(5000);
    std::vector<SimReading> sims;
    std::vector<ProfileReading> profiles;
    std::vector<Disappearance> gone;
    for (int i = below(6); i >= 0; --i) touch(project, sims, profiles, gone);
    store_.apply(project, sims);
    store_.apply_profiles(project, profiles);
    if (!gone.empty() || below(20) == 0) walk(project, gone);
    now_ += 10;
  }

  void walk(const std::string& project, const std::vector<Disappearance>& gone = {}) {
    WalkRecord record;
    record.started_at = at(now_);
    record.id = store_.begin_walk(project, WalkKind::full, record.started_at);
    record.finished_at = at(now_ + 5);
    record.outcome = WalkOutcome::complete;
    store_.finish_walk(project, record, gone);
    now_ += 10;
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  std::string one_of(std::vector<std::string> words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }

  void touch(const std::string& project, std::vector<SimReading>& sims, std::vector<ProfileReading>& profiles,
             std::vector<Disappearance>& gone) {
    const std::string id = "sim_" + std::to_string(below(40));
    Sim& sim = sims_.try_emplace(project + id, plain_sim(id)).first->second;
    switch (below(7)) {
      case 0:
        if (gone.empty()) gone.push_back({id, at(now_), at(now_ + 1)});
        return;
      case 1:
        sim.status = one_of({"inactive", "active", "retired"});
        break;
      case 2:
        sim.metadata = R"({"fleet": ")" + one_of({"trucks", "vans", "\\u00e9\\\"x"}) + R"("})";
        break;
      case 3:
        sim.provider = one_of({"p3", "p9"});
        sim.iccid = one_of({"8988307000000753711", "8988307000000753712F"});
        break;
      case 4:
        sim.type = one_of({"eSIM", "pSIM"});
        sim.extra = one_of({"{}", R"({"a": 1})"});
        break;
      case 5:
        sim.created_at = at(below(1000) - 100000);
        break;
      default:
        if (!read_.contains(project + id)) return;  // only SIMs of the mirror are polled
        profiles.push_back(profile_at(now_, id, one_of({"installed", "enabled", "disabled"}), now_ - below(4000)));
        return;
    }
    sims.push_back(read_at(now_, sim));
    read_.insert(project + id);
  }

  InventoryStore& store_;
  std::mt19937 random_;
  std::map<std::string, Sim> sims_;
  std::set<std::string> read_;
  int now_ = 1000;
};

class InventoryAt : public testing::Test {
 protected:
  // Rows that stand in one of them only.
  std::string differences(const std::string& one, const std::string& other) {
    return database_.value("SELECT count(*) FROM ((" + one + " EXCEPT ALL " + other + ") UNION ALL (" + other +
                           " EXCEPT ALL " + one + ")) d");
  }

  std::string at_second(int second) {
    return "SELECT " + std::string{kColumns} + " FROM simsync.inventory_at(" + time_text(second) + ")";
  }

  void finish_first_walk(int second) {
    WalkRecord record;
    record.started_at = at(second - 1);
    record.finished_at = at(second);
    record.outcome = WalkOutcome::complete;
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    store_->finish_walk("acme", record, {});
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(InventoryAt, IsTheCopyOfTheMirrorTakenThen) {
  const char* const chosen = std::getenv("SIMSYNC_REPORT_SEED");
  const unsigned seed = chosen != nullptr ? static_cast<unsigned>(std::stoul(chosen)) : std::random_device{}();
  SCOPED_TRACE("SIMSYNC_REPORT_SEED=" + std::to_string(seed));
  World world{*store_, seed};
  std::mt19937 random{seed + 1};
  for (int i = 0; i < 20; ++i) world.step(i % 2 == 0 ? "acme" : "other");
  world.walk("acme");
  world.walk("other");
  std::vector<int> moments;
  for (int i = 0; i < 400; ++i) {
    world.step(random() % 3 == 0 ? "other" : "acme");
    if (random() % 8 != 0) continue;
    moments.push_back(world.now());
    database_.run("CREATE TABLE copy_" + std::to_string(world.now()) + " AS SELECT " + kColumns +
                  " FROM simsync.inventory");
  }
  ASSERT_GT(moments.size(), 20U);
  EXPECT_THAT(database_.rows(test::kReportFaults), IsEmpty());
  const auto compare = [&](int moment) {
    const std::string copy = "SELECT " + std::string{kColumns} + " FROM copy_" + std::to_string(moment);
    EXPECT_EQ(differences(at_second(moment), copy), "0") << moment;
    EXPECT_EQ(differences(at_second(moment) + " WHERE provider = 'p9' AND project = 'acme'",
                          copy + " WHERE provider = 'p9' AND project = 'acme'"),
              "0")
        << moment;
  };
  for (const int moment : moments) compare(moment);

  // The same of what is kept, once the older half is forgotten.
  const int bound = moments[moments.size() / 2];
  while (store_->forget_history("acme", at(bound), 7) > 0) {
  }
  while (store_->forget_history("other", at(bound), 7) > 0) {
  }
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.sim_change WHERE observed_at < " + time_text(bound)), "0");
  EXPECT_NE(database_.value("SELECT count(*) FROM simsync.sim_change"), "0");
  for (const int moment : moments) {
    if (moment >= bound) {
      compare(moment);
    } else {
      EXPECT_THAT(database_.rows(at_second(moment)), IsEmpty());
    }
  }
}

TEST_F(InventoryAt, IsNothingInAnEmptyDatabaseAndBeforeTheFirstCompleteWalk) {
  EXPECT_THAT(database_.rows("SELECT * FROM simsync.inventory_at(now())"), IsEmpty());
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  EXPECT_THAT(database_.rows(at_second(15)), IsEmpty()) << "no complete walk yet";
  finish_first_walk(20);
  EXPECT_THAT(database_.rows(at_second(19)), IsEmpty());
  EXPECT_EQ(database_.rows(at_second(20)).size(), 1U);
}

TEST_F(InventoryAt, BeginsWithAnyCompleteWalkAfterAClockThatWasAhead) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  finish_first_walk(100'000'000);
  EXPECT_THAT(database_.rows(at_second(50)), IsEmpty());
  finish_first_walk(40);
  EXPECT_EQ(database_.rows(at_second(50)).size(), 1U);
}

TEST_F(InventoryAt, TellsApartGoneAndNotYetThere) {
  finish_first_walk(20);
  store_->apply("acme", {read_at(100, plain_sim("sim_1"))});
  WalkRecord record;
  record.started_at = at(200);
  record.finished_at = at(210);
  record.outcome = WalkOutcome::complete;
  record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
  store_->finish_walk("acme", record, {{"sim_1", at(205), at(206)}});
  Sim back = plain_sim("sim_1");
  back.status = "inactive";
  store_->apply("acme", {read_at(300, back)});
  const auto status_at = [&](int second) {
    return database_.rows("SELECT status FROM simsync.inventory_at(" + time_text(second) + ")");
  };
  EXPECT_THAT(status_at(100), IsEmpty()) << "read a second later";
  EXPECT_THAT(status_at(101), ElementsAre("active"));
  EXPECT_THAT(status_at(205), ElementsAre("active"));
  EXPECT_THAT(status_at(206), IsEmpty());
  EXPECT_THAT(status_at(300), IsEmpty());
  EXPECT_THAT(status_at(301), ElementsAre("inactive"));
}

TEST_F(InventoryAt, SaysWhereAChangeSeenLaterMayHaveHappenedBefore) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1")), read_at(10, plain_sim("sim_2"))});
  store_->apply_profiles("acme", {profile_at(12, "sim_2", "enabled", 5)});
  finish_first_walk(20);
  Sim changed = plain_sim("sim_1");
  changed.status = "retired";
  store_->apply("acme", {read_at(100, changed)});
  store_->apply_profiles("acme", {profile_at(60, "sim_2", "enabled", 5)});
  store_->apply_profiles("acme", {profile_at(90, "sim_2", "disabled", 70)});
  const auto doubts_at = [&](int second) {
    return database_.rows("SELECT sim_id, in_doubt FROM simsync.inventory_at(" + time_text(second) +
                          ") ORDER BY sim_id");
  };
  EXPECT_THAT(doubts_at(50), ElementsAre("sim_1|t", "sim_2|f")) << "a poll confirmed sim_2 after that";
  EXPECT_THAT(doubts_at(80), ElementsAre("sim_1|t", "sim_2|t"));
  EXPECT_THAT(doubts_at(101), ElementsAre("sim_1|f", "sim_2|f"));
}

// A clock that was set back: the history is in its order, and no change is overlooked.
TEST_F(InventoryAt, FindsChangesAlsoWhenTheClockWasSetBack) {
  store_->apply("acme", {read_at(10, plain_sim("sim_1"))});
  finish_first_walk(20);
  Sim sim = plain_sim("sim_1");
  sim.status = "inactive";
  store_->apply("acme", {read_at(500, sim)});
  sim.status = "retired";
  store_->apply("acme", {{sim, at(501), at(400)}});
  for (const int second : {300, 450}) {
    EXPECT_THAT(database_.rows("SELECT status FROM simsync.inventory_at(" + time_text(second) + ")"),
                ElementsAre("active"));
  }
  EXPECT_THAT(database_.rows("SELECT status FROM simsync.inventory_at(" + time_text(600) + ")"),
              ElementsAre("retired"));
}

}  // namespace
}  // namespace simsync
