// Every mistake is told with its line, its key and what to write instead, in one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load_config.h"
#include "tests/unit/config/fixture.h"

namespace simsync::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Every text is put behind kMinimal, so its own first line is line 3.
struct Mistake {
  std::string text;
  std::string where;  // how the error begins behind "c.yaml:"
  std::string what;   // what it holds
};

class ConfigErrorLines : public testing::Test {
 protected:
  static void check(const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) check_text(kMinimal + mistake.text, mistake);
  }

  // `text` is the whole file.
  static void check_whole(const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) check_text(mistake.text, mistake);
  }

 private:
  static void check_text(const std::string& text, const Mistake& mistake) {
    SCOPED_TRACE(mistake.text);
    const std::string error = error_of(text);
    EXPECT_THAT(error, AllOf(StartsWith("c.yaml:" + mistake.where + ": "), HasSubstr(mistake.what),
                             Not(HasSubstr("\n")), Not(HasSubstr(kToken)), Not(HasSubstr(kHookSecret))));
  }

  ExampleEnvironment environment_;
};

TEST_F(ConfigErrorLines, UnknownKeysNameTheNearest) {
  check({
      {"walk:\n  intervall: 15m\n", "4: walk.intervall", "unknown key; did you mean interval?"},
      {"\n\nwalks: {}\n", "5: walks", "unknown key; did you mean walk?"},
      {"api:\n  timeout: 1s\n  base-url: x\n", "5: api.base-url", "did you mean base_url?"},
      {"api:\n  tiemout: 1s\n", "4: api.tiemout", "did you mean timeout?"},
      {"api:\n  Connections: 1\n", "4: api.Connections", "did you mean connections?"},
      {"api:\n  colour: 1\n", "4: api.colour",
       "unknown key; known here: base_url, timeout, connections, requests_per_second, ca_file"},
      {"<<: {}\n", "3: <<", "unknown key; known here: api, projects"},
      {"http:\n  listen: 127.0.0.1:1\n  prot: 3\n", "5: http.prot", "known here: listen"},
      {"log:\n  lvl: info\n", "4: log.lvl", "known here: level, format"},
      {"database:\n  ulr: x\n", "4: database.ulr", "did you mean url?"},
      {"profiles:\n  provider: [p3]\n", "4: profiles.provider", "did you mean providers?"},
      {"\"a\\u202Eb\": 1\n", "3: a\\u202eb", "unknown key"},
      {std::string(500, 'x') + ": 1\n", "3: " + std::string(80, 'x') + "…", "unknown key"},
  });
}

TEST_F(ConfigErrorLines, WrongKinds) {
  check({
      {"api: 3\n", "3: api", "is a single value; write KEY: VALUE lines"},
      {"api:\nwalk: {}\n", "3: api", "is empty; write KEY: VALUE lines, or remove it"},
      {"api:\n  timeout:\n  # a comment\n\nwalk: {}\n", "4: api.timeout", "is empty; write one value"},
      {"api:\n  timeout: ~\n", "4: api.timeout", "is empty"},
      {"api:\n  timeout: ''\n", "4: api.timeout", "is empty"},
      {"api:\n  timeout: [1s]\n", "4: api.timeout", "is a list; write one value"},
      {"api:\n  timeout: {s: 1}\n", "4: api.timeout", "is a mapping; write one value"},
      {"profiles:\n  providers: p3\n", "4: profiles.providers", "is a single value; write a list, such as [a, b]"},
      {"profiles:\n  providers:\n    - p3\n    -\n    # none\n\n    - p4\n", "6: profiles.providers[1]", "is empty"},
      {"profiles:\n  providers:\n    - p3\n    - ~\n", "6: profiles.providers[1]", "is empty"},
      {"profiles:\n  providers: [p3,\n    [p4]]\n", "5: profiles.providers[1]", "is a list; write one value"},
      {"profiles:\n  providers: [p3,\n    p3]\n", "5: profiles.providers[1]", "\"p3\" is in the list twice"},
      {"profiles:\n  providers: [p3, p 4]\n", "4: profiles.providers[1]", "\"p 4\" is not usable as a name"},
      {"log:\n  level: \"in\\nfo\"\n", "4: log.level", "holds a line break"},
      {"log:\n  level: \"in\\_fo\"\n", "4: log.level", "holds a byte that is not UTF-8"},
      {"log:\n  level: |-\n    info\n  format: |\n    text\n\n\nwalk: {}\n", "6: log.format", "holds a line break"},
  });
  check_whole({
      {"", "1: projects", "the file is empty; write at least one project"},
      {"# nothing\n", "1: projects", "the file is empty"},
      {"walk: {}\n", "1: projects", "is missing; write at least one project"},
      {"- walk\n", "1", "the file is a list; write KEY: VALUE lines"},
      {"just words\n", "1", "the file is a single value; write KEY: VALUE lines"},
  });
}

