// What rules on time in a state, stock and freshness ask of the database.
#include "storage/alert_conditions.h"

#include "tests/unit/storage/alert_fixture.h"

namespace simsync {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class AlertConditionsTest : public AlertFixture {
 protected:
  static std::vector<std::string> ids(const HoldingConditions& found) {
    std::vector<std::string> all;
    for (const AlertCondition& one : found.holding) all.push_back(one.sim_id);
    return all;
  }
  void sim_of(const std::string& id, const std::string& provider, const std::string& type, const std::string& status,
              const std::string& metadata = "{}") {
    SimReading reading = read_at(second_, plain_sim(id));
    reading.sim.provider = provider;
    reading.sim.type = type;
    reading.sim.status = status;
    reading.sim.metadata = metadata;
    second_ += 10;
    store_->apply("acme", {reading});
  }

  std::unique_ptr<AlertConditions> conditions_ = open_postgres_alert_conditions(database_.url());
};

TEST_F(AlertConditionsTest, ProfilesThatHaveBeenInAStateForSoLong) {
  for (const std::string id : {"long", "short", "enabled", "gone"}) sim(id);
  store_->apply_profiles("acme", {profile_at(100, "long", "installed", 50), profile_at(100, "short", "installed", 60),
                                  profile_at(100, "enabled", "enabled", 10), profile_at(100, "gone", "installed", 10)});
  walk(WalkOutcome::complete, false, 0, {{"gone", at(200), at(200)}});
  const StateQuestion question{"rule", {"installed", "never heard of"}, seconds{1000}, {}};
  const HoldingConditions found = conditions_->profiles_in("acme", question, at(1055));
  EXPECT_THAT(ids(found), ElementsAre("long"));
  EXPECT_EQ(found.holding[0].provider + ' ' + found.holding[0].to, "p3 installed");
  EXPECT_EQ(found.holding[0].since, at(50));
  EXPECT_NE(found.holding[0].details.find("8988307000000753711"), std::string::npos) << found.holding[0].details;
  EXPECT_EQ(found.total, 1U);
  EXPECT_THAT(ids(conditions_->profiles_in("acme", question, at(1060))), ElementsAre("long", "short"));
  EXPECT_THAT(ids(conditions_->profiles_in("other", question, at(1060))), IsEmpty());
  EXPECT_THAT(ids(conditions_->profiles_in("acme", {"rule", {"*"}, seconds{1000}, {}}, at(1060))),
              ElementsAre("enabled", "long", "short"));
}

TEST_F(AlertConditionsTest, SimsThatHaveBeenInAStateForSoLong) {
  sim("always", "inactive");  // first seen at 11
  sim("changed", "active");
  sim("tagged", "inactive");
  walk();
  second_ = 500;
  sim("changed", "inactive");                         // at 501
  sim("tagged", "inactive", R"({"fleet": "cars"})");  // its status did not change
  const StateQuestion question{"rule", {"inactive"}, seconds{1000}, {}};
  const HoldingConditions found = conditions_->sims_in("acme", question, at(1100));
  EXPECT_THAT(ids(found), ElementsAre("always", "tagged"));
  EXPECT_EQ(found.holding[0].since, at(11));
  EXPECT_EQ(found.holding[1].since, at(31));
  EXPECT_THAT(ids(conditions_->sims_in("acme", question, at(1500))), ElementsAre("always", "tagged"));
  EXPECT_THAT(ids(conditions_->sims_in("acme", question, at(1600))), ElementsAre("always", "tagged", "changed"));
}

TEST_F(AlertConditionsTest, FiltersGoByListsAndStars) {
  sim_of("a", "p3", "eSIM", "active", R"({"fleet": "trucks", "n": 7})");
  sim_of("b", "p14", "pSIM", "active", R"({"fleet": "cars%"})");
  sim_of("c", "p_4", "eSIM", "active");
  const auto of = [&](const SimFilter& where) {
    return ids(conditions_->sims_in("acme", {"rule", {"active"}, seconds{1}, where}, at(100000)));
  };
  EXPECT_THAT(of({}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(of({{"p3", "p_4"}, {}, {}, {}}), ElementsAre("a", "c"));
  EXPECT_THAT(of({{"p_*"}, {}, {}, {}}), ElementsAre("c"));
  EXPECT_THAT(of({{"p*"}, {"pSIM"}, {}, {}}), ElementsAre("b"));
  EXPECT_THAT(of({{}, {}, {"retired"}, {}}), IsEmpty());
  EXPECT_THAT(of({{}, {}, {}, {{"fleet", {"*"}}}}), ElementsAre("a", "b"));
  EXPECT_THAT(of({{}, {}, {}, {{"fleet", {"cars%", "x"}}}}), ElementsAre("b"));
  EXPECT_THAT(of({{}, {}, {}, {{"fleet", {"*"}}, {"n", {"7"}}}}), ElementsAre("a"));
  EXPECT_THAT(of({{}, {}, {}, {{"absent", {"*"}}}}), IsEmpty());
}

TEST_F(AlertConditionsTest, TooManyAreCutOffAndCounted) {
  database_.run(R"(
    INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                             changed_at, confirmed_at)
      SELECT 'acme', 's' || n, '89', 'p3', 'eSIM', 'active', '{}', t, '{}', t, t, t
      FROM generate_series(1, 10001) n, CAST('2025-01-01Z' AS timestamptz) t;
    INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since,
                                      last_polled_at, sim_status, changed_at)
      SELECT project, sim_id, 'installed', created_at, created_at, created_at, created_at, status, created_at
      FROM simsync.sim)");
  store_->count_anew("acme");
  for (const HoldingConditions& found : {conditions_->profiles_in("acme", {"rule", {"installed"}, hours{1}, {}}, at(0)),
                                         conditions_->sims_in("acme", {"rule", {"active"}, hours{1}, {}}, at(0))}) {
    EXPECT_EQ(found.total, 10001U);
    EXPECT_EQ(found.holding.size(), kMostConditions);
  }
}

TEST_F(AlertConditionsTest, WhatHasAnOpenAlertIsNotCutOff) {
  database_.run(R"(
    INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                             changed_at, confirmed_at)
      SELECT 'acme', 's' || n, '89', 'p3', 'eSIM', 'active', '{}', t, '{}', t, t, t
      FROM generate_series(1, 10001) n, LATERAL (SELECT CAST('2025-01-01Z' AS timestamptz) + n * interval '1 s' AS t) x;
    INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since,
                                      last_polled_at, sim_status, changed_at)
      SELECT project, sim_id, 'installed', created_at, created_at, created_at, created_at, status, created_at
      FROM simsync.sim;
    INSERT INTO simsync.alert (project, sim_id, rule, type, severity, body, raised_at, state)
      VALUES ('acme', 's10001', 'rule', 't', 'warning', '{}', now(), 'firing'),
             ('acme', 's10000', 'another', 't', 'warning', '{}', now(), 'firing'))");
  store_->count_anew("acme");
  for (const HoldingConditions& found : {conditions_->profiles_in("acme", {"rule", {"installed"}, hours{1}, {}}, at(0)),
                                         conditions_->sims_in("acme", {"rule", {"active"}, hours{1}, {}}, at(0))}) {
    ASSERT_EQ(found.holding.size(), kMostConditions);
    EXPECT_EQ(found.holding.back().sim_id, "s10001");
    EXPECT_EQ(found.holding[kMostConditions - 2].sim_id, "s9999");
  }
}

