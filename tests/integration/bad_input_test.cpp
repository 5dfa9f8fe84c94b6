// What a newcomer does wrong: each mistake gives one line on stderr that says what is wrong, and the exit code of
// product.md. No line holds a secret.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

constexpr char kToken[] = "tok-acme-VERY-SECRET-41c7";
constexpr char kPassword[] = "hunter2-VERY-SECRET";

struct Mistake {
  const char* name;
  std::vector<std::string> command;
  int status;
  const char* hint;  // part of the line: what it is about
  std::function<void(Scene&)> make;
};

void change(Scene& scene, const std::function<void(Settings&)>& settings) {
  settings(scene.settings);
  scene.configure();
}

void append_to_config(Scene& scene, const std::string& yaml) {
  scene.settings.more += yaml;
  scene.configure();
}

void rewrite(Scene& scene, const std::string& what, const std::string& by) {
  std::string yaml = read_file(scene.daemon.config_file());
  const std::size_t at = yaml.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  scene.daemon.configure_text(yaml.replace(at, what.size(), by));
}

void migrate(Scene& scene) {
  ASSERT_EQ(scene.daemon.run({"migrate"}).status, 0);
}

std::vector<Mistake> configuration_mistakes() {
  return {
      {"UnknownKey", {"sync"}, 2, "interval", [](Scene& s) { rewrite(s, "  interval: 1h", "  intervall: 1h"); }},
      {"UnknownSection", {"run"}, 2, "walks", [](Scene& s) { append_to_config(s, "walks: {}\n"); }},
      {"WrongType", {"sync"}, 2, "timeout", [](Scene& s) { rewrite(s, "timeout: 10s", "timeout: [10s]"); }},
      {"DurationWithoutUnit", {"sync"}, 2, "timeout", [](Scene& s) { rewrite(s, "timeout: 10s", "timeout: 10"); }},
      {"NoYaml", {"sync"}, 2, "simsyncd.yaml", [](Scene& s) { s.daemon.configure_text("{{{"); }},
      {"EmptyFile", {"sync"}, 2, "projects", [](Scene& s) { s.daemon.configure_text(""); }},
      {"NoFile", {"sync"}, 2, "simsyncd.yaml", [](Scene& s) { ::unlink(s.daemon.config_file().c_str()); }},
      {"NoTokenFile",
       {"sync"},
       2,
       "token_acme",
       [](Scene& s) { ::unlink(s.daemon.directory().file("token_acme").c_str()); }},
      {"NoTokenInEnvironment",
       {"sync"},
       2,
       "SIMSYNC_NO_SUCH_TOKEN",
       [](Scene& s) {
         rewrite(s, "token_file: '" + s.daemon.directory().file("token_acme") + "'",
                 "token_env: SIMSYNC_NO_SUCH_TOKEN");
       }},
      {"TokenInTheFileItself",
       {"sync"},
       2,
       "token",
       [](Scene& s) {
         rewrite(s, "token_file: '" + s.daemon.directory().file("token_acme") + "'", std::string{"token: "} + kToken);
       }},
      {"HttpToAnotherHost",
       {"sync"},
       2,
       "base_url",
       [](Scene& s) { change(s, [](Settings& settings) { settings.base_url = "http://api.example.com"; }); }},
      {"UnknownCommand", {"synchronise"}, 2, "synchronise", [](Scene&) {}},
      {"NoCommand", {}, 2, "", [](Scene&) {}},
      {"UnknownOption", {"sync", "--no-such-option"}, 2, "--no-such-option", [](Scene&) {}},
      {"UnknownProject", {"sync", "--project", "nobody"}, 2, "nobody", [](Scene&) {}},
      {"UnknownProjectOfStatus", {"status", "--project", "nobody"}, 2, "nobody", migrate},
      {"UnknownFormat", {"status", "--output", "xml"}, 2, "xml", [](Scene&) {}},
  };
}

std::string with_password(const std::string& url) {
  const std::size_t at = url.find('@');
  return url.substr(0, at) + ":" + kPassword + url.substr(at);
}

