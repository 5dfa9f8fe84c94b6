// docs/grafana/simsyncd.json is data that Grafana reads; Grafana is not to be had here. So what it would do is done in
// its place: each SQL is sent to a database as a reader, with Grafana's macros replaced as Grafana replaces them, and
// each PromQL is given to promtool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/support/documented_metrics.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::IsEmpty;

constexpr char kDocs[] = SIMSYNC_SUPPORT_SCRIPTS "/../../docs";

Json dashboard() {
  return Json::parse(read_file(std::string{kDocs} + "/grafana/simsyncd.json"));
}

// Without the rows that only group them.
std::vector<Json> panels() {
  std::vector<Json> all;
  const Json board = dashboard();
  for (const Json& panel : board.at("panels")) {
    if (panel.at("type") != "row") all.push_back(panel);
  }
  return all;
}

struct Query {
  std::string title;
  bool time_series;
  std::string text;
};

std::vector<Query> queries(const std::string& source, const std::string& key) {
  std::vector<Query> all;
  for (const Json& panel : panels()) {
    for (const Json& target : panel.at("targets")) {
      if (target.at("datasource").at("type") != source) continue;
      all.push_back({panel.at("title"), target.value("format", "") == "time_series", target.at(key)});
    }
  }
  return all;
}

// As Grafana does: times are quoted literals in UTC, of a variable with several values each is quoted.
std::string as_sent(std::string sql, const std::string& from, const std::string& to) {
  const std::string begin = "'" + from + "'", end = "'" + to + "'";
  sql = std::regex_replace(sql, std::regex{R"(\$__timeFilter\(([^)]*)\))"}, "$1 BETWEEN " + begin + " AND " + end);
  sql = std::regex_replace(sql, std::regex{R"(\$__timeFrom\(\))"}, begin);
  sql = std::regex_replace(sql, std::regex{R"(\$__timeTo\(\))"}, end);
  return std::regex_replace(sql, std::regex{R"(\$project\b)"}, "'acme','be''ta'");
}

std::string as_sent(const TestDatabase& database, const std::string& sql) {
  const std::string format = R"(YYYY-MM-DD"T"HH24:MI:SS.MS"Z")";
  const auto time = [&](const std::string& what) {
    return database.value("SELECT to_char((" + what + ") AT TIME ZONE 'UTC', '" + format + "')");
  };
  return as_sent(sql, time("now() - interval '30 days'"), time("now()"));
}

// The rows a reader gets; the columns that Grafana wants of a time series are asked for by name.
std::size_t rows_for_reader(const TestDatabase& database, const Query& query) {
  const std::string sql = as_sent(database, query.text);
  EXPECT_EQ(sql.find('$'), std::string::npos) << "a macro or variable that is not known: " << sql;
  const std::string columns = query.time_series ? "extract(epoch FROM time), metric || '', value + 0.0" : "*";
  const std::string wrapped = "SET LOCAL ROLE simsync_reader; SELECT " + columns + " FROM (" + sql + ") AS shown";
  try {
    return database.rows(wrapped).size();
  } catch (const std::exception& error) {
    ADD_FAILURE() << query.title << ": " << error.what();
    return 0;
  }
}

// A little of everything that a panel shows.
void fill(const TestDatabase& database) {
  database.run(R"(
    INSERT INTO simsync.walk (project, kind, started_at, finished_at, outcome, error) VALUES
      ('acme', 'full', now() - interval '20 days', now() - interval '20 days' + interval '5 s', 'complete', NULL),
      ('acme', 'full', now() - interval '1 day', now() - interval '1 day' + interval '5 s', 'failed', 'it broke');
    INSERT INTO simsync.history_state (project, exact_since) VALUES ('acme', now() - interval '20 days');
    INSERT INTO simsync.service_run (project, kind, started_at, alive_at, walk_interval, poll_interval)
      VALUES ('acme', 'run', now() - interval '20 days', now(), '15 min', '15 min');
    INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason)
      VALUES ('acme', 'sims', now() - interval '3 days', now() - interval '2 days', 'not running');
    INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                             changed_at, confirmed_at)
      SELECT 'acme', 's' || n, '89' || n, 'p3', 'eSIM', CASE n WHEN 1 THEN 'active' ELSE 'inactive' END, '{}',
             now() - interval '25 days', '{}', now() - interval '20 days', now() - interval '2 days', now() - interval '2 days'
      FROM generate_series(1, 5) n;
    INSERT INTO simsync.sim_change (project, sim_id, provider, type, kind, field, old_value, new_value, observed_at)
      VALUES ('acme', 's1', 'p3', 'eSIM', 'changed', 'status', 'inactive', 'active', now() - interval '2 days');
    INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since,
                                      last_polled_at, sim_status, changed_at)
      VALUES ('acme', 's1', 'disabled', now() - interval '2 days', now() - interval '20 days', now() - interval '2 days',
              now(), 'active', now() - interval '2 days');
    INSERT INTO simsync.esim_profile_transition (project, sim_id, provider, from_status, from_since, to_status,
                                                 reported_at, observed_at)
      VALUES ('acme', 's1', 'p3', 'enabled', now() - interval '9 days', 'disabled', now() - interval '2 days',
              now() - interval '2 days');
    INSERT INTO simsync.inventory_count VALUES ('acme', 'p3', 'eSIM', 'active', 'disabled', 1),
      ('acme', 'p3', 'eSIM', 'inactive', '', 4);
    INSERT INTO simsync.alert_delivery (alert_id, project, channel, state, last_error)
      VALUES (1, 'acme', 'ops', 'dead', 'HTTP 410'))");
}

