#include "daemon/config_change.h"

#include <utility>

namespace simsync {

std::vector<std::string> reloaded_sections(const Config& present, const Config& read) {
  std::vector<std::string> sections;
  const auto note = [&sections](bool differs, const char* name) {
    if (differs) sections.emplace_back(name);
  };
  note(read.api != present.api, "api");
  note(read.projects != present.projects, "projects");
  note(read.walk != present.walk, "walk");
  note(read.profiles != present.profiles, "profiles");
  note(read.history != present.history, "history");
  note(read.alerts != present.alerts, "alerts");
  note(read.log != present.log, "log");
  return sections;
}

std::vector<std::string> keys_for_a_restart(const Config& present, const Config& read) {
  std::vector<std::string> keys;
  if (read.database.url != present.database.url) keys.emplace_back("database.url");
  if (read.http != present.http) keys.emplace_back("http");
  return keys;
}

Config without_restart(const Config& present, Config read) {
  read.database = present.database;
  read.http = present.http;
  return read;
}

}  // namespace simsync
