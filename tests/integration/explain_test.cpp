// `simsyncd explain`: all that is known of one SIM, from the database alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Explain : public testing::Test {
 protected:
  Explain() {
    scene_.sync_well();
    for (const Json& sim : scene_.simulator.truth()) {
      if (sim.at("type") == "eSIM" && sim.at("provider") == "p3" && sim.at("status") == "active") sim_ = sim;
    }
    id_ = sim_.at("id");
  }

  Outcome explain(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"explain"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return scene_.daemon.run(arguments);
  }

  // The one SIM's object.
  Json explained(std::vector<std::string> more) {
    more.insert(more.end(), {"--output", "json"});
    const Outcome outcome = explain(more);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const Json all = Json::parse(outcome.out);
    EXPECT_EQ(all.size(), 1U);
    return all.at(0);
  }

  // A change of status, metadata and profile, seen by a sync.
  void change() {
    scene_.simulator.set(id_, {{"status", "paused"},
                               {"metadata", {{"fleet", "Łódź"}}},
                               {"profile", {{"status", "waiting"}, {"updatedAt", "2026-03-01T10:00:00Z"}}}});
    scene_.sync_well();
  }

  Scene scene_{{.projects = {{.id = "acme", .token = "tok-a"}, {.id = "beta", .token = "tok-b", .sims = 20}}}};
  Json sim_;
  std::string id_;
};

TEST_F(Explain, JsonHoldsAllThatIsKnown) {
  change();
  scene_.simulator.kill();  // it asks the database alone
  const Json story = explained({id_});
  EXPECT_EQ(story.at("sim").at("project"), "acme");
  EXPECT_EQ(story.at("sim").at("sim_id"), id_);
  EXPECT_EQ(story.at("sim").at("status"), "paused");
  EXPECT_EQ(story.at("sim").at("metadata"), (Json{{"fleet", "Łódź"}}));
  EXPECT_EQ(story.at("sim").at("extra"), Json::object());
  EXPECT_TRUE(story.at("sim").at("missing_since").is_null());
  EXPECT_EQ(story.at("profile").at("status"), "waiting");
  EXPECT_EQ(story.at("profile").at("updated_at"), "2026-03-01T10:00:00Z");

  // That of `what` and `kind`.
  const auto entry = [&](const std::string& what, const std::string& kind) {
    for (const Json& each : story.at("timeline")) {
      if (each.at("what") == what && each.at("kind") == kind) return each;
    }
    return Json{};
  };
  EXPECT_EQ(story.at("timeline").size(), 5U) << story.dump(1);
  EXPECT_FALSE(story.contains("timeline_note"));
  EXPECT_EQ(story.at("timeline").at(0), entry("status", "first seen"));
  EXPECT_EQ(entry("status", "first seen").at("to"), "active");
  EXPECT_EQ(entry("status", "changed").at("from"), "active");
  EXPECT_EQ(entry("status", "changed").at("to"), "paused");
  EXPECT_LT(entry("status", "changed").at("not_before"), entry("status", "changed").at("observed_at"));
  EXPECT_EQ(entry("metadata", "changed").at("from"), sim_.at("metadata")) << "a value, not a text";
  EXPECT_TRUE(entry("profile", "first seen").at("from").is_null());
  EXPECT_EQ(entry("profile", "transition").at("to"), "waiting");
  EXPECT_EQ(entry("profile", "transition").at("reported_at"), "2026-03-01T10:00:00Z");
  EXPECT_TRUE(entry("status", "changed").at("reported_at").is_null());

  const Json& polls = story.at("polls");
  EXPECT_EQ(polls.at("polled"), true);
  EXPECT_EQ(polls.at("last_polled_at"), story.at("profile").at("last_polled_at"));
  EXPECT_EQ(polls.at("interval_s"), 3600);
  EXPECT_TRUE(polls.at("overdue_s").is_null());
  EXPECT_THAT(polls.at("next").get<std::string>(), HasSubstr("the service has not run"));
  EXPECT_EQ(story.at("pending"), Json::array());
}

