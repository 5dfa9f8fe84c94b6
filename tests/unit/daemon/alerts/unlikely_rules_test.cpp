// Rules that can never match are told of, and only those.
#include "daemon/alerts/unlikely_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> doubts(const AlertRuleConfig& rule) {
  Config config;
  config.alerts.rules = {rule};
  std::vector<std::string> lines;
  for (const UnlikelyRule& one : unlikely_rules(config)) lines.push_back(one.rule + ": " + one.why);
  return lines;
}

AlertRuleConfig rule_on(const std::string& on) {
  AlertRuleConfig rule;
  rule.name = "r";
  rule.on = on;
  return rule;
}

TEST(UnlikelyRules, MisspeltStatuses) {
  AlertRuleConfig rule = rule_on("profile");
  rule.from = {"enabled", "instaled"};
  rule.to = {"dis*", "gone*"};
  EXPECT_THAT(doubts(rule),
              ElementsAre("r: from names \"instaled\", which is no status of a profile; did you mean "
                          "installed?",
                          HasSubstr("to names \"gone*\", which is no status of a profile; known here: ")));
  rule = rule_on("profile");
  rule.in = {"active"};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("in names \"active\"")));
}

TEST(UnlikelyRules, ProvidersThatAreNotPolled) {
  AlertRuleConfig rule = rule_on("profile");
  rule.where = {{"provider", {"p3", "p9"}}};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("\"p9\", which is no provider whose profiles are polled")));
  rule.on = "sim";
  EXPECT_THAT(doubts(rule), IsEmpty());
}

TEST(UnlikelyRules, TypesAndStatusesOfSims) {
  AlertRuleConfig rule = rule_on("profile");
  rule.where = {{"type", {"pSIM"}}};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("only eSIMs have profiles")));
  rule = rule_on("stock");
  rule.where = {{"type", {"psim"}}};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("did you mean pSIM?")));
  rule = rule_on("sim");
  rule.where = {{"status", {"activ"}}};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("did you mean active?")));
}

TEST(UnlikelyRules, SidesThatAChangeDoesNotHave) {
  AlertRuleConfig rule = rule_on("sim");
  rule.change = {"disappeared"};
  rule.from = {"active"};
  EXPECT_THAT(doubts(rule), IsEmpty());
  rule.to = {"retired"};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("has no status after")));
  rule.to = {};
  rule.change = {"appeared"};
  EXPECT_THAT(doubts(rule), ElementsAre(HasSubstr("has no status before")));
}

TEST(UnlikelyRules, ValuesOfOtherFieldsAreAnybodysGuess) {
  AlertRuleConfig rule = rule_on("sim");
  rule.change = {"metadata.fleet"};
  rule.from = {"vans"};
  rule.where = {{"metadata.depot", {"north"}}};
  EXPECT_THAT(doubts(rule), IsEmpty());
}

}  // namespace
}  // namespace simsync
