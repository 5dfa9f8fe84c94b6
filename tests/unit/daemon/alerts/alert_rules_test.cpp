// Which rule a change concerns.
#include "daemon/alerts/alert_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

AlertRuleConfig on_profile(std::vector<std::string> from, std::vector<std::string> to) {
  AlertRuleConfig rule;
  rule.name = "rule";
  rule.on = "profile";
  rule.from = std::move(from);
  rule.to = std::move(to);
  rule.channels = {"ops"};
  return rule;
}

AlertRuleConfig on_sim(std::vector<std::string> change, std::vector<std::string> from = {},
                       std::vector<std::string> to = {}) {
  AlertRuleConfig rule = on_profile(std::move(from), std::move(to));
  rule.on = "sim";
  rule.change = std::move(change);
  return rule;
}

RecordedChange transition(std::optional<std::string> from, const std::string& to) {
  RecordedChange change;
  change.id = 1;
  change.profile = true;
  change.sim_id = "sim_1";
  change.kind = "transition";
  change.field = "profile";
  change.old_value = std::move(from);
  change.new_value = to;
  change.provider = "p3";
  change.type = "eSIM";
  change.status = "active";
  change.metadata = R"({"fleet": "trucks", "slot": 7, "none": null})";
  return change;
}

RecordedChange sim_change(const std::string& kind, const std::string& field, std::optional<std::string> before,
                          std::optional<std::string> after) {
  RecordedChange change = transition(std::move(before), "");
  change.profile = false;
  change.kind = kind;
  change.field = field;
  change.new_value = std::move(after);
  return change;
}

std::vector<RaisedAlert> judged(const AlertRuleConfig& rule, const RecordedChange& change) {
  AlertsConfig config;
  config.rules = {rule};
  return AlertRules{config}.judge("acme", std::vector{change});
}

bool concerns(const AlertRuleConfig& rule, const RecordedChange& change) {
  return !judged(rule, change).empty();
}

TEST(AlertRules, OwnChangesAreLeftOutByThoseWhoSaySo) {
  RecordedChange change = sim_change("changed", "metadata", R"({"fleet": "a"})", R"({"fleet": "b"})");
  AlertRuleConfig rule = on_sim({"metadata.fleet"});
  change.own = true;
  EXPECT_TRUE(concerns(rule, change));
  rule.own_changes = false;
  EXPECT_FALSE(concerns(rule, change));
  change.own = false;
  EXPECT_TRUE(concerns(rule, change));
}

TEST(AlertRules, TellWhatTheyWereAskedFor) {
  AlertRuleConfig rule = on_profile({"enabled"}, {"disabled", "deleted"});
  rule.severity = "critical";
  const std::vector<RaisedAlert> raised = judged(rule, transition("enabled", "deleted"));
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(raised[0].change, 0U);
  EXPECT_EQ(raised[0].rule, "rule");
  EXPECT_EQ(raised[0].type, "simsync.profile.transition");
  EXPECT_EQ(raised[0].severity, "critical");
  EXPECT_THAT(raised[0].channels, ElementsAre("ops"));
  EXPECT_EQ(raised[0].from, "enabled");
  EXPECT_EQ(raised[0].to, "deleted");
  EXPECT_FALSE(concerns(rule, transition("enabled", "installed")));
  EXPECT_FALSE(concerns(rule, transition("installed", "deleted")));
}

TEST(AlertRules, TheFirstSightOfAProfileIsNoNews) {
  EXPECT_FALSE(concerns(on_profile({}, {}), transition(std::nullopt, "deleted")));
  EXPECT_FALSE(concerns(on_profile({"*"}, {"deleted"}), transition(std::nullopt, "deleted")));
}

TEST(AlertRules, AStatusReportedAnewConcernsWhoAsksForAllOrForIt) {
  const RecordedChange anew = transition("enabled", "enabled");
  EXPECT_TRUE(concerns(on_profile({}, {}), anew));
  EXPECT_TRUE(concerns(on_profile({"enabled"}, {"enabled"}), anew));
  EXPECT_FALSE(concerns(on_profile({"enabled"}, {}), anew));
  EXPECT_FALSE(concerns(on_profile({}, {"enabled"}), anew));
  EXPECT_FALSE(concerns(on_profile({"disabled"}, {"enabled"}), anew));
}

