#include "config/load_config.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "config/load_sections.h"
#include "config/loopback.h"
#include "config/printable.h"
#include "config/secret_source.h"
#include "config/section.h"
#include "config/small_file.h"
#include "config/url.h"
#include "config/yaml_reader.h"

namespace simsync {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Below a second, walks and polls would spend the whole request budget on asking the same again.
constexpr Milliseconds kShortestInterval = seconds{1};

constexpr std::uint64_t kMostConnections = 256;

std::string read_ca_file(const Value& value) {
  // The system's own bundle has a quarter of this. Read here, so that a wrong path stops the start and not the
  // first request.
  constexpr std::size_t kLargestBundle = std::size_t{4} * 1024 * 1024;
  std::string path = value.text();
  std::string content;
  try {
    read_small_file(path, kLargestBundle, content);
  } catch (const FileError& error) {
    value.fail("the file " + value.shown() + " " + error.what() + "; name a PEM file that this user may read");
  }
  if (content.find("-----BEGIN ") == std::string::npos) {
    value.fail("the file " + value.shown() + " holds no certificate; name a PEM file (-----BEGIN CERTIFICATE-----)");
  }
  return path;
}

ApiConfig read_api(const Value& value) {
  const Section section(value, {"base_url", "timeout", "connections", "requests_per_second", "ca_file"});
  ApiConfig api;
  if (const auto url = section.find("base_url")) api.base_url = url->parsed_unshown(parse_base_url);
  if (const auto timeout = section.find("timeout")) {
    // Shorter than a second gives up on a healthy API; longer than ten minutes only hides that one hangs.
    constexpr Milliseconds kLongestTimeout = minutes{10};
    api.timeout = timeout->duration(seconds{1});
    if (api.timeout > kLongestTimeout) timeout->fail(timeout->shown() + " is too long; write at most 10m");
  }
  if (const auto connections = section.find("connections")) {
    // At least one, or nothing is ever asked. 256 threads a project are far beyond what any budget can use.
    api.connections = static_cast<unsigned>(connections->parsed(parse_count, std::uint64_t{1}, kMostConnections));
  }
  if (const auto rate = section.find("requests_per_second")) {
    // 0 is no limit. One request in about a quarter of an hour is the slowest that still means something, and keeps
    // the waiting time between two requests far from overflow.
    constexpr double kFastest = 1'000'000;
    constexpr double kSlowest = 0.001;
    api.requests_per_second = rate->parsed(parse_decimal, 0.0, kFastest);
    if (api.requests_per_second != 0 && api.requests_per_second < kSlowest) {
      rate->fail(rate->shown() + " is too slow; write at least 0.001, or 0 for no limit");
    }
  }
  if (const auto file = section.find("ca_file")) api.ca_file = read_ca_file(*file);
  return api;
}

ProjectConfig read_project(const Value& value) {
  const Section section(value, {"id", "token_file", "token_env"});
  ProjectConfig project;
  project.id = section.require("id", "id: PROJECT, as in the API's paths").parsed(parse_name, false);
  std::vector<Secret> tokens = read_secrets(section, "token_file", "token_env", SecretLines::one);
  if (tokens.empty()) section.fail("has no token; write token_file: FILE or token_env: VARIABLE");
  project.token = std::move(tokens.front());
  return project;
}

std::vector<ProjectConfig> read_projects(const Value& value) {
  const std::vector<Value> items = value.items();
  if (items.empty()) value.fail("the list is empty; write at least one project with id and token_file");
  std::vector<ProjectConfig> projects;
  std::set<std::string> ids;
  for (const Value& item : items) {
    projects.push_back(read_project(item));
    const std::string& id = projects.back().id;
    if (!ids.insert(id).second) {
      item.fail("the id " + in_quotes(id) + " is that of an earlier project; write each project once");
    }
  }
  return projects;
}

DatabaseConfig read_database(const Value& value) {
  const Section section(value, {"url", "migrate"});
  DatabaseConfig database;
  if (const auto url = section.find("url")) database.url = url->parsed_unshown(parse_database_url);
  if (const auto migrate = section.find("migrate")) database.migrate = migrate->parsed(parse_bool);
  return database;
}

// Reads an interval and the shorter one beside it. A default that would be the longer one is shortened: the operator
// never wrote it and shall not be told to mend it.
void read_intervals(const Section& section, const char* shorter_key, Milliseconds& interval, Milliseconds& shorter) {
  if (const auto value = section.find("interval")) interval = value->duration(kShortestInterval);
  if (const auto value = section.find(shorter_key)) {
    shorter = value->duration(kShortestInterval);
    if (shorter > interval) {
      value->fail(value->shown() + " is longer than the interval beside it; write at most that");
    }
  }
  shorter = std::min(shorter, interval);
}

// Reads an interval that is the longer one beside `interval`. A default that would be the shorter one is lengthened.
void read_longer(const Section& section, const char* key, Milliseconds interval, Milliseconds& longer) {
  if (const auto value = section.find(key)) {
    longer = value->duration(kShortestInterval);
    if (longer < interval) {
      value->fail(value->shown() + " is shorter than the interval beside it; write at least that");
    }
  }
  longer = std::max(longer, interval);
}

// `walk`: what holds unless it is set.
WalkConfig read_walk(const Value& value, WalkConfig walk) {
  const Section section(value, {"interval", "new_sims_interval", "max_disappeared", "parallel"});
  read_intervals(section, "new_sims_interval", walk.interval, walk.new_sims_interval);
  if (const auto limit = section.find("max_disappeared")) {
    walk.max_disappeared = limit->parsed(parse_disappearance_limit);
  }
  if (const auto parallel = section.find("parallel")) {
    walk.parallel = static_cast<unsigned>(parallel->parsed(parse_count, std::uint64_t{1}, kMostConnections));
  }
  return walk;
}

ProfilesConfig read_profiles(const Value& value) {
  const Section section(
      value, {"providers", "interval", "recent_interval", "quiet_interval", "quiet_after", "retired_interval"});
  ProfilesConfig profiles;
  // An empty list is a decision: no profile is polled.
  if (const auto providers = section.find("providers")) {
    for (const Value& item : providers->items()) static_cast<void>(item.parsed(parse_name, true));
    profiles.providers = providers->distinct_texts();
  }
  read_intervals(section, "recent_interval", profiles.interval, profiles.recent_interval);
  read_longer(section, "quiet_interval", profiles.interval, profiles.quiet_interval);
  read_longer(section, "retired_interval", profiles.interval, profiles.retired_interval);
  if (const auto value = section.find("quiet_after")) profiles.quiet_after = value->duration(kShortestInterval);
  return profiles;
}

HistoryConfig read_history(const Value& value) {
  const Section section(value, {"keep"});
  HistoryConfig history;
  if (const auto keep = section.find("keep")) history.keep = keep->parsed(parse_keep);
  return history;
}

HttpConfig read_http(const Value& value) {
  const Section section(value, {"listen", "token_file", "token_env"});
  HttpConfig http;
  const auto listen = section.find("listen");
  if (listen) http.listen = listen->parsed(parse_listener);
  std::vector<Secret> tokens = read_secrets(section, "token_file", "token_env", SecretLines::one);
  if (!tokens.empty()) http.token = std::move(tokens.front());
  const std::string host = http.listen.substr(0, http.listen.rfind(':'));
  if (listen && !http.listen.empty() && http.token.empty() && !is_loopback(host)) {
    listen->fail(listen->shown() +
                 " is not a loopback address, so that whoever reaches it could read along; write token_file: FILE "
                 "beside it, or listen: 127.0.0.1:PORT");
  }
  return http;
}

LogConfig read_log(const Value& value) {
  const Section section(value, {"level", "format"});
  LogConfig log;
  if (const auto level = section.find("level")) {
    const std::string word = level->choice({"debug", "info", "warning", "error"});
    log.level = word == "debug"     ? LogLevel::debug
                : word == "info"    ? LogLevel::info
                : word == "warning" ? LogLevel::warning
                                    : LogLevel::error;
  }
  if (const auto format = section.find("format")) {
    const std::string word = format->choice({"text", "json", "journal"});
    log.format = word == "text" ? LogFormat::text : word == "json" ? LogFormat::json : LogFormat::journal;
  }
  return log;
}

// A path for the beginning of an error; a newline in it is legal for the kernel and not for one line.
std::string printable_name(const std::string& name) {
  std::string out;
  append_escaped(out, name, Escaping::text);
  return out;
}

}  // namespace

