// `simsyncd sim credentials`: who gets to see an activation code, and that it is nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SimCredentialsCommand : public testing::Test {
 protected:
  SimCredentialsCommand() {
    for (const Json& sim : scene_.simulator.truth()) (sim.at("type") == "eSIM" ? id_ : plastic_) = sim.at("id");
  }

  Outcome credentials(std::vector<std::string> words) {
    words.insert(words.begin(), {"sim", "credentials"});
    return scene_.daemon.run(words);
  }

  Json revealed() {
    const Outcome outcome = credentials({id_, "--reveal", "--output", "json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return Json::parse(outcome.out);
  }

  Outcome run(const std::string& program, const std::vector<std::string>& arguments,
              const std::map<std::string, std::string>& environment = {}) {
    return Process{{.program = program,
                    .arguments = arguments,
                    .environment = environment,
                    .out_file = scene_.daemon.directory().file("out"),
                    .err_file = scene_.daemon.directory().file("err")}}
        .finish(std::chrono::minutes{1});
  }

  // What a terminal gets to see.
  std::string on_terminal(const std::string& more, const std::string& term) {
    const std::string command =
        std::string{SIMSYNC_DAEMON} + " --config " + scene_.daemon.config_file() + " sim credentials " + id_ + more;
    return run("script", {"-qec", "stty columns 100; " + command, "/dev/null"}, {{"TERM", term}}).out;
  }

  Scene scene_{{}, [](Settings& settings) { settings.log_level = "debug"; }};
  std::string id_;
  std::string plastic_;
};

// Or the number of the stream goes to the connection to the database, say, and the code with it.
TEST_F(SimCredentialsCommand, AClosedOutputIsNoPlaceForThem) {
  const Outcome outcome = run("sh", {"-c", R"(exec "$0" "$@" >&-)", SIMSYNC_DAEMON, "--config",
                                     scene_.daemon.config_file(), "sim", "credentials", id_, "--reveal"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the output could not be written"));
}

TEST_F(SimCredentialsCommand, AsksOnceAndPrintsTheApisFields) {
  const Json answer = revealed();
  const std::vector<Json> requests = scene_.simulator.get_lines("requests");
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].at("method"), "GET");
  EXPECT_EQ(requests[0].at("target"), "/projects/acme/sims/" + id_ + "/credentials");
  EXPECT_EQ(answer.at("project"), "acme");
  EXPECT_EQ(answer.at("object"), "simCredentials");
  EXPECT_EQ(answer.at("sim"), id_);
  EXPECT_THAT(answer.at("activationCode").get<std::string>(), testing::StartsWith("LPA:1$"));
  EXPECT_EQ(answer.size(), 5U);
  EXPECT_THAT(credentials({id_, "--reveal", "--output", "csv"}).out,
              testing::StartsWith("project,sim_id,activation_code,qr_code_url\r\n"));
}

TEST_F(SimCredentialsCommand, ShowsThemToATerminalAlone) {
  for (const char* format : {"table", "json", "csv"}) {
    const Outcome piped = credentials({id_, "--output", format});
    EXPECT_EQ(piped.status, 2);
    EXPECT_EQ(piped.out, "");
    EXPECT_EQ(piped.err_lines().size(), 1U) << piped.err;
    EXPECT_THAT(piped.err, AllOf(HasSubstr("--png"), HasSubstr("--reveal")));
  }
  EXPECT_EQ(scene_.simulator.get("stats").at("requests"), 0) << "it was not even asked for";

  const std::string code = revealed().at("activationCode");
  const std::string shown = on_terminal("", "xterm");
  EXPECT_THAT(shown, AllOf(HasSubstr(code), HasSubstr("matching_id"), HasSubstr("sm_dp_address"), HasSubstr("█")));
  EXPECT_THAT(shown, HasSubstr("\033[38;5;16;48;5;231m ")) << "black on white, whatever the terminal's colours are";
  const std::string dumb = on_terminal("", "dumb");
  EXPECT_THAT(dumb, AllOf(HasSubstr("█"), Not(HasSubstr("\033["))));
}

TEST_F(SimCredentialsCommand, AFileIsForItsOwnerAndScansBack) {
  const std::string code = revealed().at("activationCode");
  const std::string path = scene_.daemon.directory().file("qr.png");
  const mode_t before = umask(0);
  const Outcome outcome = credentials({id_, "--png", path});
  umask(before);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "") << "nothing of it in a pipe";
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(run("zbarimg", {"--quiet", "--raw", path}).out, code + "\n");

  // It replaces nothing, and leaves nothing half done.
  write_file(path, "mine");
  const Outcome again = credentials({id_, "--png", path});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("there is such a file already"));
  EXPECT_EQ(read_file(path), "mine");
  const std::string none = scene_.daemon.directory().file("none.png");
  EXPECT_EQ(credentials({plastic_, "--png", none}).status, 1);
  EXPECT_EQ(credentials({"sim_nobody", "--png", none}).status, 3);
  EXPECT_FALSE(std::filesystem::exists(none));
  EXPECT_EQ(credentials({id_, "--png", "/nowhere/qr.png"}).status, 1);
}

TEST_F(SimCredentialsCommand, APsimHasNone) {
  const Outcome outcome = credentials({plastic_, "--reveal"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "simsyncd: " + plastic_ + " is a pSIM: it has no credentials, only eSIMs have\n");
}

TEST_F(SimCredentialsCommand, AreInNoLogErrorOrDatabase) {
  scene_.sync_well();
  const Json answer = revealed();
  const std::string code = answer.at("activationCode");
  const std::string matching_id = code.substr(code.rfind('$') + 1);
  std::string said;
  for (const char* fault : {"truncate", "half_json", "wrong_object", "close", "html", "status"}) {
    scene_.simulator.fault({{"fault", fault}, {"where", "credentials"}, {"times", 1}});
    said += credentials({id_, "--reveal"}).err;
  }
  // The last attempt fails, too.
  scene_.simulator.fault({{"fault", "wrong_object"}, {"where", "credentials"}});
  said += credentials({id_, "--reveal"}).err;
  said += credentials({id_, "--png", scene_.daemon.directory().file("q.png"), "--project", "acme"}).err;
  EXPECT_THAT(said, HasSubstr("debug")) << "the log says all that it can";
  const std::string dumped = run("pg_dump", {"--dbname", scene_.database.url(), "--inserts"}).out;
  ASSERT_GT(dumped.size(), 20'000U);
  for (const std::string& secret :
       {matching_id, std::string{"LPA:1"}, std::string{"smdp."}, answer.at("qrCodeUrl").get<std::string>()}) {
    EXPECT_THAT(said, Not(HasSubstr(secret)));
    EXPECT_EQ(dumped.find(secret), std::string::npos);
  }
  EXPECT_EQ(scene_.count("sim_change"), 0);
}

// While it waits for the answer.
TEST_F(SimCredentialsCommand, LeavesNoCore) {
  scene_.simulator.fault({{"fault", "hang"}, {"where", "credentials"}});
  const auto process = scene_.daemon.start({"sim", "credentials", id_, "--reveal"});
  ASSERT_TRUE(eventually([&] { return scene_.simulator.requests("credentials") > 0; }));
  const std::string limits = read_file("/proc/" + std::to_string(process->id()) + "/limits");
  EXPECT_THAT(limits, testing::ContainsRegex("Max core file size +0 +0 "));
  process->signal(SIGKILL);
}

}  // namespace
}  // namespace simsync::test