TEST(AlertRules, StarsStandForAnyCharacters) {
  EXPECT_TRUE(concerns(on_profile({"*"}, {"dis*"}), transition("enabled", "disabled")));
  EXPECT_TRUE(concerns(on_profile({"e*b*d"}, {"*led"}), transition("enabled", "disabled")));
  EXPECT_FALSE(concerns(on_profile({"*"}, {"dis*x"}), transition("enabled", "disabled")));
  EXPECT_FALSE(concerns(on_profile({}, {"disable"}), transition("enabled", "disabled")));
  EXPECT_TRUE(WordPattern{"***"}.matches(""));
  EXPECT_FALSE(WordPattern{"*a"}.matches(""));
  EXPECT_TRUE(WordPattern{"*ab"}.matches("aab"));
}

TEST(AlertRules, AHostilePatternAndTextCostNoMoreThanTheirProduct) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "a*";
  EXPECT_FALSE(WordPattern{pattern + "b"}.matches(std::string(20'000, 'a')));  // exponential: never ends
}

TEST(AlertRules, WhereHasToMatchInEveryKey) {
  const RecordedChange change = transition("enabled", "disabled");
  const auto concerned = [&](std::map<std::string, std::vector<std::string>> where) {
    AlertRuleConfig rule = on_profile({}, {});
    rule.where = std::move(where);
    return concerns(rule, change);
  };
  EXPECT_TRUE(
      concerned({{"provider", {"p14", "p3"}}, {"type", {"eSIM"}}, {"status", {"active"}}, {"project", {"ac*"}}}));
  EXPECT_FALSE(concerned({{"provider", {"p14"}}}));
  EXPECT_FALSE(concerned({{"provider", {"p3"}}, {"type", {"pSIM"}}}));
  EXPECT_FALSE(concerned({{"status", {"retired"}}}));
  EXPECT_FALSE(concerned({{"project", {"other"}}}));
  EXPECT_TRUE(concerned({{"metadata.fleet", {"vans", "truck*"}}}));
  EXPECT_TRUE(concerned({{"metadata.slot", {"7"}}}));
  EXPECT_TRUE(concerned({{"metadata.none", {"null"}}}));
  EXPECT_FALSE(concerned({{"metadata.fleet", {"vans"}}}));
  EXPECT_FALSE(concerned({{"metadata.depot", {"*"}}})) << "it has no such key";
}

TEST(AlertRules, MetadataThatIsNoObjectHasNoKeys) {
  AlertRuleConfig rule = on_profile({}, {});
  rule.where = {{"metadata.fleet", {"*"}}};
  for (const std::string& text : {std::string{}, std::string{"{"}, std::string{"[1]"}, std::string{"\"fleet\""},
                                  std::string(100'000, '['), std::string{"{\"fleet\": \"\xff\"}"}}) {
    RecordedChange change = transition("enabled", "disabled");
    change.metadata = text;
    EXPECT_FALSE(concerns(rule, change)) << text.substr(0, 20);
  }
}

TEST(AlertRules, ChangesOfSims) {
  const RecordedChange status = sim_change("changed", "status", "inactive", "active");
  EXPECT_TRUE(concerns(on_sim({"status"}, {"inactive"}, {"active"}), status));
  EXPECT_FALSE(concerns(on_sim({"status"}, {}, {"retired"}), status));
  EXPECT_FALSE(concerns(on_sim({"iccid", "appeared"}), status));
  EXPECT_FALSE(concerns(on_profile({}, {}), status)) << "no transition of a profile";
  EXPECT_FALSE(concerns(on_sim({"status"}), transition("enabled", "disabled"))) << "no change of a SIM";

  EXPECT_TRUE(concerns(on_sim({"disappeared"}, {"active"}), sim_change("disappeared", "status", "active", {})));
  EXPECT_FALSE(concerns(on_sim({"disappeared"}, {"inactive"}), sim_change("disappeared", "status", "active", {})));
  EXPECT_FALSE(concerns(on_sim({"disappeared"}, {}, {"*"}), sim_change("disappeared", "status", "active", {})))
      << "it has no status after";
  EXPECT_TRUE(concerns(on_sim({"appeared"}, {}, {"active"}), sim_change("appeared", "status", {}, "active")));
  EXPECT_TRUE(concerns(on_sim({"reappeared"}), sim_change("reappeared", "status", {}, "active")));
  EXPECT_FALSE(concerns(on_sim({"status"}), sim_change("reappeared", "status", {}, "active")));
}

TEST(AlertRules, ChangesOfAMetadataKey) {
  const RecordedChange moved = sim_change("changed", "metadata", R"({"fleet": "vans", "a": 1})",
                                          R"({"fleet": "trucks", "a": 1, "b": {"c": true}})");
  EXPECT_TRUE(concerns(on_sim({"metadata.fleet"}), moved));
  EXPECT_TRUE(concerns(on_sim({"metadata.fleet"}, {"vans"}, {"tru*"}), moved));
  EXPECT_FALSE(concerns(on_sim({"metadata.fleet"}, {"trucks"}), moved));
  EXPECT_FALSE(concerns(on_sim({"metadata.a"}), moved)) << "that key is as it was";
  EXPECT_TRUE(concerns(on_sim({"metadata.b"}), moved));
  EXPECT_FALSE(concerns(on_sim({"metadata.b"}, {"*"}), moved)) << "it was not there before";
  EXPECT_EQ(judged(on_sim({"metadata.b"}), moved).at(0).to, R"({"c":true})");
}

TEST(AlertRules, OfWhatLastsAreNotJudgedHere) {
  AlertRuleConfig lasting = on_profile({}, {});
  lasting.in = {"installed"};
  lasting.lasting = std::chrono::hours{1};
  AlertRuleConfig stock = on_profile({}, {});
  stock.on = "stock";
  AlertsConfig config;
  config.rules = {lasting, stock};
  const AlertRules rules{config};
  EXPECT_FALSE(rules.wants_profiles());
  EXPECT_FALSE(rules.wants_sims());
  EXPECT_THAT(rules.judge("acme", std::vector{transition("enabled", "installed")}), IsEmpty());
}

TEST(AlertRules, AreAskedOnlyForTheHistoryTheyWant) {
  AlertsConfig config;
  config.rules = {on_profile({}, {})};
  EXPECT_TRUE(AlertRules{config}.wants_profiles());
  EXPECT_FALSE(AlertRules{config}.wants_sims());
  config.rules = {on_sim({"status"})};
  EXPECT_FALSE(AlertRules{config}.wants_profiles());
  EXPECT_TRUE(AlertRules{config}.wants_sims());
}

TEST(AlertRules, RaiseInTheOrderOfTheChangesThenOfTheRules) {
  AlertsConfig config;
  config.rules = {on_profile({}, {}), on_profile({}, {"disabled"}), on_profile({}, {"deleted"})};
  for (std::size_t i = 0; i < config.rules.size(); ++i)
    config.rules[i].name = std::string(1, static_cast<char>('a' + i));
  std::string order;
  for (const RaisedAlert& alert : AlertRules{config}.judge(
           "acme", std::vector{transition("enabled", "disabled"), transition("disabled", "deleted")})) {
    order += std::to_string(alert.change) + alert.rule + " ";
  }
  EXPECT_EQ(order, "0a 0b 1a 1c ");
}

// Patterns against the obvious recursive reading of them.
bool reads(std::string_view pattern, std::string_view word) {
  if (pattern.empty()) return word.empty();
  if (pattern[0] != '*') return !word.empty() && word[0] == pattern[0] && reads(pattern.substr(1), word.substr(1));
  return reads(pattern.substr(1), word) || (!word.empty() && reads(pattern, word.substr(1)));
}

TEST(WordPattern, IsWhatTheNaiveReadingSays) {
  const char* given = std::getenv("SIMSYNC_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  std::cout << "SIMSYNC_TEST_SEED=" << seed << '\n';
  std::mt19937 random{seed};
  const auto text = [&](const std::string& letters, int longest) {
    std::string out(std::uniform_int_distribution<std::size_t>{0, static_cast<std::size_t>(longest)}(random), ' ');
    for (char& c : out) c = letters[std::uniform_int_distribution<std::size_t>{0, letters.size() - 1}(random)];
    return out;
  };
  int matched = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string pattern = text("ab*", 7);
    const std::string word = text("ab", 8);
    const bool expected = reads(pattern, word);
    ASSERT_EQ(WordPattern{pattern}.matches(word), expected) << pattern << " and " << word;
    matched += expected ? 1 : 0;
  }
  EXPECT_GT(matched, 1000);
}

}  // namespace
}  // namespace simsync