std::vector<Mistake> database_mistakes() {
  const auto database = [](const std::function<std::string(Scene&)>& url) {
    return [url](Scene& s) { change(s, [&](Settings& settings) { settings.database_url = with_password(url(s)); }); };
  };
  const auto unreachable = database([](Scene&) { return "postgresql://nobody@127.0.0.1:1/simsync"; });
  const auto wrong_name = database([](Scene& s) { return s.database.url_of("no_such_database"); });
  const auto no_rights = [=](Scene& s) {
    const std::string role = s.database.make_role();
    database([&](Scene& scene) { return scene.database.url_as(role); })(s);
  };
  const auto may_not_write = [=](Scene& s) {
    migrate(s);
    const std::string role = s.database.make_role();
    s.database.run("GRANT USAGE ON SCHEMA simsync TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA simsync TO " +
                   role);
    database([&](Scene& scene) { return scene.database.url_as(role); })(s);
  };
  const auto newer = [](Scene& s) {
    migrate(s);
    s.database.run("INSERT INTO simsync.schema_migration (version, name) VALUES (9999, 'of tomorrow')");
  };
  return {
      {"Unreachable", {"sync"}, 4, "127.0.0.1", unreachable},
      {"UnreachableAtStart", {"run"}, 4, "127.0.0.1", unreachable},
      {"UnreachableForMigrate", {"migrate"}, 4, "127.0.0.1", unreachable},
      {"UnreachableForStatus", {"status"}, 4, "127.0.0.1", unreachable},
      {"WrongName", {"sync"}, 4, "no_such_database", wrong_name},
      {"WrongNameAtStart", {"run"}, 4, "no_such_database", wrong_name},
      {"NoRights", {"sync"}, 4, "permission denied", no_rights},
      {"NoRightsAtStart", {"run"}, 4, "permission denied", no_rights},
      {"MayNotWrite", {"sync"}, 4, "permission denied", may_not_write},
      {"MayNotWriteAtStart", {"run"}, 4, "permission denied", may_not_write},
      {"NewerSchema", {"sync"}, 4, "9999", newer},
      {"NewerSchemaAtStart", {"run"}, 4, "9999", newer},
      {"NewerSchemaForMigrate", {"migrate"}, 4, "9999", newer},
      {"UnreadableUrl",
       {"sync"},
       2,
       "database.url",
       [](Scene& s) { change(s, [](Settings& settings) { settings.database_url = "mysql://root@localhost/x"; }); }},
  };
}

std::vector<Mistake> api_mistakes() {
  const auto wrong_token = [](Scene& s) {
    migrate(s);
    change(s, [](Settings& settings) { settings.projects[0].token += "-mistyped"; });
  };
  const auto unknown_project = [](Scene& s) {
    migrate(s);
    change(s, [](Settings& settings) { settings.projects[0].id = "acme-old"; });
  };
  const auto html = [](Scene& s) {
    migrate(s);
    s.simulator.fault({{"fault", "html"}});
  };
  const auto nobody_there = [](Scene& s) {
    migrate(s);
    change(s, [](Settings& settings) { settings.base_url = "http://127.0.0.1:1"; });
  };
  const auto redirect = [](Scene& s) {
    migrate(s);
    s.simulator.fault({{"fault", "redirect"}, {"location", s.simulator.base_url() + "/elsewhere"}});
  };
  return {
      {"WrongToken", {"sync"}, 3, "token", wrong_token},
      {"WrongTokenInCheck", {"check"}, 3, "", wrong_token},
      {"UnknownProject", {"sync"}, 3, "acme-old", unknown_project},
      {"HtmlForJson", {"sync"}, 3, "HTML", html},
      {"NobodyThere", {"sync"}, 3, "127.0.0.1", nobody_there},
      {"Redirect", {"sync"}, 3, "redirect", redirect},
  };
}

class BadInput : public testing::TestWithParam<Mistake> {};

TEST_P(BadInput, OneLineAndTheRightCode) {
  Scene scene{{.projects = {{.token = kToken, .sims = 20}}}};
  GetParam().make(scene);
  if (HasFatalFailure()) return;
  const Outcome outcome = scene.daemon.run(GetParam().command, std::chrono::minutes{1});
  EXPECT_EQ(outcome.status, GetParam().status) << outcome.err;
  // The service has begun to log by then; everything else says its one line and nothing more.
  const bool service = !GetParam().command.empty() && GetParam().command[0] == "run";
  const std::vector<std::string> lines = outcome.err_lines();
  EXPECT_EQ(
      std::count_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("simsyncd: "); }),
      1)
      << outcome.err;
  EXPECT_TRUE(service || lines.size() == 1) << outcome.err;
  EXPECT_NE(outcome.err.find(GetParam().hint), std::string::npos) << outcome.err;
  for (const char* secret : {kToken, kPassword}) {
    EXPECT_EQ((outcome.out + outcome.err).find(secret), std::string::npos) << outcome.out << outcome.err;
  }
}

std::string name_of(const testing::TestParamInfo<Mistake>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Configuration, BadInput, testing::ValuesIn(configuration_mistakes()), name_of);
INSTANTIATE_TEST_SUITE_P(Database, BadInput, testing::ValuesIn(database_mistakes()), name_of);
INSTANTIATE_TEST_SUITE_P(Api, BadInput, testing::ValuesIn(api_mistakes()), name_of);

// gtest prints parameters; a name says more than the bytes of a struct.
void PrintTo(const Mistake& mistake, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest calls it
  *out << mistake.name;
}

}  // namespace
}  // namespace simsync::test
