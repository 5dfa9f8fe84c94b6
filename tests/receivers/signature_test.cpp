// Every signature, judged by the reference verifier of Standard Webhooks (standardwebhooks.com), the npm package.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/alert_scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

constexpr char kOld[] = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZA==";
constexpr char kNew[] = "whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldw==";
constexpr char kStranger[] = "whsec_c3RyYW5nZXItc3RyYW5nZXItc3RyYW5nZXItc3RyYQ==";

class SignatureTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {"package.json", "package-lock.json"}) {
      std::filesystem::copy_file(std::string{SIMSYNC_RECEIVERS "/"} + file, folder_.file(file));
    }
    const Outcome npm = Process{
        {.program = "npm",
         .arguments = {"ci", "--prefix", folder_.path(), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"},
         .environment = {{"npm_config_update_notifier", "false"}},
         .out_file = folder_.file("npm.out"),
         .err_file = folder_.file(
             "npm.err")}}.finish(std::chrono::minutes{2});
    if (npm.status != 0) GTEST_SKIP() << "no signature was verified: npm's registry is not reachable: " << npm.err;
    write_file(folder_.file("secrets"), std::string{kNew} + "\n" + kOld + "\n", 0600);
  }

  static Json request(const ReceivedHook& hook, const char* secret) {
    return {{"secret", secret},
            {"headers",
             {{"webhook-id", hook.id}, {"webhook-timestamp", hook.timestamp}, {"webhook-signature", hook.signature}}},
            {"body", hook.body}};
  }

  // The verdict on each.
  std::vector<std::string> judge(const Json& requests) {
    write_file(folder_.file("requests"), requests.dump());
    const Outcome outcome = Process{
        {.program = "node",
         .arguments = {SIMSYNC_RECEIVERS "/verify_webhooks.cjs", folder_.path(), folder_.file("requests")},
         .environment = {},
         .out_file = folder_.file("node.out"),
         .err_file = folder_.file(
             "node.err")}}.finish(std::chrono::minutes{1});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::vector<std::string> verdicts;
    std::istringstream lines{outcome.out};
    for (std::string line; std::getline(lines, line);) verdicts.push_back(line);
    return verdicts;
  }

  [[nodiscard]] std::string channel() const {
    return "    ops: {type: webhook, url: HOOK/hook, secret_file: " + folder_.file("secrets") + "}\n";
  }

  TempDir folder_;
};

TEST_F(SignatureTest, EachMessageIsSignedWithTheOldAndTheNewSecret) {
  AlertScene alerts{100, channel(), kAnyTransition};
  alerts.scene.sync_well();
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  alerts.set_profile(enabled[0], "disabled");
  alerts.scene.sync_well();
  alerts.receiver.answer(500);
  alerts.set_profile(enabled[1], "disabled");
  alerts.scene.sync_well();  // fails,
  alerts.receiver.answer(204);
  std::this_thread::sleep_for(std::chrono::milliseconds{1500});
  alerts.scene.sync_well();  // and is sent again: the same id and body, a signature of its own
  const std::vector<ReceivedHook> hooks = alerts.receiver.received();
  ASSERT_EQ(hooks.size(), 3U);
  EXPECT_EQ(hooks[1].id, hooks[2].id);
  EXPECT_EQ(hooks[1].body, hooks[2].body);
  EXPECT_NE(hooks[1].timestamp, hooks[2].timestamp);
  Json requests = Json::array();
  for (const ReceivedHook& hook : hooks) {
    for (const char* secret : {kOld, kNew}) requests.push_back(request(hook, secret));
  }
  EXPECT_EQ(judge(requests), std::vector<std::string>(6, "valid"));
}

TEST_F(SignatureTest, OfNothingElseItIsASignature) {
  AlertScene alerts{60, channel(), kAnyTransition};
  alerts.scene.sync_well();
  ASSERT_EQ(alerts.scene.daemon.run({"alerts", "test", "moved", "--send"}).status, 0);
  const ReceivedHook hook = alerts.receiver.received().at(0);
  Json requests = {request(hook, kNew), request(hook, kStranger)};
  for (const char* what : {"body", "id", "timestamp"}) {
    ReceivedHook altered = hook;
    if (what == std::string_view{"body"}) altered.body += " ";
    if (what == std::string_view{"id"}) altered.id += "1";
    if (what == std::string_view{"timestamp"}) altered.timestamp = std::to_string(std::stoll(hook.timestamp) - 1);
    requests.push_back(request(altered, kNew));
  }
  const std::vector<std::string> verdicts = judge(requests);
  ASSERT_EQ(verdicts.size(), 5U);
  EXPECT_EQ(verdicts[0], "valid");
  for (std::size_t i = 1; i < verdicts.size(); ++i) EXPECT_NE(verdicts[i], "valid") << i;
}

}  // namespace
}  // namespace simsync::test
