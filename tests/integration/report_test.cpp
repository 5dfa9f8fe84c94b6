// `simsyncd report`: what each report says, of whom, and when it refuses to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/report_scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ReportTest : public testing::Test {
 protected:
  // "a/b/c" of these columns for each row.
  std::vector<std::string> values(const std::vector<std::string>& words, const std::vector<std::string>& columns) {
    std::vector<std::string> lines;
    for (const Json& row : scene_.rows(words)) {
      std::string& line = lines.emplace_back();
      for (const std::string& column : columns) {
        const Json& value = row.at(column);
        line += (line.empty() ? "" : "/") + (value.is_string() ? value.get<std::string>() : value.dump());
      }
    }
    return lines;
  }

  void expect_refused(const std::vector<std::string>& words, int status, const std::string& why) {
    const Outcome outcome = scene_.report(words);
    EXPECT_EQ(outcome.status, status) << outcome.out;
    EXPECT_EQ(outcome.out, "");
    ASSERT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("simsyncd: "));
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }

  ReportScene scene_;
};

const std::vector<std::string> kGroup = {"project", "provider", "type", "status", "profile_status", "sims"};

TEST_F(ReportTest, InventoryNow) {
  EXPECT_THAT(
      values({"inventory"}, kGroup),
      ElementsAre("acme/p3/eSIM/active/disabled/1", "acme/p3/eSIM/active/enabled/1", "acme/p9/pSIM/active/null/1",
                  "acme/p9/pSIM/inactive/null/1", "beta/p9/pSIM/inactive/null/1"));
  EXPECT_THAT(values({"inventory", "--project", "beta"}, kGroup), ElementsAre("beta/p9/pSIM/inactive/null/1"));
  EXPECT_THAT(values({"inventory", "--provider", "p3"}, kGroup),
              ElementsAre("acme/p3/eSIM/active/disabled/1", "acme/p3/eSIM/active/enabled/1"));
  EXPECT_EQ(scene_.rows({"inventory", "--provider", "p3' OR true --"}), Json::array());
}

TEST_F(ReportTest, InventoryThen) {
  std::vector<std::string> group = kGroup;
  group.emplace_back("in_doubt");
  EXPECT_THAT(values({"inventory", "--project", "acme", "--at", "2024-04-01"}, group),
              ElementsAre("acme/p3/eSIM/active/enabled/2/0", "acme/p9/pSIM/inactive/null/2/0"));
  EXPECT_THAT(values({"inventory", "--at", "2024-04-30T12:00:00Z"}, group),
              ElementsAre("acme/p3/eSIM/active/enabled/2/0", "acme/p9/pSIM/inactive/null/2/1",
                          "beta/p9/pSIM/inactive/null/1/0"));
  EXPECT_THAT(values({"inventory", "--at", "2024-05-02", "--provider", "p9", "--project", "acme"}, group),
              ElementsAre("acme/p9/pSIM/active/null/1/0", "acme/p9/pSIM/inactive/null/1/0"));
}

TEST_F(ReportTest, ATimeWithoutAZoneIsTheMachines) {
  scene_.daemon.set_environment("TZ", "America/New_York");
  EXPECT_EQ(values({"inventory", "--at", "2024-04-30 20:00", "--project", "acme"}, {"in_doubt"}).size(), 3U)
      << "2024-05-01T00:00Z: sim_4 is active";
  scene_.daemon.set_environment("TZ", "UTC");
  EXPECT_EQ(values({"inventory", "--at", "2024-04-30 20:00", "--project", "acme"}, {"in_doubt"}).size(), 2U);
}

TEST_F(ReportTest, WhatIsNotKnownIsNoSmallerAnswer) {
  expect_refused(
      {"inventory", "--at", "2024-04-01T00:00:00Z"}, 1,
      "the inventory of project beta is known from 2024-04-15T01:00:00Z on; ask with --at for then or later, "
      "or for another --project");
  expect_refused({"inventory", "--sims", "--at", "2023-04-01", "--project", "acme"}, 1,
                 "project acme is known from 2024-01-01T01:00:00Z on");
  scene_.database.run("DELETE FROM simsync.history_state WHERE project = 'beta'");
  expect_refused({"inventory", "--at", "1d"}, 1, "the inventory of project beta is not known at any time yet");
  EXPECT_EQ(scene_.rows({"inventory", "--at", "1d", "--project", "acme"}).size(), 4U);
  const Outcome now = scene_.report({"inventory", "--output", "csv"});
  EXPECT_EQ(now.status, 0);
  EXPECT_THAT(now.err, HasSubstr("note: no walk of project beta has been complete yet"));
  EXPECT_EQ(now.err_lines().size(), 1U) << now.err;
}

