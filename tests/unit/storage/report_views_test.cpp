// The views of product.md's "SQL", on what the store writes: empty, a single SIM, SIMs that vanished and returned, two
// projects with the same ids, time zones and daylight saving days.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class ReportViews : public testing::Test {
 protected:
  void walk(const std::string& project, TimePoint from, const std::vector<Disappearance>& gone = {}) {
    WalkRecord record;
    record.started_at = from;
    record.finished_at = from + 5s;
    record.outcome = WalkOutcome::complete;
    record.id = store_->begin_walk(project, WalkKind::full, record.started_at);
    store_->finish_walk(project, record, gone);
  }

  void read(const std::string& project, TimePoint when, const Sim& sim) {
    store_->apply(project, {{sim, when, when + 1s}});
  }

  void poll(const std::string& project, TimePoint when, const std::string& id, const std::string& status,
            TimePoint updated) {
    store_->apply_profiles(project, {{{id, status, updated}, when, when + 1s}});
  }

  std::vector<std::string> rows_in(const std::string& zone, const std::string& sql) {
    return database_.rows("SELECT r.* FROM (SELECT set_config('TimeZone', '" + zone + "', false)) z, LATERAL (" + sql +
                          ") r WHERE z IS NOT NULL");
  }

  static Sim sim_of(const std::string& id, const std::string& status, const std::string& provider = "p3") {
    Sim sim = plain_sim(id);
    sim.status = status;
    sim.provider = provider;
    return sim;
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(ReportViews, AreEmptyInAnEmptyDatabase) {
  for (const char* view : {"inventory", "inventory_summary", "inventory_at(now())", "transition", "transition_daily",
                           "profile_stay", "profile_dwell", "stuck_profile", "stock", "freshness", "coverage_gap"}) {
    EXPECT_THAT(database_.rows("SELECT * FROM simsync." + std::string{view}), IsEmpty()) << view;
  }
}

TEST_F(ReportViews, ASimThatWasThereFromTheBeginningIsNoTransition) {
  read("acme", at(10), sim_of("sim_1", "active"));
  walk("acme", at(20));
  EXPECT_THAT(database_.rows("SELECT * FROM simsync.transition"), IsEmpty());
  EXPECT_THAT(database_.rows("SELECT * FROM simsync.stuck_profile"), IsEmpty());
  EXPECT_THAT(database_.rows("SELECT project, provider, type, unused, active, activations_30d, days_left FROM "
                             "simsync.stock"),
              ElementsAre("acme|p3|eSIM|0|1|0|null"));
}

TEST_F(ReportViews, TransitionsOfSimsAndProfilesOfBothProjects) {
  for (const char* project : {"acme", "other"}) {
    read(project, at(10), sim_of("sim_1", "inactive"));
    walk(project, at(20));
  }
  read("acme", at(100), sim_of("sim_1", "active"));
  poll("acme", at(110), "sim_1", "installed", at(50));
  poll("acme", at(120), "sim_1", "installed", at(115));
  poll("acme", at(130), "sim_1", "enabled", at(125));
  walk("acme", at(200), {{"sim_1", at(201), at(202)}});
  read("acme", at(300), sim_of("sim_1", "retired", "p9"));
  read("other", at(400), sim_of("sim_1", "retired"));
  EXPECT_THAT(
      database_.rows("SELECT project, sim_id, provider, what, kind, from_status, to_status FROM simsync.transition "
                     "ORDER BY observed_at"),
      ElementsAre("acme|sim_1|p3|sim|changed|inactive|active", "acme|sim_1|p3|profile|first seen|null|installed",
                  "acme|sim_1|p3|profile|reported anew|installed|installed",
                  "acme|sim_1|p3|profile|changed|installed|enabled", "acme|sim_1|p3|sim|disappeared|active|null",
                  "acme|sim_1|p9|sim|reappeared|null|retired", "other|sim_1|p3|sim|changed|inactive|retired"));
}

// 2026-03-29 has 23 hours in Berlin and begins an hour before that in Kyiv; in Kathmandu days begin at 18:15 UTC.
TEST_F(ReportViews, DaysAreThoseOfTheSession) {
  const auto utc = [](int month, int day, std::chrono::minutes time) {
    return TimePoint{std::chrono::sys_days{std::chrono::year{2026} / month / day}} + time;
  };
  read("acme", at(10), sim_of("sim_1", "0"));
  walk("acme", at(20));
  int status = 0;
  for (const TimePoint when :
       {utc(3, 28, 22h + 59min), utc(3, 28, 23h + 1min), utc(3, 29, 21h + 59min), utc(3, 29, 22h + 1min),
        utc(10, 24, 21h + 59min), utc(10, 24, 22h + 1min), utc(10, 25, 22h + 59min), utc(10, 25, 23h + 1min)}) {
    read("acme", when, sim_of("sim_1", std::to_string(++status)));
  }
  const std::string daily = "SELECT day, sum(transitions) FROM simsync.transition_daily GROUP BY day ORDER BY day";
  EXPECT_THAT(rows_in("Europe/Berlin", daily), ElementsAre("2026-03-28|1", "2026-03-29|2", "2026-03-30|1",
                                                           "2026-10-24|1", "2026-10-25|2", "2026-10-26|1"));
  EXPECT_THAT(rows_in("UTC", daily), ElementsAre("2026-03-28|2", "2026-03-29|2", "2026-10-24|2", "2026-10-25|2"));
  EXPECT_THAT(rows_in("Asia/Kathmandu", daily),
              ElementsAre("2026-03-29|2", "2026-03-30|2", "2026-10-25|2", "2026-10-26|2"));
  EXPECT_THAT(database_.rows("SELECT status FROM simsync.inventory_at('2026-03-29 00:00 Europe/Berlin')"),
              ElementsAre("1"));
  EXPECT_THAT(database_.rows("SELECT status FROM simsync.inventory_at('2026-03-29 00:00 UTC')"), ElementsAre("2"));
}

// In the Azores the clock goes back at midnight: 2026-10-25 begins twice.
TEST_F(ReportViews, ADayThatBeginsTwiceIsOne) {
  const TimePoint midnight = std::chrono::sys_days{std::chrono::year{2026} / 10 / 25};
  read("acme", at(10), sim_of("sim_1", "0"));
  walk("acme", at(20));
  read("acme", midnight - 1min, sim_of("sim_1", "1"));
  read("acme", midnight + 1min, sim_of("sim_1", "2"));
  read("acme", midnight + 61min, sim_of("sim_1", "3"));
  EXPECT_THAT(rows_in("Atlantic/Azores",
                      "SELECT day, sum(transitions) FROM simsync.transition_daily GROUP BY day "
                      "ORDER BY day"),
              ElementsAre("2026-10-24|1", "2026-10-25|2"));
}

TEST_F(ReportViews, ASimThatReturnedIsStuckSinceThen) {
  const TimePoint now = wall_clock();
  read("acme", now - 90h, sim_of("sim_1", "active"));
  walk("acme", now - 89h);
  poll("acme", now - 80h, "sim_1", "disabled", now - 85h);
  read("acme", now - 70h, sim_of("sim_1", "inactive"));
  walk("acme", now - 60h, {{"sim_1", now - 60h, now - 60h}});
  read("acme", now - 10h, sim_of("sim_1", "active"));
  EXPECT_THAT(database_.rows("SELECT sim_id, round(extract(epoch FROM stuck_for) / 3600) FROM simsync.stuck_profile"),
              ElementsAre("sim_1|10"));
}

// A provider's id of any length is mirrored; what is counted is cut.
TEST_F(ReportViews, TextsOfAnyLengthAreCounted) {
  std::string noise;
  for (int i = 0; i < 2000; ++i) noise += std::to_string(i * 7919 % 10007);  // that does not compress
  for (int i = 0; i < 2; ++i) {
    read("acme", at(10 + i * 100), sim_of(i == 0 ? "sim_1" : "sim_2", noise, noise + "x"));
    walk("acme", at(50 + i * 100));
    poll("acme", at(80 + i * 100), i == 0 ? "sim_1" : "sim_2", noise, at(60));
  }
  EXPECT_THAT(database_.rows("SELECT length(provider), length(status), length(profile_status), sims FROM "
                             "simsync.inventory_summary"),
              ElementsAre("100|100|100|2"));
  read("acme", at(300), sim_of("sim_1", "active", "p3"));
  EXPECT_EQ(database_.value("SELECT sims FROM simsync.inventory_summary WHERE provider = 'p3'"), "1");
  EXPECT_EQ(store_->count_anew("acme"), 0U);
}

TEST_F(ReportViews, AConditionOnTheDayIsOneOnItsRows) {
  read("acme", at(10), sim_of("sim_1", "inactive"));
  walk("acme", at(20));
  read("acme", at(86400 * 3), sim_of("sim_1", "active"));
  read("acme", at(86400 * 9), sim_of("sim_1", "retired"));
  EXPECT_THAT(rows_in("UTC",
                      "SELECT day, provider, type, what, kind, from_status, to_status, transitions FROM "
                      "simsync.transition_daily WHERE day >= '2026-01-05' AND project = 'acme'"),
              ElementsAre("2026-01-10|p3|eSIM|sim|changed|active|retired|1"));
}

TEST_F(ReportViews, StaysAndHowLongTheyLast) {
  const TimePoint now = wall_clock();
  read("acme", now - 48h, sim_of("sim_1", "active"));
  read("acme", now - 48h, sim_of("sim_2", "active"));
  walk("acme", now - 47h);
  poll("acme", now - 40h, "sim_1", "installed", now - 45h);
  poll("acme", now - 30h, "sim_1", "installed", now - 31h);  // reported anew: the stay goes on
  poll("acme", now - 20h, "sim_1", "enabled", now - 21h);
  poll("acme", now - 10h, "sim_1", "disabled", now - 25h);  // reported late: no negative length
  poll("acme", now - 40h, "sim_2", "enabled", now - 41h);
  EXPECT_THAT(
      database_.rows("SELECT sim_id, status, next_status, round(extract(epoch FROM dwell) / 3600), until IS NULL "
                     "FROM simsync.profile_stay ORDER BY sim_id, seen_over_at"),
      ElementsAre("sim_1|installed|enabled|24|f", "sim_1|enabled|disabled|0|f", "sim_1|disabled|null|25|t",
                  "sim_2|enabled|null|41|t"));
  EXPECT_THAT(
      database_.rows("SELECT status, stays, round(extract(epoch FROM dwell_median) / 3600), round(extract(epoch FROM "
                     "dwell_max) / 3600), profiles_now, round(extract(epoch FROM window_to - window_from) / 3600) FROM "
                     "simsync.profile_dwell ORDER BY status"),
      ElementsAre("disabled|0|null|null|1|47", "enabled|1|0|0|1|47", "installed|1|24|24|0|47"))
      << "the window begins where the history does";
  EXPECT_THAT(database_.rows("SELECT status, stays FROM simsync.profile_dwell_between(now() - interval '25 h', now() - "
                             "interval '15 h') WHERE stays > 0"),
              ElementsAre("installed|1"));
}

TEST_F(ReportViews, StuckSinceBothAreSo) {
  const TimePoint now = wall_clock();
  const auto hours = "round(extract(epoch FROM now() - ";
  for (const char* id : {"sim_1", "sim_2", "sim_3", "sim_4"}) read("acme", now - 90h, sim_of(id, "inactive"));
  walk("acme", now - 89h);
  for (const char* id : {"sim_1", "sim_2", "sim_3", "sim_4"}) poll("acme", now - 80h, id, "installed", now - 85h);
  for (const char* id : {"sim_1", "sim_2", "sim_4"}) read("acme", now - 70h, sim_of(id, "active"));
  poll("acme", now - 60h, "sim_1", "enabled", now - 61h);
  poll("acme", now - 50h, "sim_1", "disabled", now - 51h);
  poll("acme", now - 40h, "sim_1", "installed", now - 41h);  // of another status, but not enabled all the while
  walk("acme", now - 30h, {{"sim_4", now - 30h, now - 29h}});
  EXPECT_THAT(
      database_.rows("SELECT sim_id, profile_status, " + std::string{hours} + "profile_status_since) / 3600), " +
                     hours + "stuck_since) / 3600) FROM simsync.stuck_profile ORDER BY sim_id"),
      ElementsAre("sim_1|installed|41|51", "sim_2|installed|85|70"))
      << "sim_3 is not active, sim_4 is gone";
  poll("acme", now - 20h, "sim_1", "enabled", now - 21h);
  read("acme", now - 20h, sim_of("sim_2", "retired"));
  EXPECT_THAT(database_.rows("SELECT sim_id FROM simsync.stuck_profile"), IsEmpty());
}

TEST_F(ReportViews, StockAndItsWindows) {
  const TimePoint now = wall_clock();
  for (int i = 90; i < 95; ++i) {  // before the first complete walk: outside the windows
    read("acme", now - 500h, sim_of("sim_" + std::to_string(i), "inactive", "p9"));
    read("acme", now - 490h, sim_of("sim_" + std::to_string(i), "active", "p9"));
  }
  for (int i = 0; i < 30; ++i) read("acme", now - 480h, sim_of("sim_" + std::to_string(i), "inactive"));
  read("other", now - 480h, sim_of("sim_1", "inactive"));
  walk("acme", now - 480h);  // 20 days ago
  for (int i = 0; i < 10; ++i) read("acme", now - 300h, sim_of("sim_" + std::to_string(i), "active"));
  for (int i = 10; i < 12; ++i) read("acme", now - 30h, sim_of("sim_" + std::to_string(i), "active"));
  read("acme", now - 20h, sim_of("sim_1", "retired"));
  read("acme", now - 10h, sim_of("sim_new", "active"));  // never was in stock
  EXPECT_THAT(
      database_.rows(
          "SELECT project, unused, active, activations_7d, activations_30d, round(extract(epoch FROM now() - "
          "window_7d_from) / 86400), round(extract(epoch FROM now() - window_30d_from) / 86400), "
          "activations_per_day, days_left FROM simsync.stock ORDER BY project, provider"),
      ElementsAre("acme|18|12|2|12|7|20|0.600|30.0", "acme|0|5|0|0|7|20|0.000|null", "other|1|0|0|0|7|30|null|null"))
      << "12 in 20 days; nothing can be said of a project that was never walked to its end";
}

}  // namespace
}  // namespace simsync
