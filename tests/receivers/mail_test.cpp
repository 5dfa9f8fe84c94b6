// Mails to a server that demands TLS and a login, and what is done where it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netdb.h>

#include "tests/support/alert_scene.h"
#include "tests/support/certificate.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

// An address of this machine that is not loopback; empty where it has none.
std::string outer_address() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  std::string found;
  for (const ifaddrs* one = all; one != nullptr && found.empty(); one = one->ifa_next) {
    std::array<char, NI_MAXHOST> text{};
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET ||
        getnameinfo(one->ifa_addr, sizeof(sockaddr_in), text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
      continue;
    }
    if (!std::string_view{text.data()}.starts_with("127.")) found = text.data();
  }
  freeifaddrs(all);
  return found;
}

class MailServer {
 public:
  explicit MailServer(const std::string& mode, const std::string& address = "127.0.0.1")
      : address_(address),
        certificate_(make_certificate(folder_, "IP:" + address)),
        server_({.program = "/usr/bin/python3",  // Debian's, which has Debian's modules
                 .arguments = {SIMSYNC_RECEIVERS "/mail_server.py", mode, certificate_.file, certificate_.key},
                 .environment = {},
                 .out_file = folder_.file("out"),
                 .err_file = folder_.file("err")}) {
    if (!eventually([&] { return server_.out().find('\n') != std::string::npos || !server_.running(); }) ||
        !server_.running()) {
      throw std::runtime_error("the mail server does not start: " + server_.err());
    }
  }

  [[nodiscard]] std::string url(const std::string& scheme) const {
    const std::string said = server_.out();
    return scheme + "://" + address_ + ":" + said.substr(0, said.find('\n'));
  }
  [[nodiscard]] const std::string& authority() const { return certificate_.file; }

  [[nodiscard]] std::vector<Json> mails() const {
    std::vector<Json> mails;
    std::istringstream lines{server_.out()};
    std::string line;
    std::getline(lines, line);  // the port
    while (std::getline(lines, line)) mails.push_back(Json::parse(line));
    return mails;
  }

 private:
  TempDir folder_;
  std::string address_;
  Certificate certificate_;
  Process server_;
};

struct MailScene {
  explicit MailScene(const std::string& server, const std::string& authority, const std::string& to = "noc@example.com")
      : alerts{100,
               "    mail: {type: email, server: \"" + server + "\", from: simsyncd@example.com, to: [" + to +
                   "], user: ops, password_env: MAIL_PASSWORD}\n",
               "    - {name: moved, on: profile, channels: [mail]}\n"} {
    alerts.scene.daemon.set_environment("MAIL_PASSWORD", "correct-horse");
    alerts.scene.daemon.set_environment("SSL_CERT_FILE", authority);
  }

  // Some profiles change, and a sync tells of them.
  Outcome tell(std::size_t sims = 1) {
    alerts.scene.sync_well();
    const std::vector<std::string> enabled = alerts.with_profile("enabled");
    for (std::size_t i = 0; i < sims; ++i) alerts.set_profile(enabled.at(i), "disabled");
    return alerts.scene.sync();
  }

  [[nodiscard]] std::string state() const {
    return alerts.scene.database.value("SELECT state FROM simsync.alert_message");
  }

  AlertScene alerts;
};

TEST(Mail, ReachesAServerThatDemandsTlsAndALogin) {
  const MailServer server{"implicit"};
  MailScene scene{server.url("smtps"), server.authority(), "noc@example.com, boss@example.com"};
  const Outcome sync = scene.tell(3);
  const std::vector<Json> mails = server.mails();
  ASSERT_EQ(mails.size(), 1U) << sync.err;
  const Json& mail = mails.front();
  EXPECT_EQ(mail.at("authenticated"), true);
  EXPECT_EQ(mail.at("tls"), true);
  EXPECT_EQ(mail.at("from"), "simsyncd@example.com");
  EXPECT_THAT(mail.at("to"), ElementsAre("noc@example.com", "boss@example.com"));
  EXPECT_THAT(mail.at("headers").at("Subject").get<std::string>(), HasSubstr("moved"));
  EXPECT_THAT(mail.at("headers").at("Auto-Submitted").get<std::string>(), HasSubstr("auto-generated"));
  EXPECT_THAT(mail.at("headers").at("Message-ID").get<std::string>(),
              HasSubstr(scene.alerts.scene.database.value("SELECT message_id FROM simsync.alert_message")));
  EXPECT_THAT(mail.at("text").get<std::string>(), HasSubstr("enabled"));
  EXPECT_THAT(mail.at("text").get<std::string>(), HasSubstr("disabled"));
  EXPECT_TRUE(mail.at("defects").empty()) << mail.at("defects");
  EXPECT_LE(mail.at("longest_line"), 78);
  EXPECT_EQ(scene.state(), "delivered");
}

