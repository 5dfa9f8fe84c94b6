// The commands that look, and the one that prepares: check, status, migrate, sync --dry-run.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t commas_of(const std::string& line) {
  std::size_t commas = 0;
  bool inside = false;
  for (const char c : line) {
    if (c == '"') inside = !inside;
    if (c == ',' && !inside) ++commas;
  }
  return commas;
}

// Each format is what it says, and all have the same rows.
void expect_formats(Daemon& daemon, const std::vector<std::string>& command, int status, std::size_t rows,
                    const std::string& column) {
  const auto run = [&](const std::string& format) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--output", format});
    const Outcome outcome = daemon.run(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    return outcome.out;
  };
  const std::vector<std::string> table = lines_of(run("table"));
  ASSERT_EQ(table.size(), rows + 1);
  EXPECT_NE(table[0].find(column), std::string::npos) << table[0];
  const Json json = Json::parse(run("json"));
  ASSERT_TRUE(json.is_array());
  ASSERT_EQ(json.size(), rows);
  for (const Json& row : json) EXPECT_TRUE(row.contains(column)) << row.dump();
  const std::vector<std::string> csv = lines_of(run("csv"));
  ASSERT_EQ(csv.size(), rows + 1);
  for (const std::string& line : csv) {
    EXPECT_EQ(commas_of(line), json.at(0).size() - 1) << line;
    EXPECT_EQ(line.back(), '\r');
  }
}

std::string whole_database(const TestDatabase& database) {
  std::string all;
  for (const DatabaseRow& table :
       database.rows("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'simsync' ORDER BY 1")) {
    for (const DatabaseRow& row :
         database.rows("SELECT t.ctid::text || t.xmin::text || t::text FROM simsync." + *table[0] + " t")) {
      all += *row[0] + "\n";
    }
  }
  return all;
}

