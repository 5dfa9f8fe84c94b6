// What the service writes again and again leaves the indexes alone (HOT updates), so that tables stay small and
// autovacuum has little to do.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

TEST(Upkeep, WhatIsWrittenAgainAndAgainLeavesTheIndexesAlone) {
  // Of a page of rows a few at a time, as with profiles that are asked each quarter of an hour.
  Scene scene{{.projects = {{.sims = 1500}}}, [](Settings& settings) {
                settings = busy(settings);
                settings.poll_interval = settings.recent_interval = settings.retired_interval = "40s";
              }};
  scene.sync_well();
  const auto service = scene.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] {
    return scene.database.value("SELECT to_regclass('simsync.lease') IS NOT NULL") == "t" &&
           scene.count("walk", "outcome = 'complete'") >= 15 &&
           scene.count("esim_profile", "last_polled_at > first_observed_at") >= 150;
  })) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
  // The counts of a session are complete once it is gone; before PostgreSQL 15 a moment later.
  std::this_thread::sleep_for(std::chrono::seconds{2});
  for (const char* table : {"esim_profile", "lease", "daemon", "service_run"}) {
    const auto row = scene.database.rows(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'simsync' AND relname = $1",
        {table});
    const long updates = std::stol(row.at(0).at(0).value());
    const long hot = std::stol(row.at(0).at(1).value());
    RecordProperty(table, std::to_string(hot) + " of " + std::to_string(updates));
    std::cout << table << ": " << hot << " of " << updates << " updates touched no index\n";
    EXPECT_GT(updates, 0) << table;
    EXPECT_GE(hot * 10, updates * 8) << table << ": " << hot << " of " << updates;
  }
}

}  // namespace
}  // namespace simsync::test
