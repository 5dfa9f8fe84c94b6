// The token, activation codes and metadata are in no output, no log, no row of the database that is not theirs.
#include <gtest/gtest.h>

#include <cctype>
#include <csignal>
#include <map>
#include <string_view>

#include "daemon/alerts/base64.h"
#include "tests/support/scene.h"
#include "tests/support/status_site.h"
#include "tests/support/webhook_receiver.h"

namespace simsync::test {
namespace {

constexpr char kToken[] = "tok-acme-VERY-SECRET-9d2e";
constexpr char kMetadata[] = "only-in-metadata-55aa";
constexpr char kWebhookSecret[] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
constexpr char kMailPassword[] = "mail+VERY/SECRET?77b1";
constexpr char kDatabasePassword[] = "db+VERY/SECRET?41c9";

std::string url_encoded(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    if (std::isalnum(c) != 0 || std::string_view{"-._~"}.find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      out.append({'%', kDigits[c / 16], kDigits[c % 16]});
    }
  }
  return out;
}

// As it is, as URLs have it, and as it begins within base64 behind nothing, one and two bytes: whatever comes before
// and after it, as in `user:password`, one of them is in the whole.
std::vector<std::string> forms_of(const std::string& secret) {
  std::vector<std::string> forms = {secret, url_encoded(secret)};
  if (secret.size() < 12) return forms;  // parts of a short one are anywhere
  for (std::size_t cut = 0; cut < 3; ++cut) {
    const std::size_t whole = (secret.size() - cut) / 3 * 3;
    forms.push_back(to_base64(secret.substr(cut, whole)));
  }
  return forms;
}

class Secrets : public testing::Test {
 protected:
  Secrets() { scene_.simulator.set(scene_.simulator.truth()[4].at("id"), {{"metadata", {{"note", kMetadata}}}}); }

  void run(const std::vector<std::string>& command) {
    const Outcome outcome = scene_.daemon.run(command);
    said_ += outcome.out;
    logged_ += outcome.err;
  }

  // A busy service for some walks, with what it does when requests go wrong.
  void run_service() {
    const auto service = scene_.daemon.start({"run"});
    scene_.simulator.live(50, "status=1,profile=1,metadata=1");
    for (const char* fault : {"close", "half_json", "html", "truncate"}) {
      scene_.simulator.fault({{"fault", fault}, {"probability", 0.1}});
    }
    scene_.simulator.fault({{"fault", "status"}, {"status", 401}, {"skip", 300}, {"times", 1}});
    scene_.simulator.fault({{"fault", "bad_item"}, {"where", "list"}, {"probability", 0.3}});
    EXPECT_TRUE(eventually([&] { return scene_.count("walk", "outcome IS NOT NULL") >= 6; })) << service->err();
    service->signal(SIGTERM);
    const Outcome outcome = service->finish(std::chrono::seconds{20});
    said_ += outcome.out;
    logged_ += outcome.err;
    scene_.simulator.pause();
    scene_.simulator.clear_faults();
  }

  std::string dump() {
    const Outcome outcome = Process{{.program = "pg_dump",
                                     .arguments = {"--dbname", scene_.database.url(), "--inserts"},
                                     .environment = {},
                                     .out_file = scene_.daemon.directory().file("dump"),
                                     .err_file = scene_.daemon.directory().file("dump.err")}}
                                .finish(std::chrono::minutes{1});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }

