// Channels and rules: which keys go with which, and that a rule which could never fire or reach anyone is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load_config.h"
#include "tests/unit/config/fixture.h"

namespace simsync::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

class AlertsConfigTest : public testing::Test {
 protected:
  // One rule in line 7, with the channel "ops".
  static std::string with_rule(const std::string& rule) {
    return std::string(kMinimal) +
           "alerts:\n  channels:\n    ops: {type: alertmanager, url: 'http://h:1/'}\n  rules:\n    - {" + rule + "}\n";
  }

  static std::string with_channel(const std::string& channel) {
    return std::string(kMinimal) + "alerts:\n  channels:\n    " + channel + "\n";
  }

  ExampleEnvironment environment_;
};

struct Case {
  std::string text;
  std::string where;
  std::string what;
};

TEST_F(AlertsConfigTest, BadRules) {
  const std::vector<Case> cases = {
      {"on: sim, channels: [ops]", "", "has no name; write name: NAME"},
      {"name: r, channels: [ops]", "", "has no on; write on: one of profile, sim, stock, freshness"},
      {"name: r, on: profiles, channels: [ops]", ".on", "\"profiles\" is unknown; did you mean profile?"},
      {"name: r, on: walk, channels: [ops]", ".on", "known here: profile, sim, stock, freshness"},
      {"name: r, on: sim", "", "has no channels; write channels: [NAME]"},
      {"name: r, on: sim, channels: []", ".channels", "the list is empty, nobody would be told"},
      {"name: r, on: sim, channels: ops", ".channels", "is a single value; write a list"},
      {"name: r, on: sim, channels: [opps]", ".channels", "names an unknown channel \"opps\"; did you mean ops?"},
      {"name: r, on: sim, channels: [ops, ops]", ".channels[1]", "is in the list twice"},
      {"name: r r, on: sim, channels: [ops]", ".name", "is not usable as a name"},
      {"name: r, on: sim, below: 3, channels: [ops]", ".below",
       "this key is not used by rules on sim; known here: name"},
      {"name: r, on: stock, above: 1h, below: 3, channels: [ops]", ".above", "this key is not used by rules on stock"},
      {"name: r, on: stock, belo: 3, channels: [ops]", ".belo", "unknown key; did you mean below?"},
      {"name: r, on: stock, channels: [ops]", "", "has no below"},
      {"name: r, on: stock, below: 0, channels: [ops]", ".below", "write a whole number from 1 to 1000000000"},
      {"name: r, on: freshness, channels: [ops]", "", "has no above"},
      {"name: r, on: freshness, above: 0s, channels: [ops]", ".above", "is too short"},
      {"name: r, on: freshness, above: 3, channels: [ops]", ".above", "has no unit"},
      {"name: r, on: sim, change: [stauts], channels: [ops]", ".change",
       "unknown change \"stauts\"; did you mean status?"},
      {"name: r, on: sim, change: [metadata.], channels: [ops]", ".change", "unknown change"},
      {"name: r, on: sim, change: [], channels: [ops]", ".change", "the list is empty"},
      {"name: r, on: sim, change: [type], in: [active], for: 1h, channels: [ops]", ".in", "change stands beside it"},
      {"name: r, on: sim, change: [metadata.a], own_changes: perhaps, channels: [ops]", ".own_changes",
       "neither true nor false"},
      {"name: r, on: sim, change: [status], own_changes: false, channels: [ops]", ".own_changes",
       "change names no metadata.KEY"},
      {"name: r, on: profile, own_changes: false, channels: [ops]", ".own_changes", "not used by rules on profile"},
      {"name: r, on: profile, change: [status], channels: [ops]", ".change", "not used by rules on profile"},
      {"name: r, on: profile, in: [installed], channels: [ops]", ".in", "for is missing; write how long"},
      {"name: r, on: profile, for: 1h, channels: [ops]", ".for", "in is missing"},
      {"name: r, on: profile, from: [a], in: [b], for: 1h, channels: [ops]", ".in", "from or to stands beside it"},
      {"name: r, on: profile, from: [], channels: [ops]", ".from", "the list is empty and would match nothing"},
      {"name: r, on: profile, from: enabled, channels: [ops]", ".from", "is a single value; write a list"},
      {"name: r, on: sim, severity: [x], channels: [ops]", ".severity", "is a list; write one value"},
      {"name: r, on: sim, where: {colour: x}, channels: [ops]", ".where.colour",
       "unknown key; known here: provider, type"},
      {"name: r, on: sim, where: {providers: x}, channels: [ops]", ".where.providers", "did you mean provider?"},
      {"name: r, on: sim, where: {metadata.: x}, channels: [ops]", ".where.metadata.", "this key is not used"},
      {"name: r, on: sim, where: {provider: []}, channels: [ops]", ".where.provider", "the list is empty"},
      {"name: r, on: sim, where: {provider: {}}, channels: [ops]", ".where.provider", "is a mapping"},
      {"name: r, on: sim, where: [provider], channels: [ops]", ".where", "is a list; write KEY: VALUE lines"},
      {"name: r, on: sim, where: {project: amce}, channels: [ops]", ".where.project",
       "unknown project \"amce\"; did you mean acme?"},
      {"name: r, on: stock, where: {metadata.x: y}, below: 1, channels: [ops]", ".where.metadata.x",
       "not used by rules on stock"},
      {"name: r, on: freshness, where: {provider: y}, above: 1h, channels: [ops]", ".where.provider",
       "known here: project"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(error_of(with_rule(c.text)),
                AllOf(StartsWith("c.yaml:7: alerts.rules[0]" + c.where + ": "), HasSubstr(c.what)))
        << c.text;
  }
}

TEST_F(AlertsConfigTest, RuleNamesAreDistinct) {
  const std::string rule = "name: r, on: sim, channels: [ops]";
  EXPECT_THAT(error_of(with_rule(rule + "}\n    - {" + rule)),
              StartsWith("c.yaml:8: alerts.rules[1]: the name \"r\" is"));
}

TEST_F(AlertsConfigTest, GoodRules) {
  const auto rule = [](const std::string& text) { return parse_config(with_rule(text), "c").alerts.rules.at(0); };
  const AlertRuleConfig any = rule("name: r, on: sim, where: {project: acme, provider: [p1, p2]}, channels: [ops]");
  EXPECT_THAT(any.where, ElementsAre(Pair("project", ElementsAre("acme")), Pair("provider", ElementsAre("p1", "p2"))));
  EXPECT_TRUE(any.from.empty());
  EXPECT_EQ(rule("name: r, on: sim, in: [inactive], for: 1d, channels: [ops]").lasting, std::chrono::hours{24});
  EXPECT_THAT(any.change, ElementsAre("status"));
  EXPECT_THAT(rule("name: r, on: sim, change: [metadata.a.b, appeared], channels: [ops]").change,
              ElementsAre("metadata.a.b", "appeared"));
  EXPECT_TRUE(rule("name: r, on: sim, change: [metadata.a], channels: [ops]").own_changes);
  EXPECT_FALSE(rule("name: r, on: sim, change: [metadata.a], own_changes: false, channels: [ops]").own_changes);
  EXPECT_EQ(rule("name: r, on: stock, below: 1, channels: [ops]").below, 1U);
  EXPECT_THAT(rule("name: r, on: profile, to: [a-new-status], severity: page, channels: [ops]").severity, "page");
}

TEST_F(AlertsConfigTest, BadChannels) {
  const std::vector<Case> cases = {
      {"ops: {url: https://h/}", ".ops",
       "has no type; write type: one of webhook, alertmanager, slack, email, command"},
      {"ops: {type: webhook}", ".ops", "has no url"},
      {"ops: {type: pager, url: https://h/}", ".ops.type", "\"pager\" is unknown; known here: webhook, alertmanager"},
      {"ops: {type: slack, url: https://h/}", ".ops.url",
       "not used by type slack; known here: type, timeout, url_file"},
      {"ops: {type: slack}", ".ops", "has no address; write url_file: FILE or url_env: VARIABLE"},
      {"ops: {type: slack, url_env: SIMSYNC_TEST_TOKEN}", ".ops.url_env", "the address it leads to is not an http URL"},
      {"ops: {type: webhook, url: https://h/, timeout: 1ms}", ".ops.timeout", "is too short"},
      {"ops: {type: webhook, url: https://h/, secret_env: SIMSYNC_TEST_TOKEN}", ".ops.secret_env",
       "holds something other than signing secrets; write whsec_"},
      {"ops: {type: email, from: a@b, to: c@d}", ".ops", "has no server"},
      {"ops: {type: email, server: mail.example.com, from: a@b, to: c@d}", ".ops.server", "is not an smtp URL"},
      {"ops: {type: email, server: 'smtps://h/x', from: a@b, to: c@d}", ".ops.server", "has a path or query"},
      {"ops: {type: email, server: 'smtps://h', from: ops, to: c@d}", ".ops.from", "\"ops\" is no mail address"},
      {"ops: {type: email, server: 'smtps://h', from: 'a@b>, <c@d', to: c@d}", ".ops.from", "is no mail address"},
      {"ops: {type: email, server: 'smtps://h', from: a@b, to: [c@d, e]}", ".ops.to", "\"e\" is no mail address"},
      {"ops: {type: email, server: 'smtps://h', from: a@b, to: []}", ".ops.to", "the list is empty"},
      {"ops: {type: email, server: 'smtps://h', from: a@b, to: c@d, user: u}", ".ops.user", "has no password"},
      {"ops: {type: email, server: 'smtps://h', from: a@b, to: c@d, password_env: SIMSYNC_TEST_TOKEN}", ".ops",
       "has a password and no user"},
      {"ops: {type: command, program: notify}", ".ops.program", "is no absolute path"},
      {"ops: {type: command, args: [x]}", ".ops", "has no program"},
      {"ops: {type: webhok, url: https://h/}", ".ops.type", "did you mean webhook?"},
      {"ops: {type: alertmanager, url: https://h/, secret_env: X}", ".ops.secret_env", "not used by type alertmanager"},
      {"ops: {type: webhook, url: https://h/, secret_env: X_NONE}", ".ops.secret_env", "variable X_NONE is not set"},
      {"ops: {type: webhook, url: https://h/, secret_file: /none}", ".ops.secret_file", "\"/none\" cannot be opened"},
      {"ops: {type: webhook, url: https://h/, secret_file: a, secret_env: B}", ".ops.secret_env", "write one of them"},
      {"ops: {type: webhook, url: https://h/, tmeplate: a}", ".ops.tmeplate",
       "unknown key; known here: type, timeout, url"},
      {"ops: 3", ".ops", "is a single value; write KEY: VALUE lines"},
      {"'o p s': {type: webhook, url: https://h/}", ".o p s", "the channel's name is not usable as a name"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(error_of(with_channel(c.text)),
                AllOf(StartsWith("c.yaml:5: alerts.channels" + c.where + ": "), HasSubstr(c.what)))
        << c.text;
  }
  EXPECT_THAT(error_of(std::string(kMinimal) + "alerts: {rules: [{name: r, on: sim, channels: [x]}]}\n"),
              HasSubstr("there is no channel at all; define one first"));
}

TEST_F(AlertsConfigTest, GoodChannels) {
  const auto channel = [](const std::string& text) {
    return parse_config(with_channel("ops: {" + text + "}"), "c").alerts.channels.at(0);
  };
  const AlertChannelConfig mail = channel(
      "type: email, server: 'smtp://Mail:587', from: a@b, to: [c@d, e@f], user: u, password_env: SIMSYNC_TEST_TOKEN");
  EXPECT_EQ(mail.url, "smtp://mail:587");
  EXPECT_THAT(mail.to, ElementsAre("c@d", "e@f"));
  EXPECT_EQ(mail.secrets.at(0).reveal(), kToken);
  EXPECT_EQ(mail.timeout, std::chrono::seconds{10});
  const AlertChannelConfig command = channel("type: command, timeout: 1m, program: /bin/tell, args: ['a b', '$x']");
  EXPECT_EQ(command.program, "/bin/tell");
  EXPECT_THAT(command.args, ElementsAre("a b", "$x"));
  EXPECT_EQ(command.timeout, std::chrono::minutes{1});
  const ScopedVariable address("SIMSYNC_TEST_SLACK", "https://hooks.example.com/T0/B0/hush");
  EXPECT_EQ(channel("type: slack, url_env: SIMSYNC_TEST_SLACK").secrets.at(0).reveal(),
            "https://hooks.example.com/T0/B0/hush");
}

TEST_F(AlertsConfigTest, AWebhookSignsWithEverySecretOfItsFile) {
  const std::string other = "whsec_" + std::string(32, 'B') + "==";
  const std::string file = environment_.folder().file("several", std::string(kHookSecret) + "\n" + other + "\n");
  const std::string channel = "ops: {type: webhook, url: https://h/, secret_file: " + file + "}";
  const Config config = parse_config(with_channel(channel), "c");
  ASSERT_EQ(config.alerts.channels.at(0).secrets.size(), 2U);
  EXPECT_EQ(config.alerts.channels[0].secrets[1].reveal(), other);
  static_cast<void>(environment_.folder().file("several", std::string(kHookSecret) + "\n\n" + other));
  EXPECT_THAT(error_of(with_channel(channel)), HasSubstr("is empty; put the secret there"));
  static_cast<void>(environment_.folder().file("several", std::string(kHookSecret) + "\nwhsec_short\n"));
  EXPECT_THAT(error_of(with_channel(channel)), HasSubstr("holds something other than signing secrets"));
}

TEST_F(AlertsConfigTest, TimesOfGroups) {
  const AlertsConfig alerts =
      parse_config(std::string(kMinimal) + "alerts: {group_wait: 0s, repeat_after: 2h}\n", "c").alerts;
  EXPECT_EQ(alerts.group_wait, Milliseconds{0});
  EXPECT_EQ(alerts.repeat_after, std::chrono::hours{2});
  EXPECT_THAT(error_of(std::string(kMinimal) + "alerts: {repeat_after: 0s}\n"), HasSubstr("is too short"));
}

TEST_F(AlertsConfigTest, AlertmanagerUrlEndsWithoutSlash) {
  const Config config = parse_config(with_channel("ops: {type: alertmanager, url: 'http://AM:9093/x/'}"), "c");
  EXPECT_EQ(config.alerts.channels.at(0).url, "http://am:9093/x");
}

TEST_F(AlertsConfigTest, WebhookWithoutSecretIsWarnedAbout) {
  testing::internal::CaptureStderr();
  const Config config = parse_config(with_channel("ops: {type: webhook, url: https://h/hush}"), "c");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), AllOf(HasSubstr("channel=ops"), testing::Not(HasSubstr("hush"))));
  EXPECT_TRUE(config.alerts.channels.at(0).secrets.empty());
}

}  // namespace
}  // namespace simsync::test
