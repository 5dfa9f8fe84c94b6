#include "daemon/config_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config present() {
  Config config;
  config.projects = {{"acme", Secret{"token"}}};
  return config;
}

TEST(ConfigChange, TheSameIsNoChange) {
  EXPECT_THAT(reloaded_sections(present(), present()), IsEmpty());
  EXPECT_THAT(keys_for_a_restart(present(), present()), IsEmpty());
}

TEST(ConfigChange, SectionsAreNamedInTheFilesOrder) {
  Config read = present();
  read.log.level = LogLevel::debug;
  read.walk.interval = std::chrono::minutes{5};
  read.projects[0].token = Secret{"another"};
  EXPECT_THAT(reloaded_sections(present(), read), ElementsAre("projects", "walk", "log"));
  read = present();
  read.alerts.rules.emplace_back().name = "new";
  read.api.connections = 3;
  read.history.keep = std::chrono::hours{24};
  read.profiles.providers.emplace_back("p4");
  EXPECT_THAT(reloaded_sections(present(), read), ElementsAre("api", "profiles", "history", "alerts"));
}

TEST(ConfigChange, WhatNeedsARestartStaysAsItIs) {
  Config read = present();
  read.database.url = "postgresql://elsewhere/simsync";
  read.http.listen = "127.0.0.1:1";
  read.log.format = LogFormat::json;
  read.log.level = LogLevel::warning;
  EXPECT_THAT(keys_for_a_restart(present(), read), ElementsAre("database.url", "http"));
  const Config next = without_restart(present(), read);
  EXPECT_EQ(next.database, present().database);
  EXPECT_EQ(next.http, present().http);
  EXPECT_EQ(next.log.format, LogFormat::json);
  EXPECT_EQ(next.log.level, LogLevel::warning);
}

}  // namespace
}  // namespace simsync