TEST_F(ConfigErrorLines, Api) {
  check({
      {"api:\n  timeout: 30\n", "4: api.timeout", "\"30\" has no unit; write whole numbers with ms, s, m, h or d"},
      {"api:\n  timeout: 999ms\n", "4: api.timeout", "\"999ms\" is too short; write at least 1s"},
      {"api:\n  timeout: 10m1ms\n", "4: api.timeout", "is too long; write at most 10m"},
      {"api:\n  timeout: -3s\n", "4: api.timeout", "is negative"},
      {"api:\n  connections: 0\n", "4: api.connections", "is out of range; write a whole number from 1 to 256"},
      {"api:\n  connections: 257\n", "4: api.connections", "is out of range"},
      {"api:\n  connections: 1.5\n", "4: api.connections", "is not a whole number"},
      {"api:\n  connections: 0x10\n", "4: api.connections", "is not a whole number"},
      {"api:\n  requests_per_second: -1\n", "4: api.requests_per_second", "is out of range; write a number from 0 to"},
      {"api:\n  requests_per_second: .inf\n", "4: api.requests_per_second", "is not a number"},
      {"api:\n  requests_per_second: inf\n", "4: api.requests_per_second", "is not a number"},
      {"api:\n  requests_per_second: nan\n", "4: api.requests_per_second", "is not a number"},
      {"api:\n  requests_per_second: 0.0001\n", "4: api.requests_per_second", "is too slow; write at least 0.001"},
      {"api:\n  ca_file: /nonexistent\n", "4: api.ca_file", "the file \"/nonexistent\" cannot be opened (No such file"},
      {"api:\n  ca_file: ${CREDENTIALS_DIRECTORY}/acme\n", "4: api.ca_file", "holds no certificate"},
      {"api:\n  base_url: https://u:hush@api.gigs.com\n", "4: api.base_url", "has a user or password before the host"},
      {"api:\n  base_url: http://api.gigs.com\n", "4: api.base_url", "not loopback (127.0.0.0/8, [::1], localhost)"},
  });
}

TEST_F(ConfigErrorLines, Projects) {
  const std::string token = "token_env: SIMSYNC_TEST_TOKEN";
  const std::string bad_id = "is not usable as a name; write 1 to 100 of letters, digits, '-' and '_'";
  check_whole({
      {"projects: []\n", "1: projects", "the list is empty; write at least one project"},
      {"projects:\n", "1: projects", "is empty; write a list"},
      {"projects: acme\n", "1: projects", "is a single value; write a list"},
      {"projects: {id: acme}\n", "1: projects", "is a mapping; write a list"},
      {"projects:\n  - acme\n", "2: projects[0]", "is a single value; write KEY: VALUE lines"},
      {"projects:\n  - " + token + "\n", "2: projects[0]", "has no id; write id: PROJECT"},
      {"projects:\n  - id: acme\n", "2: projects[0]", "has no token; write token_file: FILE or token_env: VARIABLE"},
      {"projects:\n  - id: acme\n    token_file: x\n    " + token + "\n", "4: projects[0].token_env",
       "write one of them"},
      {"projects:\n  - {id: a, " + token + "}\n  - {id: a, " + token + "}\n", "3: projects[1]",
       "\"a\" is that of an earlier"},
      {"projects:\n  - id: a/b\n    " + token + "\n", "2: projects[0].id", bad_id},
      {"projects:\n  - id: a.b\n    " + token + "\n", "2: projects[0].id", bad_id},
      {"projects:\n  - id: " + std::string(101, 'a') + "\n    " + token + "\n", "2: projects[0].id", bad_id},
      {"projects:\n  - id: a\n    tokenfile: x\n", "3: projects[0].tokenfile", "did you mean token_file?"},
  });
  EXPECT_EQ(error_of("projects: [{id: " + std::string(100, 'a') + ", " + token + "}]\n"), "");
}

