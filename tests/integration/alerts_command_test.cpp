// `simsyncd alerts test, list, retry`, and what check says of rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/alert_scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

TEST(AlertsCommand, WhatIsGivenUpIsListedAndSentAgainWithTheSameId) {
  AlertScene alerts{100, kHook, kAnyTransition};
  alerts.scene.sync_well();
  alerts.receiver.answer(400);
  alerts.set_profile(alerts.with_profile("enabled").front(), "disabled");
  const Outcome sync = alerts.scene.sync();
  EXPECT_EQ(sync.status, 0) << "the pass itself went well";
  EXPECT_THAT(sync.err, HasSubstr("HTTP 400"));
  const Outcome list = alerts.scene.daemon.run({"alerts", "list", "--output", "json"});
  const Json listed = Json::parse(list.out);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].at("state"), "dead");
  EXPECT_EQ(listed[0].at("last_error"), "HTTP 400");
  alerts.receiver.answer(204);
  const Outcome retry = alerts.scene.daemon.run({"alerts", "retry"});
  EXPECT_EQ(retry.status, 0) << retry.err;
  EXPECT_THAT(retry.out, HasSubstr("1 message will be sent again"));
  alerts.scene.sync_well();
  const std::vector<ReceivedHook> received = alerts.receiver.received();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(received[0].id, received[1].id);
  EXPECT_EQ(received[0].body, received[1].body);
  EXPECT_EQ(Json::parse(alerts.scene.daemon.run({"alerts", "list", "--output", "json"}).out).size(), 0U);
}

TEST(AlertsCommand, TestShowsWhatARuleWouldHaveRaised) {
  AlertScene alerts{200, kHook,
                    "    - {name: gone, on: profile, to: [disabled], channels: [ops]}\n"
                    "    - {name: other, on: profile, to: [deleted], channels: [ops]}\n"
                    "    - {name: lasting, on: profile, in: [disabled], for: 1s, channels: [ops]}\n"
                    "    - {name: low, on: stock, below: 1000000, where: {type: pSIM}, channels: [ops]}\n"
                    "    - {name: late, on: freshness, above: 24h, channels: [ops]}\n"};
  alerts.scene.sync_well();
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  for (std::size_t i = 0; i < 5; ++i) alerts.set_profile(enabled[i], "disabled");
  alerts.scene.sync_well();
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  const auto rehearsed = [&](const std::string& rule) {
    const Outcome outcome = alerts.scene.daemon.run({"alerts", "test", rule, "--output", "json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return Json::parse(outcome.out);
  };
  const Json gone = rehearsed("gone");
  ASSERT_EQ(gone.size(), 5U);
  EXPECT_EQ(gone[0].at("from"), "enabled");
  EXPECT_EQ(gone[0].at("to"), "disabled");
  EXPECT_EQ(rehearsed("other").size(), 0U);
  EXPECT_GE(rehearsed("lasting").size(), 5U);
  EXPECT_GE(rehearsed("low").size(), 1U);
  EXPECT_EQ(rehearsed("late").size(), 0U);
}

TEST(AlertsCommand, TestSendsAMessageThatSaysWhatItIs) {
  AlertScene alerts{60, kHook, kAnyTransition};
  alerts.scene.sync_well();
  const Outcome sent = alerts.scene.daemon.run({"alerts", "test", "moved", "--send"});
  EXPECT_EQ(sent.status, 0) << sent.err;
  ASSERT_EQ(alerts.receiver.received().size(), 1U);
  const Json event = alerts.receiver.received()[0].event();
  EXPECT_EQ(event.at("data").at("test"), true);
  EXPECT_THAT(event.at("data").at("summary").get<std::string>(), HasSubstr("TEST"));
  EXPECT_EQ(alerts.scene.count("alert"), 0);
  alerts.receiver.answer(500);
  EXPECT_EQ(alerts.scene.daemon.run({"alerts", "test", "moved", "--send"}).status, 1);
}

TEST(AlertsCommand, WrongNamesAreSaidInOneLine) {
  AlertScene alerts{60, kHook, "    - {name: typo, on: profile, to: [disbled], channels: [ops]}\n"};
  alerts.scene.sync_well();
  const auto refused = [&](const std::vector<std::string>& arguments, int status, const std::string& what) {
    const Outcome outcome = alerts.scene.daemon.run(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(what));
  };
  refused({"alerts", "test", "nope"}, 2, "it has typo");
  refused({"alerts", "test", "typo", "--since", "soon"}, 2, "soon");
  refused({"alerts", "retry", "--channel", "nope"}, 2, "--channel nope");
  refused({"alerts", "retry", "msg_nope"}, 1, "alerts list");
  refused({"alerts", "list", "--state", "gone"}, 2, "gone");
  refused({"alerts"}, 2, "subcommand");
  const Outcome check = alerts.scene.daemon.run({"check"});
  EXPECT_EQ(check.status, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("alert rule typo"));
  EXPECT_THAT(check.out, HasSubstr("disabled"));
}

}  // namespace
}  // namespace simsync::test