TEST_F(ReportTest, SimsOneByOne) {
  EXPECT_THAT(
      values({"inventory", "--sims"}, {"project", "sim_id", "iccid", "status", "profile_status"}),
      ElementsAre("acme/sim_1/8901/active/enabled", "acme/sim_2/8902/active/disabled", "acme/sim_3/8903/inactive/null",
                  "acme/sim_4/8904/active/null", "beta/sim_1/8905/inactive/null"));
  EXPECT_THAT(values({"inventory", "--sims", "--at", "2024-04-30 12:00Z", "--provider", "p9"},
                     {"project", "sim_id", "status", "in_doubt"}),
              ElementsAre("acme/sim_3/inactive/false", "acme/sim_4/inactive/true", "beta/sim_1/inactive/false"));
  const Json sim = scene_.rows({"inventory", "--sims", "--at", "2024-06-02"}).at(0);
  EXPECT_EQ(sim.at("metadata"), (Json{{"fleet", "Łódź"}})) << "a value, not a text";
  EXPECT_EQ(sim.at("extra"), Json::object());
  EXPECT_EQ(sim.at("profile_status_since"), "2023-12-02T00:00:00Z");
}

TEST_F(ReportTest, TransitionsOfASpanTheNewestLast) {
  const std::vector<std::string> columns = {"sim_id", "iccid", "what", "kind", "from_status", "to_status"};
  EXPECT_THAT(values({"transitions", "--since", "2024-04-16", "--until", "2024-07-01"}, columns),
              ElementsAre("sim_4/8904/sim/changed/inactive/active", "sim_2/8902/profile/changed/enabled/disabled"));
  EXPECT_THAT(values({"transitions", "--since", "2024-05-01T00:00:00Z", "--until", "2024-06-01T00:15:00Z"}, columns),
              ElementsAre("sim_4/8904/sim/changed/inactive/active"))
      << "the first moment is in it, the last is not";
  EXPECT_THAT(values({"transitions", "--since", "2024-04-16", "--provider", "p3"}, {"sim_id"}), ElementsAre("sim_2"));
  EXPECT_EQ(scene_.rows({"transitions", "--since", "2024-04-16", "--project", "beta"}), Json::array());
  EXPECT_EQ(scene_.rows({"transitions"}), Json::array());
  scene_.database.run("UPDATE simsync.sim_change SET observed_at = now() - interval '23 hours'");
  EXPECT_THAT(values({"transitions"}, {"sim_id"}), ElementsAre("sim_4")) << "the last 24 hours";
  const Outcome early = scene_.report({"transitions", "--since", "2024-02-01", "--output", "json"});
  EXPECT_EQ(early.err, "simsyncd: note: of project beta nothing is known before 2024-04-15T01:00:00Z\n");
  EXPECT_EQ(early.status, 0);
}

