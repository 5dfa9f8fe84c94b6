// What lasts: when it is looked at, and what is told of it.
#include "daemon/alerts/condition_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class FakeConditions : public AlertConditions {
 public:
  HoldingConditions profiles_in(const std::string& project, const StateQuestion& question, TimePoint) override {
    asked.push_back("profiles " + project);
    last_question = question;
    return states;
  }
  HoldingConditions sims_in(const std::string& project, const StateQuestion& question, TimePoint) override {
    asked.push_back("sims " + project);
    last_question = question;
    return states;
  }
  std::vector<StockLevel> stock(const std::string& project, const SimFilter& where) override {
    asked.push_back("stock " + project);
    last_question.where = where;
    if (broken) throw StorageError(StorageFailure::unreachable, "away");
    return levels;
  }
  ProjectAge age(const std::string& project) override {
    asked.push_back("age " + project);
    return known_age;
  }

  std::vector<std::string> asked;
  StateQuestion last_question;
  HoldingConditions states;
  std::vector<StockLevel> levels;
  ProjectAge known_age;
  bool broken = false;
};

class FakeStore : public AlertStore {
 public:
  std::uint64_t observe(const ConditionReport& report, TimePoint) override {
    reports.push_back(report);
    return 0;
  }
  std::uint64_t end_all_but(const std::vector<std::string>&, const std::vector<WatchedRule>& watched,
                            TimePoint) override {
    for (const WatchedRule& one : watched) kept.push_back(one.project + " " + one.rule);
    return 0;
  }
  std::optional<TimePoint> form_messages(const std::vector<std::string>&, const std::string&, std::chrono::milliseconds,
                                         TimePoint) override {
    return std::nullopt;
  }
  std::vector<AlertMessage> due(const std::vector<std::string>&, const std::string&, TimePoint,
                                const DueQuestion&) override {
    return {};
  }
  void give_back(const AlertMessage&) override {}
  std::uint64_t give_up(const std::vector<std::string>&, const std::string&, TimePoint, const std::string&) override {
    return 0;
  }
  std::optional<TimePoint> next_due(const std::vector<std::string>&, const std::string&) override {
    return std::nullopt;
  }
  void record(const AlertMessage&, const DeliveryResult&, TimePoint) override {}
  std::vector<AlertMessage> open_alerts(const std::vector<std::string>&, const std::string&) override { return {}; }
  std::vector<ListedMessage> list(const std::vector<std::string>&, const std::string&, std::size_t) override {
    return {};
  }
  std::uint64_t retry(const std::vector<std::string>&, const std::string&, const std::string&, TimePoint) override {
    return 0;
  }

  std::vector<ConditionReport> reports;
  std::vector<std::string> kept;
};

AlertRuleConfig rule_on(const std::string& on) {
  AlertRuleConfig rule;
  rule.name = on + "-rule";
  rule.on = on;
  rule.channels = {"ops"};
  return rule;
}

class ConditionWatchTest : public testing::Test {
 protected:
  ConditionWatch watch(const AlertRuleConfig& rule, std::vector<std::string> projects = {"acme"}) {
    AlertsConfig config;
    config.rules = {rule, rule_on("sim")};  // the second does not last
    return {config, std::move(projects), conditions_, store_};
  }

  const TimePoint start_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};
  FakeConditions conditions_;
  FakeStore store_;
};

TEST_F(ConditionWatchTest, TimeInAState) {
  AlertRuleConfig rule = rule_on("profile");
  rule.in = {"installed"};
  rule.lasting = 24h;
  rule.where = {{"provider", {"p3"}}, {"metadata.fleet", {"trucks"}}};
  conditions_.states.holding = {{"sim_1", "", "p3", "installed", start_ - 25h, "{}"}};
  conditions_.states.total = 2;
  ConditionWatch watched = watch(rule);
  EXPECT_EQ(watched.look(start_), start_ + 1min);
  ASSERT_EQ(store_.reports.size(), 1U);
  const ConditionReport& report = store_.reports[0];
  EXPECT_EQ(report.project + " " + report.rule + " " + report.type, "acme profile-rule simsync.profile.transition");
  EXPECT_EQ(report.holding.size(), 1U);
  EXPECT_EQ(conditions_.last_question.rule, "profile-rule");
  EXPECT_THAT(conditions_.last_question.in, ElementsAre("installed"));
  EXPECT_EQ(conditions_.last_question.lasting, 24h);
  EXPECT_THAT(conditions_.last_question.where.providers, ElementsAre("p3"));
  EXPECT_THAT(conditions_.last_question.where.metadata, ElementsAre(Pair("fleet", ElementsAre("trucks"))));
  rule.on = "sim";
  watch(rule).look(start_);
  EXPECT_THAT(conditions_.asked, ElementsAre("profiles acme", "sims acme"));
}

TEST_F(ConditionWatchTest, ALookIsDueAgainAfterItsInterval) {
  AlertRuleConfig rule = rule_on("freshness");
  rule.above = 1min;  // every 3 s
  ConditionWatch watched = watch(rule);
  EXPECT_EQ(watched.look(start_), start_ + 3s);
  EXPECT_EQ(watched.look(start_ + 2s), start_ + 3s);
  EXPECT_EQ(conditions_.asked.size(), 1U);
  EXPECT_EQ(watched.look(start_ + 3s), start_ + 6s);
  EXPECT_EQ(conditions_.asked.size(), 2U);
  EXPECT_EQ(watched.look(start_ - 1h), start_ - 1h + 3s) << "the clock was set back";
}

