// The token, activation codes and metadata are in no output, no log, no row of the database that is not theirs.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

constexpr char kToken[] = "tok-acme-VERY-SECRET-9d2e";
constexpr char kMetadata[] = "only-in-metadata-55aa";

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