std::vector<Secret> read_secrets(const Section& section, const std::string& file_key, const std::string& env_key,
                                 SecretLines lines) {
  const std::optional<Value> file = section.find(file_key);
  const std::optional<Value> variable = section.find(env_key);
  if (file && variable) variable->fail(file_key + " stands beside it; write one of them");
  try {
    // The path is shown unexpanded: ${TOKEN} in it is a mistake whose expansion must not be shown.
    if (file) return secrets_from_file_shown_as(file->text(), file->raw(), lines);
    if (variable) return {secret_from_environment(variable->text())};
    return {};
  } catch (const ConfigError&) {
    throw;
  } catch (const std::runtime_error& error) {
    (file ? *file : *variable).fail(error.what());
  }
}

Config parse_config(const std::string& text, const std::string& name) {
  const std::string shown_name = printable_name(name);
  auto root = read_yaml(text, shown_name);
  if (root->kind == YamlNode::Kind::empty) {
    throw ConfigError(shown_name +
                      ":1: projects: the file is empty; write at least one project with id and token_file");
  }
  const Section section(Value(root, shown_name, "", root->line),
                        {"api", "projects", "database", "walk", "profiles", "history", "alerts", "http", "log"});
  Config config;
  if (const auto value = section.find("api")) config.api = read_api(*value);
  const auto projects = section.find("projects");
  if (!projects) {
    throw ConfigError(shown_name + ":1: projects: is missing; write at least one project with id and token_file");
  }
  config.projects = read_projects(*projects);
  if (const auto value = section.find("database")) config.database = read_database(*value);
  config.walk.parallel = config.api.connections;
  if (const auto value = section.find("history")) config.history = read_history(*value);
  if (const auto value = section.find("walk")) config.walk = read_walk(*value, config.walk);
  if (const auto value = section.find("profiles")) config.profiles = read_profiles(*value);
  if (const auto value = section.find("alerts")) config.alerts = read_alerts(*value, config.projects);
  if (const auto value = section.find("http")) config.http = read_http(*value);
  if (const auto value = section.find("log")) config.log = read_log(*value);
  return config;
}

Config load_config(const std::string& path) {
  std::string text;
  try {
    read_small_file(path, kLargestYaml, text);
  } catch (const FileError& error) {
    throw ConfigError(printable_name(path) + ": the configuration " + error.what() +
                      "; name a YAML file that this user may read with --config");
  }
  return parse_config(text, path);
}

}  // namespace simsync