TEST_F(AlertConditionsTest, StockIsTheViews) {
  sim_of("a", "p9", "pSIM", "inactive");
  sim_of("b", "p9", "pSIM", "inactive");
  sim_of("c", "p9", "eSIM", "active");
  sim_of("d", "p3", "eSIM", "inactive");
  std::vector<std::string> levels;
  for (const StockLevel& level : conditions_->stock("acme", {})) {
    levels.push_back(level.provider + '|' + level.type + '|' + std::to_string(level.unused));
  }
  EXPECT_THAT(levels, ElementsAre("p3|eSIM|1", "p9|eSIM|0", "p9|pSIM|2"));
  EXPECT_EQ(levels, rows("SELECT provider, type, unused FROM simsync.stock ORDER BY 1, 2"));
  EXPECT_EQ(conditions_->stock("acme", {{"p9"}, {"p*"}, {}, {}}).at(0).unused, 2U);
  EXPECT_THAT(conditions_->stock("other", {}), IsEmpty());
}

TEST_F(AlertConditionsTest, WhatIsAllUsedUpIsAStockOfNothing) {
  sim_of("a", "p9", "pSIM", "inactive");
  walk();
  walk(WalkOutcome::complete, false, 0, {{"a", at(200), at(200)}});
  const std::vector<StockLevel> levels = conditions_->stock("acme", {});
  ASSERT_THAT(levels, SizeIs(1));
  EXPECT_EQ(levels[0].unused, 0U);
}

TEST_F(AlertConditionsTest, AProjectsAgeIsThatOfItsLastCompleteWalk) {
  EXPECT_EQ(conditions_->age("acme").first_walk, std::nullopt);
  walk(WalkOutcome::failed);
  EXPECT_EQ(conditions_->age("acme").last_complete_walk, std::nullopt);
  EXPECT_EQ(conditions_->age("acme").first_walk, at(10));
  walk();
  walk(WalkOutcome::incomplete);
  EXPECT_EQ(conditions_->age("acme").last_complete_walk, at(25));
}

}  // namespace
}  // namespace simsync
