// What is counted, and what is shown of figures that are old, too many, or another daemon's.
#include "daemon/http/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "daemon/http/process_metrics.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    figures_.read_at = wall_clock();
    figures_.age = 1s;
    ProjectFigures acme;
    acme.project = "acme";
    acme.overdue = 3;
    acme.poll_lag = 1500ms;
    acme.polls_as_of = wall_clock();
    acme.held_back = 7;
    acme.last_complete_walk = TimePoint{1'700'000'000s};
    figures_.projects = {acme};
    figures_.inventory = {{"acme", "p3", "eSIM", "active", "enabled", 5},
                          {"acme", "p3", "eSIM", "active", "", 2},
                          {"acme", "p9", "pSIM", "inactive", "", 0},
                          {"beta", "p3", "eSIM", "active", "enabled", 99}};
  }

  std::string text() { return metrics_.text(figures_, {"acme", "beta"}, 15min); }

  // The value of a series, as it is written; "" where there is none.
  std::string value(const std::string& series) {
    std::istringstream lines{text()};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
    }
    return {};
  }

  Metrics metrics_;
  Figures figures_;
};

TEST_F(MetricsTest, CountsRequests) {
  const auto work = metrics_.work_on("acme");
  work->ended({ApiCall::list, 200, std::nullopt, 20ms, 0s, false});
  work->ended({ApiCall::list, 200, std::nullopt, 2s, 0s, true});
  work->ended({ApiCall::get, 0, ApiFailure::timeout, 30s, 0s, false});
  work->ended({ApiCall::update_metadata, 99'999, ApiFailure::malformed, 1ms, 0s, false});
  EXPECT_EQ(value(R"(simsync_api_requests_total{endpoint="list",project="acme",status="200"})"), "2");
  EXPECT_EQ(value(R"(simsync_api_requests_total{endpoint="sim",project="acme",status="none"})"), "1");
  EXPECT_EQ(value(R"(simsync_api_requests_total{endpoint="metadata",project="acme",status="none"})"), "1");
  EXPECT_EQ(value(R"(simsync_api_retries_total{endpoint="list",project="acme"})"), "1");
  EXPECT_EQ(value(R"(simsync_api_retries_total{endpoint="search",project="acme"})"), "0");
  EXPECT_EQ(value(R"(simsync_api_request_duration_seconds_count{endpoint="list",project="acme"})"), "2");
  EXPECT_EQ(value(R"(simsync_api_request_duration_seconds_bucket{endpoint="list",project="acme",le="0.025"})"), "1");
}

TEST_F(MetricsTest, CountsPausesThatHavePassed) {
  const auto work = metrics_.work_on("acme");
  const auto now = std::chrono::steady_clock::now();
  work->paused(now - 100s, now - 90s);
  EXPECT_EQ(value(R"(simsync_api_throttled_seconds_total{project="acme"})"), "10");
}

TEST(PausedTimeTest, CountsEachMomentOnceAndNoneInAdvance) {
  const PausedTime::Time begin = PausedTime::Time{} + 1h;
  PausedTime paused;
  EXPECT_EQ(paused.total(begin), 0s);
  paused.pause(begin, begin + 10s);
  EXPECT_EQ(paused.total(begin + 4s), 4s);
  paused.pause(begin + 5s, begin + 8s);  // never shorter
  EXPECT_EQ(paused.total(begin + 60s), 10s);
  paused.pause(begin + 9s, begin + 20s);  // goes on
  EXPECT_EQ(paused.total(begin + 15s), 15s);
  EXPECT_EQ(paused.total(begin + 60s), 20s);
  paused.pause(begin + 100s, begin + 3700s);
  EXPECT_EQ(paused.total(begin + 100s), 20s);
  EXPECT_EQ(paused.total(begin + 101s), 21s);
}

TEST_F(MetricsTest, CountsTransitions) {
  const auto work = metrics_.work_on("acme");
  work->recorded({{true, "enabled", "disabled"}, {true, "enabled", "disabled"}, {false, "", "active"}});
  EXPECT_EQ(value(R"(simsync_transitions_total{from="enabled",project="acme",to="disabled",what="profile"})"), "2");
  EXPECT_EQ(value(R"(simsync_transitions_total{from="",project="acme",to="active",what="sim"})"), "1");
}

TEST_F(MetricsTest, CountsWalks) {
  const auto work = metrics_.work_on("acme");
  const std::string done = R"({kind="new",outcome="failed",project="acme"})";
  EXPECT_EQ(value("simsync_walk_duration_seconds_count" + done), "0") << "there from the start";
  WalkRecord walk;
  walk.kind = WalkKind::fresh;
  walk.outcome = WalkOutcome::failed;
  walk.started_at = wall_clock();
  walk.finished_at = walk.started_at + 90s;
  walk.skipped = 4;
  work->walk_ended(walk);
  EXPECT_EQ(value("simsync_walk_duration_seconds_count" + done), "1");
  EXPECT_EQ(value("simsync_walk_duration_seconds_sum" + done), "90");
  EXPECT_EQ(value(R"(simsync_walk_skipped_total{project="acme"})"), "4");
}

TEST_F(MetricsTest, CountsWhatTheDatabaseDidNotCarryOut) {
  for (const char* kind : {"unreachable", "denied", "schema", "data", "conflict", "too_slow", "in_doubt", "other"}) {
    EXPECT_EQ(value(std::string{R"(simsync_database_errors_total{kind=")"} + kind + "\"}"), "0");
  }
  const auto work = metrics_.work_on("acme");
  work->failed(StorageFailure::in_doubt);
  work->failed(StorageFailure::lease_lost);  // another's is no error
  EXPECT_EQ(value(R"(simsync_database_errors_total{kind="in_doubt"})"), "1");
  EXPECT_EQ(value(R"(simsync_database_errors_total{kind="other"})"), "0");
}

TEST_F(MetricsTest, SaysWhetherTheConfigurationReadLastIsInForce) {
  EXPECT_EQ(value("simsync_config_last_reload_successful"), "1") << "it started with it";
  const std::string read = value("simsync_config_last_reload_success_timestamp_seconds");
  metrics_.note_configuration(false);
  EXPECT_EQ(value("simsync_config_last_reload_successful"), "0");
  EXPECT_EQ(value("simsync_config_last_reload_success_timestamp_seconds"), read);
  metrics_.note_configuration(true);
  EXPECT_EQ(value("simsync_config_last_reload_successful"), "1");
}

TEST_F(MetricsTest, CountsDeliveriesOfConfiguredChannels) {
  metrics_.set_channels({"ops", "pager"});
  metrics_.attempted("ops", DeliveryResult::State::pending, 1);
  metrics_.attempted("ops", DeliveryResult::State::dead, 30);
  EXPECT_EQ(value(R"(simsync_alert_deliveries_total{channel="ops",result="failed"})"), "1");
  EXPECT_EQ(value(R"(simsync_alert_deliveries_total{channel="ops",result="dead"})"), "30");
  EXPECT_EQ(value(R"(simsync_alert_deliveries_total{channel="pager",result="delivered"})"), "0");
  metrics_.set_channels({"ops"});
  metrics_.attempted("pager", DeliveryResult::State::dead, 1);
  EXPECT_EQ(value(R"(simsync_alert_deliveries_total{channel="ops",result="dead"})"), "30") << "a reload keeps it";
  EXPECT_EQ(value(R"(simsync_alert_deliveries_total{channel="pager",result="dead"})"), "");
}

TEST_F(MetricsTest, ShowsProjectsOnlyWhileItWorksOnThem) {
  EXPECT_THAT(text(), Not(AnyOf(HasSubstr("simsync_sims"), HasSubstr("simsync_walk_interval"))));
  EXPECT_EQ(value(R"(simsync_project_held{project="acme"})"), "0");
  auto work = metrics_.work_on("acme");
  work->ended({ApiCall::list, 200, std::nullopt, 20ms, 0s, false});
  work->recorded({{true, "enabled", "disabled"}});
  EXPECT_EQ(value(R"(simsync_project_held{project="acme"})"), "1");
  EXPECT_EQ(value(R"(simsync_project_held{project="beta"})"), "0");
  EXPECT_EQ(value(R"(simsync_sims{project="acme",provider="p3",type="eSIM",status="active"})"), "7");
  EXPECT_EQ(value(R"(simsync_sims{project="acme",provider="p9",type="pSIM",status="inactive"})"), "0");
  EXPECT_EQ(value(R"(simsync_profiles{project="acme",provider="p3",status="enabled"})"), "5");
  EXPECT_EQ(value(R"(simsync_walk_interval_seconds{project="acme"})"), "900");
  EXPECT_EQ(value(R"(simsync_walk_last_complete_timestamp_seconds{project="acme"})"), "1700000000");
  EXPECT_EQ(value(R"(simsync_walk_held_back_sims{project="acme"})"), "7");
  EXPECT_EQ(value(R"(simsync_profiles_overdue{project="acme"})"), "3");
  EXPECT_EQ(value(R"(simsync_poll_lag_seconds{project="acme"})"), "1.5");
  EXPECT_THAT(text(), Not(HasSubstr(R"(simsync_sims{project="beta")")))
      << "those of a project that it does not work on";
  work.reset();
  std::istringstream lines{text()};
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.find("project=") == std::string::npos || line.starts_with("simsync_project_held")) << line;
  }
}