TEST_F(Explain, TheTableIsForPeople) {
  change();
  const Outcome outcome = explain({id_});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith("sim\n  project        acme\n  sim_id         " + id_ + "\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n  metadata       {\"fleet\": \"Łódź\"}\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n\nprofile\n  status             waiting\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n\ntimeline\n  not_before "));
  EXPECT_THAT(outcome.out, ContainsRegex("\n  20.*Z  20.*Z  .* status    changed +active +paused\n"));
  EXPECT_THAT(outcome.out, ContainsRegex("  2026-03-01T10:00:00Z  profile   transition .* waiting\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("\n\npolls\n  polled            true\n  reason            usual: asked every 1h\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n\npending\n  none\n"));
}

TEST_F(Explain, CsvIsTheTimeline) {
  change();
  const Outcome outcome = explain({id_, "--output", "csv"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(
      outcome.out,
      StartsWith("project,sim_id,not_before,observed_at,reported_at,what,kind,from,to,origin\r\nacme," + id_ + ",,20"));
  EXPECT_THAT(outcome.out, HasSubstr(",status,changed,active,paused,\r\n"));
  EXPECT_THAT(outcome.out, HasSubstr(",2026-03-01T10:00:00Z,profile,transition,"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 6);
}

TEST_F(Explain, AnIccidDoesAsWell) {
  scene_.simulator.set(id_, {{"iccid", "8988307000000753719F"}});
  scene_.simulator.set(scene_.simulator.truth("beta").at(0).at("id"), {{"iccid", "8988307000000753719"}}, "beta");
  scene_.sync_well();
  EXPECT_EQ(explained({"8988307000000753719f", "--project", "acme"}).at("sim").at("sim_id"), id_);
  const Json both = Json::parse(explain({"8988307000000753719", "--output", "json"}).out);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both.at(0).at("sim").at("project"), "acme");
  EXPECT_EQ(both.at(1).at("sim").at("project"), "beta");
  EXPECT_THAT(explain({"8988307000000753719"}).out,
              AllOf(HasSubstr("acme\n"), HasSubstr("\n\nsim\n  project        beta\n")));
}

TEST_F(Explain, WhatIsNotThereIsOneLineAndExitOne) {
  for (const char* nothing : {"sim_nothing", "8988307000000000000", "\xFF"}) {
    const Outcome outcome = explain({nothing, "--project", "acme"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.out, "");
    ASSERT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("simsyncd: no SIM with this id or ICCID in project acme; 'simsyncd status'"));
  }
  EXPECT_THAT(explain({"sim_nothing"}).err, HasSubstr("in projects acme, beta;"));
  EXPECT_EQ(explain({id_, "--project", "beta"}).status, 1);
  EXPECT_EQ(explain({id_, "--project", "nobody"}).status, 2);
}

TEST_F(Explain, TheMissingAreShownAsMissing) {
  scene_.simulator.destroy({{"sims", {id_}}});
  scene_.sync_well();
  const Json story = explained({id_});
  EXPECT_TRUE(story.at("sim").at("missing_since").is_string());
  EXPECT_EQ(story.at("timeline").back().at("kind"), "disappeared");
  EXPECT_EQ(story.at("polls").at("polled"), false);
  EXPECT_THAT(story.at("polls").at("reason").get<std::string>(), StartsWith("not asked: the SIM is missing"));
}

TEST_F(Explain, ALongTimelineIsCutAndSaysSo) {
  scene_.database.run(
      "INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, observed_at) SELECT 'acme', "
      "'" +
      id_ +
      "', 'changed', 'metadata', '{\"n\": ' || i || '}', '{\"n\": ' || i + 1 || ', \"x\": \"' || repeat('x', 500)"
      " || '\"}', now() + i * interval '1 s' FROM generate_series(1, 250) i");
  const Json story = explained({id_});
  EXPECT_EQ(story.at("timeline").size(), 200U);
  EXPECT_EQ(story.at("timeline").back().at("from"), (Json{{"n", 250}}));
  EXPECT_EQ(story.at("timeline_note"), "52 older entries are left out; --all shows them");
  EXPECT_EQ(explained({id_, "--all"}).at("timeline").size(), 252U);
  const std::string table = explain({id_}).out;
  EXPECT_THAT(table, HasSubstr("\ntimeline: 52 older entries are left out; --all shows them\n"));
  EXPECT_THAT(table, AllOf(HasSubstr("xxx…\n"), Not(HasSubstr(std::string(100, 'x'))))) << "columns stay in sight";
  const Outcome csv = explain({id_, "--output", "csv"});
  EXPECT_EQ(csv.err, "simsyncd: " + id_ + ": 52 older entries are left out; --all shows them\n");
  EXPECT_THAT(csv.out, HasSubstr(std::string(500, 'x')));
  EXPECT_EQ(explain({id_, "--output", "csv", "--all"}).err, "");
}

TEST_F(Explain, PendingMetadataIsShown) {
  scene_.database.run(
      "INSERT INTO simsync.metadata_request (project, sim_id, metadata, state, error) VALUES ('acme', '" + id_ +
      R"(', '{"fleet": "new"}', 'failed', 'refused'))");
  const Json pending = explained({id_}).at("pending");
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending.at(0).at("kind"), "metadata");
  EXPECT_EQ(pending.at(0).at("state"), "failed");
  EXPECT_EQ(pending.at(0).at("metadata"), (Json{{"fleet", "new"}}));
  EXPECT_EQ(pending.at(0).at("error"), "refused");
}

// Escape sequences, C1 controls and bidirectional marks in everything that the API says.
TEST_F(Explain, HostileTextDoesNotReachTheTerminal) {
  const std::string evil =
      "x\033[2J\xC2\x9B"
      "1m\xE2\x80\xAE\r\n";
  scene_.simulator.set(id_, {{"metadata", {{"note", evil}}}, {"extra", {{evil, evil}}}});
  scene_.sync_well();
  // The simulator has plain texts alone for these.
  const std::string texts = R"(= E'x\033[2J\u009b1m\u202e\r\n')";
  scene_.database.run("UPDATE simsync.sim SET iccid " + texts + ", provider " + texts + ", status " + texts +
                      ", type " + texts + " WHERE sim_id = '" + id_ + "'");
  scene_.database.run("UPDATE simsync.esim_profile SET status " + texts + " WHERE sim_id = '" + id_ + "'");
  scene_.database.run("UPDATE simsync.esim_profile_transition SET to_status " + texts + " WHERE sim_id = '" + id_ +
                      "'");
  const std::string table = explain({id_}).out;
  EXPECT_THAT(table, HasSubstr("x?[2J?1m???\n"));
  for (const char* forbidden : {"\033", "\xC2\x9B", "\xE2\x80\xAE", "\r"}) {
    EXPECT_THAT(table, Not(HasSubstr(forbidden)));
  }
  const Json story = explained({id_});
  EXPECT_EQ(story.at("sim").at("status"), evil) << "a program gets what it is";
  EXPECT_EQ(story.at("sim").at("metadata").at("note"), evil);
}

// Numbers that no double holds, and history that is no JSON where it should be.
TEST_F(Explain, JsonStaysJsonAndLosesNoDigit) {
  scene_.database.run(
      R"(UPDATE simsync.sim SET metadata = '{"n": 12345678901234567890123.10, "e": 1e400}' WHERE sim_id = ')" + id_ +
      "'");
  scene_.database.run(
      "INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, observed_at) VALUES "
      "('acme', '" +
      id_ + R"(', 'changed', 'metadata', '{"n": 12345678901234567890123.10}', '{"broken', now()))");
  const Outcome outcome = explain({id_, "--output", "json"});
  EXPECT_THAT(outcome.out, HasSubstr(R"("n": 12345678901234567890123.10})"));
  EXPECT_THAT(outcome.out, HasSubstr(R"("to": "{\"broken")"));
  EXPECT_THAT(outcome.out, ContainsRegex(R"("e": 10000000+)"));
}

TEST_F(Explain, SpeaksOfTheServiceThatRuns) {
  scene_.database.run(
      "INSERT INTO simsync.poll_state VALUES ('acme', now(), 100, 7, '3 minutes', 12.5, 8, '6 hours', NULL, NULL)");
  scene_.database.run("UPDATE simsync.esim_profile SET last_polled_at = now() - interval '2 hours'");
  const Json polls = explained({id_}).at("polls");
  EXPECT_GE(polls.at("overdue_s"), 3600);
  EXPECT_THAT(polls.at("next").get<std::string>(),
              AllOf(StartsWith("overdue by 1h"), HasSubstr("7 of 100 profiles are overdue")));
}

TEST(ExplainWithout, ASchemaThatItKnowsSaysSo) {
  Scene scene;
  const auto refused = [&scene] {
    const Outcome outcome = scene.daemon.run({"explain", "sim_1"});
    EXPECT_EQ(outcome.status, 4);
    EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(refused(), HasSubstr("simsyncd migrate"));
  ASSERT_EQ(scene.daemon.run({"migrate"}).status, 0);
  scene.database.run("INSERT INTO simsync.schema_migration (version, name) VALUES (9999, 'of tomorrow')");
  EXPECT_THAT(refused(), HasSubstr("newer"));
}

}  // namespace
}  // namespace simsync::test