TEST(Mail, AWrongPasswordIsTriedAgainAndIsNotInTheLog) {
  const MailServer server{"implicit"};
  MailScene scene{server.url("smtps"), server.authority()};
  scene.alerts.scene.daemon.set_environment("MAIL_PASSWORD", "battery-staple");
  const Outcome sync = scene.tell();
  EXPECT_EQ(sync.status, 0) << "the pass itself went well";
  EXPECT_EQ(scene.state(), "pending");
  EXPECT_TRUE(server.mails().empty());
  EXPECT_THAT(sync.err, HasSubstr("alert not delivered"));
  EXPECT_THAT(sync.err, testing::Not(HasSubstr("staple")));
}

TEST(Mail, ACertificateThatNobodyVouchesForIsNotTrusted) {
  const MailServer server{"implicit"};
  const MailServer stranger{"implicit"};
  MailScene scene{server.url("smtps"), stranger.authority()};
  const Outcome sync = scene.tell();
  EXPECT_EQ(scene.state(), "pending");
  EXPECT_TRUE(server.mails().empty());
  EXPECT_THAT(sync.err, HasSubstr("certificate"));
}

TEST(Mail, OneRecipientThatIsRefusedDoesNotKeepItFromTheOthers) {
  const MailServer server{"implicit"};
  MailScene scene{server.url("smtps"), server.authority(), "nobody@example.com, noc@example.com"};
  const Outcome sync = scene.tell();
  ASSERT_EQ(server.mails().size(), 1U);
  EXPECT_THAT(server.mails().front().at("to"), ElementsAre("noc@example.com"));
  EXPECT_EQ(scene.state(), "delivered");
  EXPECT_THAT(sync.err, HasSubstr("recipient refused recipient=nobody@example.com"));
  EXPECT_THAT(sync.err, HasSubstr("550 5.1.1 no such mailbox"));
}

TEST(Mail, WhoIsRefusedForGoodIsNotAskedAgainAndWhoIsNotIs) {
  const MailServer server{"implicit"};
  MailScene gone{server.url("smtps"), server.authority(), "nobody@example.com"};
  EXPECT_THAT(gone.tell().err, HasSubstr("550"));
  EXPECT_EQ(gone.state(), "dead");
  MailScene later{server.url("smtps"), server.authority(), "later@example.com"};
  EXPECT_THAT(later.tell().err, HasSubstr("451"));
  EXPECT_EQ(later.state(), "pending");
  EXPECT_TRUE(server.mails().empty());
}

class MailOverTheNet : public testing::Test {
 protected:
  void SetUp() override {
    if (address_.empty()) GTEST_SKIP() << "this machine has no address but loopback: STARTTLS was not tried";
  }
  const std::string address_ = outer_address();
};

TEST_F(MailOverTheNet, BeginsTlsBeforeItSaysAnything) {
  const MailServer server{"starttls", address_};
  MailScene scene{server.url("smtp"), server.authority()};
  const Outcome sync = scene.tell();
  ASSERT_EQ(server.mails().size(), 1U) << sync.err;
  EXPECT_EQ(server.mails().front().at("tls"), true);
  EXPECT_EQ(server.mails().front().at("authenticated"), true);
}

TEST_F(MailOverTheNet, SendsNothingToAServerWithoutTls) {
  const MailServer server{"plain", address_};
  MailScene scene{server.url("smtp"), server.authority()};
  const Outcome sync = scene.tell();
  EXPECT_TRUE(server.mails().empty());
  EXPECT_EQ(scene.state(), "pending") << sync.err;
}

}  // namespace
}  // namespace simsync::test