TEST_F(ConditionWatchTest, IntervalsAreATwentiethOfTheWait) {
  AlertRuleConfig rule = rule_on("sim");
  rule.lasting = 2s;
  EXPECT_EQ(look_interval(rule), 1s);
  rule.lasting = 5min;
  EXPECT_EQ(look_interval(rule), 15s);
  rule.lasting = 24h;
  EXPECT_EQ(look_interval(rule), 1min);
}

TEST_F(ConditionWatchTest, StockHasToBeLowForSoLong) {
  AlertRuleConfig rule = rule_on("stock");
  rule.below = 500;
  rule.lasting = 10min;
  ConditionWatch watched = watch(rule);
  conditions_.levels = {{"p9", "pSIM", 499}, {"p9", "eSIM", 500}};
  watched.look(start_);
  ASSERT_EQ(store_.reports.back().holding.size(), 1U);
  EXPECT_TRUE(store_.reports.back().holding[0].young) << "an alert that was open before this start goes on";
  watched.look(start_ + 10min);
  ASSERT_EQ(store_.reports.back().holding.size(), 1U);
  const AlertCondition low = store_.reports.back().holding[0];
  EXPECT_FALSE(low.young);
  EXPECT_EQ(low.subject, "p9 pSIM");
  EXPECT_EQ(low.since, start_);
  EXPECT_THAT(low.details, HasSubstr(R"("unused":499)"));
  conditions_.levels[0].unused = 500;
  watched.look(start_ + 20min);
  EXPECT_THAT(store_.reports.back().holding, IsEmpty());
  conditions_.levels[0].unused = 1;
  watched.look(start_ + 21min);
  ASSERT_EQ(store_.reports.back().holding.size(), 1U);
  EXPECT_TRUE(store_.reports.back().holding[0].young) << "it was filled up in between";
}

TEST_F(ConditionWatchTest, AProjectIsLateAfterItsLastCompleteWalk) {
  AlertRuleConfig rule = rule_on("freshness");
  rule.above = 1h;
  ConditionWatch watched = watch(rule);
  watched.look(start_);
  EXPECT_THAT(store_.reports.back().holding, IsEmpty()) << "nothing is known of it";
  conditions_.known_age.first_walk = start_ - 2h;
  watched.look(start_ + 1h);
  ASSERT_EQ(store_.reports.back().holding.size(), 1U) << "no walk was ever complete";
  EXPECT_EQ(store_.reports.back().holding[0].since, start_ - 1h);
  conditions_.known_age.last_complete_walk = start_ + 1h;
  watched.look(start_ + 2h);
  EXPECT_THAT(store_.reports.back().holding, IsEmpty()) << "exactly one hour is not above";
  watched.look(start_ + 2h + 1min);
  EXPECT_EQ(store_.reports.back().holding.size(), 1U);
  const std::string before = store_.reports.back().holding[0].details;
  watched.look(start_ + 3h);
  EXPECT_EQ(store_.reports.back().holding[0].details, before) << "the same alert as long as it lasts";
}

TEST_F(ConditionWatchTest, ARuleKeepsToItsProjects) {
  AlertRuleConfig rule = rule_on("freshness");
  rule.above = 1h;
  rule.where = {{"project", {"other"}}};
  watch(rule, {"acme", "other"}).look(start_);
  EXPECT_THAT(conditions_.asked, ElementsAre("age other"));
}

TEST_F(ConditionWatchTest, WhatFailedIsDueAtOnce) {
  AlertRuleConfig rule = rule_on("stock");
  rule.below = 1;
  ConditionWatch watched = watch(rule);
  conditions_.broken = true;
  EXPECT_THROW(watched.look(start_), StorageError);
  conditions_.broken = false;
  watched.look(start_ + 1s);
  EXPECT_EQ(conditions_.asked.size(), 2U);
  EXPECT_EQ(store_.reports.size(), 1U);
}

TEST_F(ConditionWatchTest, AQuestionThatFailsKeepsNoOtherFromBeingAsked) {
  AlertsConfig config;
  config.rules = {rule_on("stock"), rule_on("freshness")};
  ConditionWatch watched{config, {"acme"}, conditions_, store_};
  conditions_.broken = true;
  EXPECT_THROW(watched.look(start_), StorageError);
  EXPECT_THAT(conditions_.asked, ElementsAre("stock acme", "age acme"));
  EXPECT_EQ(store_.reports.size(), 1U);
}

TEST_F(ConditionWatchTest, EndsWhatItDoesNotLookAt) {
  AlertRuleConfig stock = rule_on("stock");
  stock.where = {{"project", {"other"}}};
  watch(stock, {"acme", "other"}).begin(start_);
  EXPECT_THAT(store_.kept, ElementsAre("other stock-rule"));
}

TEST_F(ConditionWatchTest, WithoutSuchRulesThereIsNothingToWaitFor) {
  ConditionWatch watched = watch(rule_on("sim"));
  EXPECT_EQ(watched.look(start_), std::nullopt);
  watched.begin(start_);
  EXPECT_THAT(store_.kept, IsEmpty());
}

}  // namespace
}  // namespace simsync
