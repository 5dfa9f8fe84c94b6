// The configuration that the product's documentation shows, and the smallest one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "config/load_config.h"
#include "tests/unit/config/fixture.h"

namespace simsync::test {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): literals have no other way in
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

class Example : public testing::Test {
 protected:
  ExampleEnvironment environment_;
};

TEST_F(Example, SectionsLoadFromAFile) {
  const Config config = load_config(environment_.folder().file("simsyncd.yaml", kExample));
  EXPECT_EQ(config.api.base_url, "https://api.gigs.com");
  EXPECT_EQ(config.api.timeout, 30s);
  EXPECT_EQ(config.api.connections, 16U);
  EXPECT_EQ(config.api.requests_per_second, 50.0);
  EXPECT_EQ(config.api.ca_file, "");
  ASSERT_EQ(config.projects.size(), 2U);
  EXPECT_EQ(config.projects[0].id, "acme");
  EXPECT_EQ(config.projects[0].token.reveal(), kToken);
  EXPECT_EQ(config.projects[1].id, "acme_test-2");
  EXPECT_EQ(config.projects[1].token.reveal(), kToken);
  EXPECT_EQ(config.database.url, "postgresql:///simsync");
  EXPECT_FALSE(config.database.migrate);
  EXPECT_EQ(config.walk.interval, 15min);
  EXPECT_EQ(config.walk.new_sims_interval, 1min);
  EXPECT_EQ(config.walk.parallel, config.api.connections) << "unless it is set";
  EXPECT_TRUE(config.walk.max_disappeared.is_percent);
  EXPECT_EQ(config.walk.max_disappeared.value, 5.0);
  EXPECT_THAT(config.profiles.providers, ElementsAre("p3", "p14", "p15"));
  EXPECT_EQ(config.profiles.interval, 15min);
  EXPECT_EQ(config.profiles.recent_interval, 30s);
  EXPECT_EQ(config.http.listen, "127.0.0.1:9464");
  EXPECT_EQ(config.log.level, LogLevel::info);
  EXPECT_EQ(config.log.format, LogFormat::text);
}

TEST_F(Example, EachLevelOfTheLog) {
  for (const auto& [word, level] : {std::pair{"debug", LogLevel::debug}, std::pair{"info", LogLevel::info},
                                    std::pair{"warning", LogLevel::warning}, std::pair{"error", LogLevel::error}}) {
    EXPECT_EQ(parse_config(std::string{kMinimal} + "log:\n  level: " + word + "\n", "c.yaml").log.level, level) << word;
  }
}

TEST_F(Example, AlertsLoad) {
  const AlertsConfig alerts = parse_config(kExample, "c.yaml").alerts;
  ASSERT_EQ(alerts.channels.size(), 2U);
  EXPECT_EQ(alerts.channels[0].name, "ops");
  EXPECT_EQ(alerts.channels[0].type, "webhook");
  EXPECT_EQ(alerts.channels[0].url, "https://example.com/hook");
  ASSERT_EQ(alerts.channels[0].secrets.size(), 1U);
  EXPECT_EQ(alerts.channels[0].secrets[0].reveal(), kHookSecret);
  EXPECT_EQ(alerts.channels[1].name, "pager");
  EXPECT_EQ(alerts.channels[1].type, "alertmanager");
  EXPECT_TRUE(alerts.channels[1].secrets.empty());

  ASSERT_EQ(alerts.rules.size(), 4U);
  EXPECT_EQ(alerts.rules[0].name, "profile-gone");
  EXPECT_EQ(alerts.rules[0].on, "profile");
  EXPECT_THAT(alerts.rules[0].from, ElementsAre("enabled", "installed"));
  EXPECT_THAT(alerts.rules[0].to, ElementsAre("disabled", "deleted"));
  EXPECT_THAT(alerts.rules[0].where,
              ElementsAre(Pair("metadata.fleet", ElementsAre("trucks")), Pair("provider", ElementsAre("p3"))));
  EXPECT_EQ(alerts.rules[0].severity, "critical");
  EXPECT_THAT(alerts.rules[0].channels, ElementsAre("ops", "pager"));
  EXPECT_FALSE(alerts.rules[0].lasting.has_value());
  EXPECT_THAT(alerts.rules[1].in, ElementsAre("installed"));
  EXPECT_EQ(alerts.rules[1].lasting, Milliseconds(24h));
  EXPECT_EQ(alerts.rules[1].severity, "warning");
  EXPECT_EQ(alerts.rules[2].below, 500U);
  EXPECT_EQ(alerts.rules[2].lasting, Milliseconds(10min));
  EXPECT_EQ(alerts.rules[3].above, Milliseconds(1h));
}

TEST_F(Example, MinimalHasTheDefaults) {
  const Config config = parse_config(kMinimal, "c.yaml");
  const Config defaults;
  EXPECT_EQ(config.api.base_url, defaults.api.base_url);
  EXPECT_EQ(config.walk.interval, defaults.walk.interval);
  EXPECT_EQ(config.walk.new_sims_interval, defaults.walk.new_sims_interval);
  EXPECT_EQ(config.database.url, defaults.database.url);
  EXPECT_TRUE(config.database.migrate);
  EXPECT_THAT(config.alerts.rules, IsEmpty());
}

