// The alert rules that users copy: valid, tested, explained, and of metrics that docs/metrics.md promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <regex>

#include "tests/support/documented_metrics.h"
#include "tests/support/process.h"

namespace simsync::test {
namespace {

using testing::IsEmpty;

const std::string kRules = SIMSYNC_SOURCE "/docs/prometheus/simsyncd.rules.yaml";
const std::string kTests = SIMSYNC_SOURCE "/tests/unit/docs/simsyncd.rules.test.yaml";

Outcome promtool(std::vector<std::string> arguments) {
  const TempDir directory;
  return Process{{.program = "promtool",
                  .arguments = std::move(arguments),
                  .environment = {},
                  .out_file = directory.file("out"),
                  .err_file = directory.file("err")}}
      .finish(std::chrono::minutes{2});
}

std::string metrics_page() {
  return read_file(SIMSYNC_SOURCE "/docs/metrics.md");
}

// All rules of the file.
std::vector<YAML::Node> rules() {
  std::vector<YAML::Node> all;
  for (const YAML::Node& group : YAML::LoadFile(kRules)["groups"]) {
    for (const YAML::Node& rule : group["rules"]) all.push_back(rule);
  }
  return all;
}

// As GitHub makes them of headings.
std::string anchor_of(std::string heading) {
  std::transform(heading.begin(), heading.end(), heading.begin(), [](unsigned char c) { return std::tolower(c); });
  std::replace(heading.begin(), heading.end(), ' ', '-');
  return heading;
}

TEST(AlertRules, AreValid) {
  const Outcome outcome = promtool({"check", "rules", "--lint-fatal", kRules});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(AlertRules, FireWhenTheyShallAndNotElse) {
  const Outcome outcome = promtool({"test", "rules", kTests});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(AlertRules, EachIsTestedBothWays) {
  std::set<std::string> fires, silent;
  for (const YAML::Node& test : YAML::LoadFile(kTests)["tests"]) {
    for (const YAML::Node& expectation : test["alert_rule_test"]) {
      const auto name = expectation["alertname"].as<std::string>();
      (expectation["exp_alerts"].size() == 0 ? silent : fires).insert(name);
    }
  }
  std::set<std::string> alerts;
  for (const YAML::Node& rule : rules()) alerts.insert(rule["alert"].as<std::string>());
  EXPECT_EQ(alerts.size(), rules().size()) << "two of one name";
  EXPECT_EQ(fires, alerts);
  EXPECT_EQ(silent, alerts);
}

TEST(AlertRules, SayWhatToDo) {
  const std::string page = metrics_page();
  for (const YAML::Node& rule : rules()) {
    const auto name = rule["alert"].as<std::string>();
    EXPECT_THAT((std::vector<std::string>{"critical", "warning"}),
                testing::Contains(rule["labels"]["severity"].as<std::string>("")))
        << name;
    EXPECT_NE(rule["annotations"]["summary"].as<std::string>(""), "") << name;
    EXPECT_GT(rule["annotations"]["description"].as<std::string>("").size(), 40U) << name;
    EXPECT_EQ(rule["annotations"]["runbook"].as<std::string>(""), "docs/metrics.md#" + anchor_of(name));
    EXPECT_NE(page.find("\n### " + name + "\n"), std::string::npos) << name << " has no heading in docs/metrics.md";
  }
  const std::regex heading{"\n### (\\w+)\n"};
  EXPECT_EQ(std::distance(std::sregex_iterator{page.begin(), page.end(), heading}, {}),
            static_cast<std::ptrdiff_t>(rules().size()))
      << "a heading without a rule";
}

TEST(AlertRules, NameOnlyWhatTheMetricsPagePromises) {
  const DocumentedMetrics metrics = documented_metrics(metrics_page());
  for (const YAML::Node& rule : rules()) {
    EXPECT_THAT(undocumented(rule["expr"].as<std::string>(), metrics), IsEmpty()) << rule["alert"];
  }
}

// The naming rules of Prometheus, as far as a program can judge them.
TEST(MetricsPage, NamesAreAsPrometheusWantsThem) {
  const DocumentedMetrics metrics = documented_metrics(metrics_page());
  EXPECT_GT(metrics.size(), 15U);
  for (const auto& [name, metric] : metrics) {
    EXPECT_TRUE(std::regex_match(name, std::regex{"(simsync|process)_[a-z_]+"})) << name;
    EXPECT_EQ(name.size() > 6 && name.substr(name.size() - 6) == "_total", metric.type == "counter") << name;
    EXPECT_FALSE(std::regex_search(name, std::regex{"_(ms|milliseconds|minutes|count|sum|bucket)(_|$)"})) << name;
    if (metric.type == "histogram") {
      EXPECT_TRUE(std::regex_search(name, std::regex{"_(seconds|bytes)$"})) << name;
    }
    EXPECT_GT(metric.help.size(), 10U) << name;
  }
}

TEST(DocumentedMetrics, SeesThroughPromQl) {
  const DocumentedMetrics metrics = documented_metrics(
      "| `simsync_a_total` | counter | `project` | Help. |\n| `simsync_b_seconds` | histogram | | Help. |");
  EXPECT_THAT(
      undocumented(R"(sum by (other) (rate(simsync_a_total{project="x_total"}[5m])) / on (p) group_left up > 1)",
                   metrics),
      IsEmpty());
  EXPECT_THAT(undocumented("histogram_quantile(0.9, rate(simsync_b_seconds_bucket{le=\"1\"}[5m]))", metrics),
              IsEmpty());
  EXPECT_THAT(undocumented("simsync_a_total{kind=~\"a|b\"} or simsync_a_count - http_requests_total", metrics),
              testing::ElementsAre("simsync_a_total{kind}", "simsync_a_count", "http_requests_total"));
}

}  // namespace
}  // namespace simsync::test