TEST_F(ReportTest, Stock) {
  scene_.database.run("UPDATE simsync.sim_change SET observed_at = now() - interval '3 days'");
  const Json rows = scene_.rows({"stock", "--provider", "p9"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at(0).at("unused"), 1);
  EXPECT_EQ(rows.at(0).at("activations_7d"), 1);
  EXPECT_EQ(rows.at(0).at("activations_per_day"), 0.033);
  EXPECT_EQ(rows.at(0).at("days_left"), 30.3);
  EXPECT_TRUE(rows.at(1).at("days_left").is_null());
  EXPECT_EQ(scene_.rows({"stock", "--project", "beta"}).size(), 1U);
}

TEST_F(ReportTest, StuckTheLongestFirst) {
  scene_.database.run("UPDATE simsync.esim_profile SET status = 'installed' WHERE sim_id = 'sim_1'");
  EXPECT_THAT(
      values({"stuck"}, {"project", "sim_id", "iccid", "profile_status", "stuck_since"}),
      ElementsAre("acme/sim_1/8901/installed/2023-12-02T00:00:00Z", "acme/sim_2/8902/disabled/2024-06-01T00:00:00Z"));
  EXPECT_GT(scene_.rows({"stuck"}).at(1).at("stuck_for_s"), 3600 * 24 * 30);
  EXPECT_EQ(scene_.rows({"stuck", "--project", "beta"}), Json::array());
  EXPECT_EQ(scene_.rows({"stuck", "--provider", "p9"}), Json::array());
}

TEST_F(ReportTest, GapsThatOverlap) {
  const std::vector<std::string> columns = {"project", "what", "began_at", "ended_at", "lasted_s", "reason", "error"};
  const auto gaps = [&](const std::string& project, const std::string& since, const std::string& until) {
    return values({"gaps", "--project", project, "--since", since, "--until", until}, columns);
  };
  const std::string gap = "acme/sims/2024-02-01T00:00:00Z/2024-02-03T12:00:00.500000Z/216000/not running/null";
  EXPECT_THAT(gaps("acme", "2024-02-02", "2024-02-02 01:00"), ElementsAre(gap));
  EXPECT_THAT(gaps("acme", "2024-01-02", "2024-02-01T00:00:00.000001Z"), ElementsAre(gap));
  EXPECT_THAT(gaps("acme", "2024-02-03T12:00:00.5Z", "2024-03-01"), ElementsAre());
  EXPECT_THAT(gaps("beta", "2024-05-01", "2024-06-01"),
              ElementsAre("beta/profiles/2024-05-01T00:00:00Z/2024-05-02T00:00:00Z/86400/token refused/HTTP 401"));
  EXPECT_EQ(scene_.rows({"gaps"}), Json::array()) << "the last 30 days";
  scene_.database.run(
      "INSERT INTO simsync.service_run (project, kind, started_at, alive_at, walk_interval, poll_interval) VALUES "
      "('acme', 'run', '2024-01-01Z', now(), '15 minutes', '15 minutes')");
  EXPECT_THAT(values({"gaps"}, {"project", "what", "began_at", "ended_at", "reason"}),
              ElementsAre("acme/sims/2024-01-01T01:00:00Z/null/no complete walk"));
}

TEST_F(ReportTest, MistakesAreOneLine) {
  expect_refused({"inventory", "--project", "nobody"}, 2, "--project nobody is not in");
  expect_refused({"stuck", "--since", "7d"}, 2, "report stuck takes no --since, that is for: transitions, gaps");
  expect_refused({"inventory", "--at", "2026-02-30"}, 2, "--at \"2026-02-30\" is no time; write 2026-03-01,");
  scene_.database.run("INSERT INTO simsync.schema_migration (version, name) VALUES (9999, 'of tomorrow')");
  expect_refused({"inventory"}, 4, "newer");
}

// docs/operations.md, "The database".
TEST_F(ReportTest, ReadingIsAllItNeeds) {
  const std::string role = scene_.database.make_role();
  scene_.database.run(
      "GRANT USAGE ON SCHEMA simsync TO " + role +
      "; GRANT SELECT ON simsync.sim, simsync.sim_change, simsync.esim_profile, "
      "simsync.esim_profile_transition, simsync.schema_migration, simsync.freshness, simsync.inventory, "
      "simsync.inventory_summary, simsync.history_state, simsync.transition, simsync.stock, "
      "simsync.stuck_profile, simsync.coverage_gap TO " +
      role);
  scene_.connect_as(role);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"inventory"},
                                             {"inventory", "--sims"},
                                             {"stock"},
                                             {"stuck"},
                                             {"gaps", "--since", "2024-04-20"},
                                             {"transitions", "--since", "2024-04-20"},
                                             {"inventory", "--at", "2024-04-20"},
                                             {"inventory", "--at", "2024-04-20", "--sims"}}) {
    EXPECT_NE(scene_.rows(words), Json::array()) << words.front();
  }
}

TEST(ReportOf, NothingIsEmpty) {
  ReportScene scene{false};
  for (const char* name : {"inventory", "transitions", "stock", "stuck", "gaps"}) {
    const Outcome json = scene.report({name, "--output", "json"});
    EXPECT_EQ(json.status, 0) << json.err;
    EXPECT_EQ(json.out, "[]\n") << name;
    EXPECT_EQ(json.err_lines().size(), 2U) << "a note of each project: " << json.err;
    const Outcome csv = scene.report({name, "--output", "csv"});
    EXPECT_EQ(csv.status, 0);
    EXPECT_THAT(csv.out, StartsWith("project,"));
    EXPECT_EQ(std::ranges::count(csv.out, '\n'), 1) << csv.out;
    EXPECT_THAT(scene.report({name}).out, StartsWith("project  ")) << name;
  }
  EXPECT_EQ(scene.report({"inventory", "--at", "1d"}).status, 1);
}

}  // namespace
}  // namespace simsync::test