TEST_F(Example, TheListenerServesTheNetworkOnlyToThoseWhoHaveAToken) {
  const std::string minimal = kMinimal;
  for (const std::string host : {"127.0.0.1", "127.9.8.7", "localhost", "'[::1]"}) {
    const std::string listen = "http: {listen: " + host + ":0" + (host.front() == '\'' ? "'" : "") + "}\n";
    EXPECT_TRUE(parse_config(minimal + listen, "c").http.token.empty()) << listen;
  }
  for (const std::string host : {"0.0.0.0", "'[::]", "10.0.0.1", "metrics.example.com"}) {
    const std::string listen =
        "http: {token_env: SIMSYNC_TEST_TOKEN, listen: " + host + ":9464" + (host.front() == '\'' ? "'" : "") + "}\n";
    EXPECT_EQ(parse_config(minimal + listen, "c").http.token.reveal(), kToken) << listen;
  }
  EXPECT_EQ(parse_config(minimal + "http: {token_env: SIMSYNC_TEST_TOKEN}\n", "c").http.listen, "127.0.0.1:9464");
  EXPECT_EQ(parse_config(minimal + "http: {listen: off}\n", "c").http.listen, "");
}

TEST_F(Example, CrlfAndByteOrderMarkAreFine) {
  std::string text = kExample;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
    text.insert(at, 1, '\r');
  EXPECT_EQ(error_of(text), "");
  EXPECT_EQ(error_of("\xEF\xBB\xBF" + std::string(kExample)), "");
}

TEST_F(Example, ShorterIntervalFollowsWhereOnlyTheLongerOneIsWritten) {
  const Config config = parse_config(std::string(kMinimal) + "walk: {interval: 10s}\nprofiles: {interval: 5s}\n", "c");
  EXPECT_EQ(config.walk.new_sims_interval, 10s);
  EXPECT_EQ(config.profiles.recent_interval, 5s);
}

TEST_F(Example, LongerIntervalsFollowWhereOnlyTheShorterOneIsWritten) {
  const Config config = parse_config(std::string(kMinimal) + "profiles: {interval: 2d, quiet_after: 3d}\n", "c");
  EXPECT_EQ(config.profiles.quiet_interval, 48h);
  EXPECT_EQ(config.profiles.retired_interval, 48h);
  EXPECT_EQ(config.profiles.quiet_after, 72h);
  EXPECT_EQ(parse_config(std::string(kMinimal) + "profiles: {quiet_interval: 1h}\n", "c").profiles.quiet_interval, 1h);
}

TEST_F(Example, HistoryIsKeptForEverUnlessItIsWritten) {
  EXPECT_EQ(parse_config(kMinimal, "c").history.keep, std::nullopt);
  EXPECT_EQ(parse_config(std::string(kMinimal) + "history: {keep: 3y}\n", "c").history.keep,
            Milliseconds(3 * 366 * 24h));
  EXPECT_THAT(error_of(std::string(kMinimal) + "history: {kep: 3y}\n"), HasSubstr("keep"));
}

TEST_F(Example, AnchorsAreFine) {
  const Config config =
      parse_config(std::string(kMinimal) + "walk: {interval: &slow 2h}\nprofiles: {interval: *slow}\n", "c");
  EXPECT_EQ(config.profiles.interval, 2h);
}

TEST_F(Example, EnvironmentIsNeverReadAsYaml) {
  const ScopedVariable list("SIMSYNC_TEST_LIST", "a, b]: {x: $HOME ${HOME} # no comment");
  const Config config =
      parse_config(std::string(kMinimal) + "database: {url: \"password=${SIMSYNC_TEST_LIST} cost=$$5 $x $\"}\n", "c");
  EXPECT_EQ(config.database.url, "password=a, b]: {x: $HOME ${HOME} # no comment cost=$5 $x $");
}

TEST_F(Example, NumbersAndQuotedValuesComeFromTheEnvironmentToo) {
  const ScopedVariable connections("SIMSYNC_TEST_CONNECTIONS", "8");
  const Config config =
      parse_config(std::string(kMinimal) + "api: {connections: '${SIMSYNC_TEST_CONNECTIONS}', timeout: \"5s\"}\n", "c");
  EXPECT_EQ(config.api.connections, 8U);
  EXPECT_EQ(config.api.timeout, 5s);
}

TEST_F(Example, CaFileIsCheckedAndKept) {
  const std::string path = environment_.folder().file("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const Config config = parse_config(std::string(kMinimal) + "api: {ca_file: " + path + "}\n", "c");
  EXPECT_EQ(config.api.ca_file, path);
}

std::string load_error(const std::string& path) {
  try {
    static_cast<void>(load_config(path));
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST_F(Example, FilesThatCannotBeRead) {
  const std::string folder = environment_.folder().path();
  EXPECT_THAT(load_error(folder + "/none.yaml"),
              StartsWith(folder + "/none.yaml: the configuration cannot be opened (No such"));
  EXPECT_THAT(load_error(folder), HasSubstr("is a directory"));
  EXPECT_THAT(load_error("/dev/zero"), HasSubstr("is not a regular file"));
  const std::string pipe = folder + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(load_error(pipe), HasSubstr("is not a regular file"));
  EXPECT_THAT(load_error(environment_.folder().file("big", std::string(1024 * 1024 + 1, '#'))),
              HasSubstr("is larger than 1024 KiB"));
  EXPECT_THAT(load_error(folder + "/a\nb"), HasSubstr("/a\\nb: "));
  EXPECT_THAT(load_error(environment_.folder().file("c\nd", "a: [")), HasSubstr("/c\\nd:1: "));
}

TEST_F(Example, FileOfAnotherUser) {
  const std::string path = environment_.folder().file("theirs.yaml", kMinimal);
  const bool root = ::geteuid() == 0;
  if (!root) {
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  } else {
    ASSERT_EQ(::chmod(environment_.folder().path().c_str(), 0711), 0);
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const std::string error = load_error(path);
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_THAT(error, HasSubstr("cannot be opened (Permission denied); name a YAML file that this user may read"));
}

}  // namespace
}  // namespace simsync::test