TEST(DryRun, WritesNothingAndSaysWhatWouldChange) {
  Scene scene{{.projects = {{.sims = 450}}}};
  scene.sync_well();
  const std::vector<Json> sims = scene.simulator.truth();
  const std::string changed = sims[10].at("id"), gone = sims[20].at("id");
  scene.simulator.set(changed, {{"status", "paused"}});
  scene.simulator.destroy({{"sims", {gone}}});
  const std::string born = scene.simulator.create({{"count", 1}}).at(0);
  scene.simulator.change(1, "profile=1");
  const std::string before = whole_database(scene.database);
  const Outcome outcome = scene.sync({"--dry-run"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(whole_database(scene.database), before);
  const auto says = [&](const std::string& id, const std::string& what) {
    for (const std::string& line : lines_of(outcome.out)) {
      if (line.find(id) != std::string::npos && line.find(what) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(says(changed, "paused")) << outcome.out;
  EXPECT_TRUE(says(gone, "disappeared")) << outcome.out;
  EXPECT_TRUE(says(born, "appeared")) << outcome.out;
  EXPECT_TRUE(says("transition", "profile")) << outcome.out;
  scene.sync_well();
  scene.expect_equal();
}

TEST(DryRun, NeedsASchemaAndMakesNone) {
  Scene scene;
  const Outcome outcome = scene.sync({"--dry-run"});
  EXPECT_EQ(outcome.status, 4) << outcome.err;
  EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  EXPECT_EQ(scene.database.value("SELECT to_regnamespace('simsync') IS NULL"), "t");
}

TEST(Check, FindsAllWellAndChangesNothing) {
  Scene scene;
  expect_formats(scene.daemon, {"check"}, 0, 3, "result");
  EXPECT_EQ(scene.database.value("SELECT to_regnamespace('simsync') IS NULL"), "t");
  scene.sync_well();
  const std::string before = whole_database(scene.database);
  expect_formats(scene.daemon, {"check"}, 0, 3, "result");
  EXPECT_EQ(whole_database(scene.database), before);
}

TEST(Check, NamesEachThingThatFails) {
  Scene scene{{.projects = {{.id = "acme", .token = "tok-a"}, {.id = "beta", .token = "tok-b"}}},
              [](Settings& settings) { settings.projects[1].token = "tok-wrong"; }};
  const Outcome outcome = scene.daemon.run({"check", "--output", "json"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  const Json rows = Json::parse(outcome.out);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].at("result"), "ok");
  EXPECT_EQ(rows[1].at("result"), "ok");
  EXPECT_EQ(rows[2].at("result"), "ok");
  EXPECT_EQ(rows[3].at("result"), "failed");
  scene.settings.database_url = scene.database.url_of("no_such_database");
  scene.configure();
  EXPECT_EQ(scene.daemon.run({"check"}).status, 4) << "the first failure decides";
}

TEST(Status, SpeaksOfEachProject) {
  Scene scene{
      {.projects = {{.id = "acme", .token = "tok-a", .sims = 60}, {.id = "beta", .token = "tok-b", .sims = 20}}}};
  EXPECT_EQ(scene.daemon.run({"status"}).status, 4) << "no schema yet";
  ASSERT_EQ(scene.sync({"--project", "acme"}).status, 0);
  expect_formats(scene.daemon, {"status"}, 0, 2, "project");
  expect_formats(scene.daemon, {"status", "--project", "beta"}, 0, 1, "project");
  const Json rows = Json::parse(scene.daemon.run({"status", "--output", "json"}).out);
  EXPECT_EQ(rows[0].at("sims"), 60);
  EXPECT_EQ(rows[0].at("last_walk"), "complete");
  EXPECT_EQ(rows[1].at("sims"), 0);
  EXPECT_TRUE(rows[1].at("last_walk").is_null());
}

TEST(Status, ShowsWhatFailedLast) {
  Scene scene;
  scene.sync_well();
  scene.simulator.fault({{"fault", "html"}});
  EXPECT_EQ(scene.sync().status, 3);
  const Json row = Json::parse(scene.daemon.run({"status", "--output", "json"}).out).at(0);
  EXPECT_EQ(row.at("last_walk"), "failed");
  EXPECT_NE(row.at("last_error").get<std::string>().find("failed"), std::string::npos);
  EXPECT_EQ(row.at("sims"), 300);
}

TEST(Sync, PrintsEachFormat) {
  Scene scene{{.projects = {{.sims = 30}}}};
  expect_formats(scene.daemon, {"sync"}, 0, 1, "walk");
}

TEST(Migrate, TwiceIsOnce) {
  Scene scene;
  for (int time = 0; time < 2; ++time) {
    const Outcome outcome = scene.daemon.run({"migrate"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  const std::string versions =
      scene.database.value("SELECT count(*) = count(DISTINCT version) FROM simsync.schema_migration");
  EXPECT_EQ(versions, "t");
}

TEST(Migrate, SeveralAtOnce) {
  for (int round = 0; round < 3; ++round) {
    Scene scene;
    std::vector<std::unique_ptr<Process>> together;
    for (int i = 0; i < 4; ++i) together.push_back(scene.daemon.start({"migrate"}));
    for (const auto& process : together) {
      const Outcome outcome = process->finish(std::chrono::minutes{1});
      EXPECT_EQ(outcome.status, 0) << outcome.err;
    }
    EXPECT_EQ(scene.database.value("SELECT count(*) = count(DISTINCT version) FROM simsync.schema_migration"), "t");
    scene.sync_well();
  }
}

TEST(Migrate, CanBeForbidden) {
  Scene scene{{}, [](Settings& settings) { settings.migrate = false; }};
  const Outcome outcome = scene.sync();
  EXPECT_EQ(outcome.status, 4);
  ASSERT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  EXPECT_NE(outcome.err.find("migrate"), std::string::npos) << outcome.err;
  EXPECT_EQ(scene.daemon.run({"migrate"}).status, 0);
  scene.sync_well();
}

// A role that owns nothing but may write rows is enough once the schema is there.
TEST(Migrate, WriterNeedsNoOwnership) {
  Scene scene;
  ASSERT_EQ(scene.daemon.run({"migrate"}).status, 0);
  const std::string role = scene.database.make_role();
  scene.database.run("GRANT USAGE ON SCHEMA simsync TO " + role +
                     "; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA simsync TO " + role);
  scene.settings.database_url = scene.database.url_as(role);
  scene.configure();
  EXPECT_EQ(scene.daemon.run({"check"}).status, 0);
  scene.sync_well();
  scene.expect_equal();
  scene.database.run("DROP OWNED BY " + role);
}

}  // namespace
}  // namespace simsync::test