  Scene scene_{{.projects = {{.token = kToken}}}, [](Settings& settings) {
                 settings = busy(settings);
                 settings.log_level = "debug";
               }};
  std::string said_;
  std::string logged_;
};

TEST_F(Secrets, AreNowhere) {
  run({"check"});
  run({"sync"});
  run_service();
  run({"status"});
  run({"sync", "--dry-run"});
  const std::string dumped = dump();
  ASSERT_GT(dumped.size(), 20'000U);
  EXPECT_NE(dumped.find(kMetadata), std::string::npos) << "the dump has what the mirror holds";
  for (const std::string* text : std::initializer_list<const std::string*>{&said_, &logged_, &dumped}) {
    EXPECT_EQ(text->find(kToken), std::string::npos);
    EXPECT_EQ(text->find("Bearer"), std::string::npos);
    EXPECT_EQ(text->find("LPA:1$"), std::string::npos);
  }
  ASSERT_GT(logged_.size(), 1'000U);
  EXPECT_EQ(logged_.find(kMetadata), std::string::npos);
  EXPECT_EQ(logged_.find("Müller"), std::string::npos) << "metadata in the log";
}

// A service that has all kinds of secrets, and everything that others can see of it: its log, its pages, what ps and
// PostgreSQL show of it, the whole database.
TEST_F(Secrets, AreInNothingThatTheServiceShows) {
  WebhookReceiver receiver;
  const TempDir& directory = scene_.daemon.directory();
  write_file(directory.file("hook.secret"), std::string{kWebhookSecret} + "\n", 0600);
  write_file(directory.file("mail.password"), std::string{kMailPassword} + "\n", 0600);
  Settings& settings = scene_.settings;
  const std::size_t at = settings.database_url.find('@');
  ASSERT_NE(at, std::string::npos);
  settings.database_url.insert(at, ":" + url_encoded(kDatabasePassword));
  settings.more =
      "alerts:\n  channels:\n    hook: {type: webhook, url: \"" + receiver.url() +
      "\", secret_file: " + directory.file("hook.secret") +
      "}\n    mail: {type: email, server: \"smtp://127.0.0.1:" + std::to_string(free_port()) +
      "\", from: a@example.com, to: [b@example.com], user: me, password_file: " + directory.file("mail.password") +
      "}\n  rules:\n    - {name: any, on: sim, change: [metadata.note, disappeared], channels: [hook, mail]}\n" +
      "    - {name: status, on: sim, to: [active, inactive, retired], channels: [hook, mail]}\n";
  scene_.configure();
  const auto service = scene_.daemon.start({"run"});
  const StatusSite site{*service};
  scene_.simulator.live(50, "status=1,metadata=1");
  EXPECT_TRUE(eventually([&] { return !receiver.received().empty(); })) << service->err();
  EXPECT_FALSE(receiver.received().empty() || receiver.received()[0].signature.empty()) << "the secret was used";
  EXPECT_TRUE(eventually([&] { return service->err().find("channel=mail") != std::string::npos; })) << service->err();
  const std::string process = "/proc/" + std::to_string(service->id());
  std::map<std::string, std::string> seen = {{"metrics", site.metrics()},
                                             {"status page", site.get("/status").body},
                                             {"command line", read_file(process + "/cmdline")},
                                             {"environment", read_file(process + "/environ")}};
  for (const DatabaseRow& row : scene_.database.rows("SELECT a::text FROM pg_stat_activity a")) {
    seen["pg_stat_activity"] += row[0].value_or("") + "\n";
  }
  seen["answers"] = site.get("/").body + site.get("/ready").body + site.get("/nothing").body;
  service->signal(SIGTERM);
  seen["log"] = service->finish(std::chrono::seconds{30}).err;
  seen["check"] = scene_.daemon.run({"check"}).out;
  seen["database"] = dump();
  for (const auto& [where, text] : seen) {
    EXPECT_GT(text.size(), 10U) << where;
    for (const std::string& secret :
         {std::string{kToken}, std::string{kWebhookSecret}.substr(6), std::string{"01234567890123456789012345678901"},
          std::string{kMailPassword}, std::string{kDatabasePassword}, std::string{"LPA:1$"}}) {
      for (const std::string& form : forms_of(secret)) {
        EXPECT_EQ(text.find(form), std::string::npos) << secret << " as " << form << " in the " << where;
      }
    }
  }
}

TEST_F(Secrets, ReadableTokenFileIsWarnedAbout) {
  write_file(scene_.daemon.directory().file("token_acme"), std::string{kToken} + "\n", 0644);
  const Outcome outcome = scene_.daemon.run({"check"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find("readable by everyone"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(kToken), std::string::npos);
}

TEST_F(Secrets, TokenMayComeFromTheEnvironment) {
  std::string yaml = read_file(scene_.daemon.config_file());
  const std::string file = "token_file: '" + scene_.daemon.directory().file("token_acme") + "'";
  scene_.daemon.configure_text(yaml.replace(yaml.find(file), file.size(), "token_env: SIMSYNC_TEST_TOKEN"));
  scene_.daemon.set_environment("SIMSYNC_TEST_TOKEN", kToken);
  EXPECT_EQ(scene_.daemon.run({"check"}).status, 0);
}

}  // namespace
}  // namespace simsync::test