TEST(Dashboard, IsWhatGrafanaImports) {
  const Json all = dashboard();
  std::set<std::string> inputs;
  for (const Json& input : all.at("__inputs")) {
    EXPECT_EQ(input.at("type"), "datasource");
    inputs.insert("${" + input.at("name").get<std::string>() + "}");
  }
  EXPECT_TRUE(all.at("id").is_null()) << "an id would overwrite somebody's dashboard";
  for (const Json& panel : panels()) {
    EXPECT_TRUE(inputs.contains(panel.at("datasource").at("uid"))) << panel.at("title");
    for (const Json& target : panel.at("targets")) EXPECT_EQ(target.at("datasource"), panel.at("datasource"));
  }
  ASSERT_EQ(all.at("templating").at("list").size(), 1U);
  const Json& project = all.at("templating").at("list")[0];
  EXPECT_EQ(project.at("name"), "project");
  EXPECT_TRUE(project.at("multi").get<bool>()) << "Grafana quotes the values of such a variable, and of no other";
}

TEST(Dashboard, PanelsAreExplainedAndHaveTheirOwnPlace) {
  const Json all = dashboard().at("panels");
  std::set<int> ids;
  std::set<std::string> titles;
  std::set<std::pair<int, int>> taken;
  for (const Json& panel : all) {
    const std::string title = panel.at("title");
    EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second) << title;
    EXPECT_TRUE(titles.insert(title).second) << title << " twice";
    const Json& place = panel.at("gridPos");
    const int x = place.at("x"), y = place.at("y"), w = place.at("w"), h = place.at("h");
    EXPECT_TRUE(x >= 0 && w > 0 && h > 0 && x + w <= 24) << title;
    for (int column = x; column < x + w; ++column) {
      for (int line = y; line < y + h; ++line) {
        EXPECT_TRUE(taken.emplace(column, line).second) << title << " lies on another panel";
      }
    }
    if (panel.at("type") == "row") continue;
    EXPECT_GT(panel.value("description", "").size(), 20U) << title;
    EXPECT_NE(panel.at("fieldConfig").at("defaults").value("unit", ""), "") << title;
    EXPECT_FALSE(panel.at("targets").empty()) << title;
  }
}

TEST(Dashboard, EachSqlWorksForAReader) {
  Scene scene;
  ASSERT_EQ(scene.daemon.run({"migrate"}).status, 0);
  std::vector<Query> all = queries("postgres", "rawSql");
  ASSERT_GT(all.size(), 10U);
  const std::string choice = dashboard().at("templating").at("list")[0].at("query");
  all.push_back({"the variable project", false, choice});
  for (const Query& query : all) {
    // Of an empty database only a count has a row.
    EXPECT_EQ(rows_for_reader(scene.database, query), query.title == "Stuck profiles" ? 1U : 0U) << query.title;
  }
  fill(scene.database);
  for (const Query& query : all) EXPECT_GE(rows_for_reader(scene.database, query), 1U) << query.title;
  // None of them shows another project's.
  for (const char* table : {"walk", "history_state", "service_run", "watch_gap", "sim", "sim_change", "esim_profile",
                            "esim_profile_transition", "inventory_count", "alert_delivery"}) {
    scene.database.run("UPDATE simsync." + std::string{table} + " SET project = 'gamma'");
  }
  all.pop_back();
  for (const Query& query : all) {
    if (query.title == "Stuck profiles") continue;
    EXPECT_EQ(rows_for_reader(scene.database, query), 0U) << query.title;
  }
}

TEST(Dashboard, EachPromQlIsValidAndOfDocumentedMetrics) {
  const DocumentedMetrics metrics = documented_metrics(read_file(std::string{kDocs} + "/metrics.md"));
  const std::vector<Query> all = queries("prometheus", "expr");
  ASSERT_GT(all.size(), 8U);
  Json rules = Json::array();
  for (const Query& query : all) {
    std::string expression = std::regex_replace(query.text, std::regex{R"(\$__rate_interval\b)"}, "5m");
    expression = std::regex_replace(expression, std::regex{R"(\$project\b)"}, "acme|beta");
    EXPECT_EQ(expression.find('$'), std::string::npos) << query.title << ": " << expression;
    EXPECT_THAT(undocumented(expression, metrics), IsEmpty()) << query.title;
    rules.push_back({{"record", "panel:query" + std::to_string(rules.size())}, {"expr", expression}});
  }
  const TempDir directory;
  // JSON is YAML.
  write_file(directory.file("rules.yaml"),
             Json{{"groups", Json::array({{{"name", "dashboard"}, {"rules", rules}}})}}.dump(1));
  const Outcome outcome = Process{{.program = "promtool",
                                   .arguments = {"check", "rules", "--lint-fatal", directory.file("rules.yaml")},
                                   .environment = {},
                                   .out_file = directory.file("out"),
                                   .err_file = directory.file("err")}}
                              .finish(std::chrono::minutes{1});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace simsync::test