TEST_F(MetricsTest, UntilThereWasAWalkTheTimeCountsFromTheBeginOfTheWork) {
  figures_.projects[0].last_complete_walk.reset();
  const auto work = metrics_.work_on("acme");
  const auto begun = std::chrono::duration<double>(work->since().time_since_epoch()).count();
  EXPECT_NEAR(std::stod(value(R"(simsync_walk_last_complete_timestamp_seconds{project="acme"})")), begun, 0.01);
}

TEST_F(MetricsTest, WhatTheServiceSaidOfItsPollsLongAgoIsNotSaidAgain) {
  const auto work = metrics_.work_on("acme");
  figures_.projects[0].polls_as_of = wall_clock() - 3min;
  EXPECT_EQ(value(R"(simsync_profiles_overdue{project="acme"})"), "");
  EXPECT_EQ(value(R"(simsync_poll_lag_seconds{project="acme"})"), "");
  EXPECT_NE(value(R"(simsync_walk_last_complete_timestamp_seconds{project="acme"})"), "") << "which stays true";
}

TEST_F(MetricsTest, LabelsFromOutsideAreBounded) {
  const auto work = metrics_.work_on("acme");
  figures_.inventory.clear();
  for (int i = 0; i < 1000; ++i) {
    figures_.inventory.push_back({"acme", "p" + std::to_string(i), "eSIM", std::string(5000, 'x'), "enabled", 1});
    work->recorded({{false, std::to_string(i), std::string(5000, 'y')}});
  }
  const std::string all = text();
  EXPECT_LT(all.size(), 200'000U);
  EXPECT_THAT(all, HasSubstr(R"({project="acme",provider="other",type="other",status="other"} 800)"));
  EXPECT_THAT(all, HasSubstr(R"(simsync_profiles{project="acme",provider="other",status="other"} 900)"));
  EXPECT_THAT(all, HasSubstr(R"({from="other",project="acme",to="other",what="sim"} 800)"));
  // Those that were told apart stay so, whatever the order.
  std::ranges::reverse(figures_.inventory);
  EXPECT_EQ(text().find("provider=\"p999\""), std::string::npos);
}

TEST_F(MetricsTest, LabelsAreEscapedAndWhole) {
  const auto work = metrics_.work_on("acme");
  std::string long_text(99, 'a');
  long_text += "é";  // would be cut in two
  figures_.inventory = {{"acme", "a\"b\\c\nd", long_text, "x", "", 1}};
  EXPECT_THAT(text(), HasSubstr(R"(provider="a\"b\\c\nd",type=")" + std::string(99, 'a') + R"(",status="x"})"));
}

TEST(ProcessMetrics, AreThoseOfThisProcess) {
  std::map<std::string, double> values;
  for (const auto& family : process_metrics()) values[family.name] = family.metric.at(0).gauge.value;
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_GT(values.at("process_start_time_seconds"), now - 3600);
  EXPECT_LE(values.at("process_start_time_seconds"), now + 1);
  EXPECT_GE(values.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1'000'000);
  EXPECT_GE(values.at("process_open_fds"), 3);
}

}  // namespace
}  // namespace simsync