TEST_F(ConfigErrorLines, SecretsAreNeverWrittenNorShown) {
  const ScopedVariable hidden("SIMSYNC_TEST_HIDDEN", std::string("${") + kToken);
  const std::string project = "projects:\n  - id: acme\n    ";
  const std::string token = kToken;
  check_whole({
      {project + "token: " + token + "\n", "3: projects[0].token",
       "a secret is never written in this file; write token_file or token_env"},
      {project + "secret: " + token + "\n", "3: projects[0].secret", "a secret is never written in this file"},
      {project + "token_env: " + token + "\n", "3: projects[0].token_env",
       "the environment variable named here is not set"},
      {project + "token_env: " + token + "-x\n", "3: projects[0].token_env",
       "this is not an environment variable's name"},
      {project + "token_env: SIMSYNC_TEST_NONE\n", "3: projects[0].token_env",
       "the environment variable SIMSYNC_TEST_NONE is not set; set it before the start"},
      {project + "token_file: ${SIMSYNC_TEST_TOKEN}\n", "3: projects[0].token_file",
       "the secret file \"${SIMSYNC_TEST_TOKEN}\" cannot be opened (No such file or directory)"},
      {project + "token_file: ${SIMSYNC_TEST_HIDDEN}/x\n", "3: projects[0].token_file", "cannot be opened"},
      {project + "token_file: ${SIMSYNC_TEST_NONE}/acme\n", "3: projects[0].token_file",
       "the value uses the environment variable SIMSYNC_TEST_NONE, which is not set"},
      {project + "tokn: " + token + "\n", "3: projects[0].tokn", "unknown key"},
      {project + "token_env: *" + token + "\n", "3", "this is not valid YAML"},
  });
  check({
      {"api:\n  token: " + token + "\n", "4: api.token", "a secret is never written in this file; projects take"},
      {"api:\n  base_url: https://" + token + "@h\n", "4: api.base_url", "has a user or password"},
      {"api:\n  base_url: " + token + "\n", "4: api.base_url", "is not an http URL"},
      {"api:\n  timeout: ${SIMSYNC_TEST_TOKEN}\n", "4: api.timeout",
       "\"${SIMSYNC_TEST_TOKEN}\" (filled in from the environment) is not a duration"},
      {"log:\n  level: ${SIMSYNC_TEST_TOKEN}\n", "4: log.level", "is unknown; known here: debug, info, warning, error"},
      {"database:\n  url: " + token + "\n", "4: database.url", "the value is nothing that libpq takes"},
      {"database:\n  password: " + token + "\n", "4: database.password", "a secret is never written in this file"},
      {"alerts:\n  channels:\n    ops: {type: webhook, url: https://h/, secret: " + token + "}\n",
       "5: alerts.channels.ops.secret", "write secret_file or secret_env"},
      {"alerts:\n  channels:\n    ops: {type: webhook, url: 'ftp://" + token + "/'}\n", "5: alerts.channels.ops.url",
       "the value is not an http URL"},
  });
}

