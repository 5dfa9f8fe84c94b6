// Promise 5: a walk over an unchanged inventory writes nothing but its own row.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Rows = std::vector<std::string>;

// Every version of every row: an UPDATE that changes nothing shows in ctid and xmin.
Rows row_versions(const TestDatabase& database, const std::string& table) {
  Rows versions;
  for (const DatabaseRow& row : database.rows(
           "SELECT t.ctid::text || ' ' || t.xmin::text || ' ' || t::text FROM simsync." + table + " t ORDER BY 1")) {
    versions.push_back(*row[0]);
  }
  return versions;
}

// Rows inserted, updated and deleted since the database was made, by table.
std::map<std::string, Rows> written(const TestDatabase& database) {
  // A session's counts are complete once it is gone.
  EXPECT_TRUE(eventually([&] {
    return database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1;
  }));
  // Before PostgreSQL 15 a collector of its own hears of them, a moment later.
  if (database.number("SHOW server_version_num") < 150000) std::this_thread::sleep_for(std::chrono::seconds{2});
  std::map<std::string, Rows> tables;
  for (const DatabaseRow& row :
       database.rows("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables")) {
    tables[*row[0]] = {*row[1], *row[2], *row[3]};
  }
  return tables;
}

TEST(Unchanged, WalkWritesItsOwnRowAndNothingElse) {
  Scene scene{{.projects = {{.sims = 650}}}, [](Settings& settings) { settings.providers = "[]"; }};
  scene.simulator.set(scene.simulator.truth()[5].at("id"), {{"extra", {{"a", {{"z", 1}, {"b", 2}}}}}});
  scene.sync_well();
  const Rows sims = row_versions(scene.database, "sim");
  ASSERT_EQ(sims.size(), 650U);
  auto expected = written(scene.database);
  scene.sync_well();
  EXPECT_EQ(row_versions(scene.database, "sim"), sims);
  EXPECT_EQ(scene.count("walk"), 2);
  expected["walk"][0] = std::to_string(std::stol(expected["walk"][0]) + 1);  // begun
  expected["walk"][1] = std::to_string(std::stol(expected["walk"][1]) + 1);  // and closed
  for (std::string& count : {std::ref(expected["service_run"][0]), std::ref(expected["service_run"][1])}) {
    count = std::to_string(std::stol(count) + 1);  // that somebody watched, and no longer
  }
  EXPECT_EQ(written(scene.database), expected);
}

TEST(Unchanged, PassMovesOnlyWhenProfilesWerePolled) {
  Scene scene;
  scene.sync_well();
  const Rows sims = row_versions(scene.database, "sim");
  const Rows transitions = row_versions(scene.database, "esim_profile_transition");
  const auto profiles = scene.database.rows(
      "SELECT project, sim_id, status, updated_at, first_observed_at, status_since FROM simsync.esim_profile ORDER BY "
      "1, 2");
  ASSERT_FALSE(profiles.empty());
  scene.sync_well();
  EXPECT_EQ(row_versions(scene.database, "sim"), sims);
  EXPECT_EQ(row_versions(scene.database, "esim_profile_transition"), transitions);
  EXPECT_EQ(scene.count("sim_change"), 0);
  EXPECT_EQ(profiles, scene.database.rows("SELECT project, sim_id, status, updated_at, first_observed_at, status_since "
                                          "FROM simsync.esim_profile ORDER BY 1, 2"));
}

// A run's looks at the newest page are walks as well.
TEST(Unchanged, ServiceWritesOnlyWalks) {
  Scene scene{{.projects = {{.sims = 250}}}, [](Settings& settings) {
                settings = busy(settings);
                settings.providers = "[]";
              }};
  scene.sync_well();
  const Rows sims = row_versions(scene.database, "sim");
  const auto service = scene.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return scene.count("walk", "outcome = 'complete'") >= 4; })) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
  EXPECT_EQ(row_versions(scene.database, "sim"), sims);
  EXPECT_EQ(scene.count("sim_change"), 0);
}

}  // namespace
}  // namespace simsync::test