TEST_F(ConfigErrorLines, Environment) {
  const ScopedVariable empty("SIMSYNC_TEST_EMPTY", "");
  const ScopedVariable lines("SIMSYNC_TEST_LINES", "a\nb");
  const ScopedVariable bytes("SIMSYNC_TEST_BYTES", "a\xFF");
  check({
      {"http:\n  listen: ${SIMSYNC_TEST_NONE}\n", "4: http.listen",
       "the environment variable SIMSYNC_TEST_NONE, which"},
      {"http:\n  listen: ${SIMSYNC_TEST_NONE\n", "4: http.listen", "has a ${ without }"},
      {"http:\n  listen: ${A:-b}\n", "4: http.listen", "has no variable's name between ${ and }"},
      {"http:\n  listen: '${}'\n", "4: http.listen", "has no variable's name between ${ and }"},
      {"http:\n  listen: ${SIMSYNC_TEST_EMPTY}\n", "4: http.listen", "is empty once the environment is filled in"},
      {"http:\n  listen: ${SIMSYNC_TEST_LINES}\n", "4: http.listen", "holds a line break"},
      {"http:\n  listen: ${SIMSYNC_TEST_BYTES}\n", "4: http.listen", "holds a byte that is not UTF-8"},
  });
}

TEST_F(ConfigErrorLines, WalkProfilesHttpLog) {
  check({
      {"walk:\n  interval: 999ms\n", "4: walk.interval", "is too short; write at least 1s"},
      {"walk:\n  interval: 0s\n", "4: walk.interval", "is too short"},
      {"walk:\n  interval: 1m\n  new_sims_interval: 61s\n", "5: walk.new_sims_interval", "is longer than the interval"},
      {"walk:\n  new_sims_interval: 16m\n", "4: walk.new_sims_interval", "is longer than the interval"},
      {"walk:\n  max_disappeared: 101%\n", "4: walk.max_disappeared", "write a share from 0% to 100%"},
      {"walk:\n  parallel: 0\n", "4: walk.parallel", "0"},
      {"walk:\n  parallel: 1000\n", "4: walk.parallel", "256"},
      {"walk:\n  max_disappeared: -1\n", "4: walk.max_disappeared", "\"-1\" is no share and no count"},
      {"profiles:\n  interval: 1s\n  recent_interval: 2s\n", "5: profiles.recent_interval",
       "is longer than the interval"},
      {"profiles:\n  quiet_interval: 14m\n", "4: profiles.quiet_interval", "is shorter than the interval"},
      {"profiles:\n  interval: 2d\n  retired_interval: 1d\n", "5: profiles.retired_interval",
       "is shorter than the interval"},
      {"profiles:\n  quiet_after: 0s\n", "4: profiles.quiet_after", "is too short"},
      {"http:\n  listen: 9464\n", "4: http.listen", "has no port; write HOST:PORT, such as 127.0.0.1:9464"},
      {"http:\n  listen: :9464\n", "4: http.listen", "has no host"},
      {"http:\n  listen: 0.0.0.0:9464\n", "4: http.listen",
       "\"0.0.0.0:9464\" is not a loopback address, so that whoever reaches it could read along; write token_file"},
      {"http:\n  listen: '[::]:9464'\n", "4: http.listen", "is not a loopback address"},
      {"http:\n  listen: 127.1:9464\n", "4: http.listen", "is not a loopback address"},
      {"http:\n  listen: localhost.example.com:9464\n", "4: http.listen", "is not a loopback address"},
      {"http:\n  token_file: /nowhere/token\n", "4: http.token_file", "/nowhere/token"},
      {"http:\n  token_env: SIMSYNC_TEST_NOT_SET\n", "4: http.token_env", "is not set"},
      {"http:\n  token_env: A\n  token_file: B\n", "4: http.token_env", "write one of them"},
      {"log:\n  level: warn\n", "4: log.level", "\"warn\" is unknown"},
      {"log:\n  level: eror\n", "4: log.level", "did you mean error?"},
      {"log:\n  format: yaml\n", "4: log.format", "known here: text, json, journal"},
      {"database:\n  migrate: yes\n", "4: database.migrate", "is neither true nor false"},
  });
}

}  // namespace
}  // namespace simsync::test
