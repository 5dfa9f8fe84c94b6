// What the operator decides, as plain values. Nothing here reads a file or knows YAML: load_config.h fills
// these structs, every other folder only reads them. Durations are chrono types; a default stands here and
// nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/secret.h"

namespace simsync {

using Milliseconds = std::chrono::milliseconds;

struct ApiConfig {
  std::string base_url = "https://api.gigs.com";    // no path behind it; http:// only to a loopback host
  Milliseconds timeout = std::chrono::seconds{30};  // of one whole request, from connect to the last byte
  unsigned connections = 16;                        // 1–256 requests in flight, per project
  double requests_per_second = 50;                  // per project, all calls together; 0: no limit
  std::string ca_file;                              // PEM bundle to trust instead of the system's; empty: system

  bool operator==(const ApiConfig&) const = default;
};

struct ProjectConfig {
  std::string id;  // as in the API's paths: letters, digits, '-' and '_'
  Secret token;

  bool operator==(const ProjectConfig&) const = default;
};

struct DatabaseConfig {
  std::string url = "postgresql:///simsync";  // a libpq URI or conninfo; may hold a password: never print it
  bool migrate = true;                        // run and sync bring the schema to this version

  bool operator==(const DatabaseConfig&) const = default;
};

// How many SIMs one walk may find missing: a share of the project's present SIMs, or a number.
struct DisappearanceLimit {
  bool is_percent = true;
  double value = 5;

  // The largest believable number of disappearances for `present` SIMs. A share is rounded up, so that one
  // SIM of a handful may always go.
  [[nodiscard]] std::uint64_t of(std::uint64_t present) const;

  bool operator==(const DisappearanceLimit&) const = default;
};

struct WalkConfig {
  Milliseconds interval = std::chrono::minutes{15};          // full walk, start to start
  Milliseconds new_sims_interval = std::chrono::minutes{1};  // look at the newest page only
  DisappearanceLimit max_disappeared;
  unsigned parallel = 16;  // 1–256 segments of a full walk at once; unless it is set, as many as api.connections

  bool operator==(const WalkConfig&) const = default;
};

struct ProfilesConfig {
  std::vector<std::string> providers = {"p3", "p14", "p15"};
  Milliseconds interval = std::chrono::minutes{15};         // every profile, as long as the budget allows
  Milliseconds recent_interval = std::chrono::seconds{30};  // one that changed, was created or activated lately
  Milliseconds quiet_interval = std::chrono::hours{6};      // where the budget is too small: one that is long quiet
  Milliseconds quiet_after = std::chrono::hours{24 * 7};    // nothing moved for so long: it is long quiet
  Milliseconds retired_interval = std::chrono::hours{24};   // of a retired SIM, or a deleted profile

  bool operator==(const ProfilesConfig&) const = default;
};

struct HistoryConfig {
  std::optional<Milliseconds> keep;  // history older than this is deleted; none: everything is kept

  bool operator==(const HistoryConfig&) const = default;
};

// Of the fields below `secrets`, each type uses those that it names.
struct AlertChannelConfig {
  std::string name;
  std::string type;                                 // webhook, alertmanager, slack, email, command
  Milliseconds timeout = std::chrono::seconds{10};  // of one attempt, from connect to the last byte
  std::string url;                // webhook, alertmanager; email: smtps://HOST:PORT or smtp://HOST:PORT
  std::vector<Secret> secrets;    // webhook: whsec_… each signs; slack: the address; email: the password
  std::string from;               // email
  std::vector<std::string> to;    // email
  std::string user;               // email; empty: without logging in
  std::string program;            // command: an absolute path
  std::vector<std::string> args;  // command: given to it as they are

  bool operator==(const AlertChannelConfig&) const = default;
};

struct AlertRuleConfig {
  std::string name;
  std::string on;  // profile, sim, stock, freshness
  std::vector<std::string> from, to, in;
  // Of rules on sim, which changes: status, iccid, provider, type, metadata.KEY; appeared, disappeared, reappeared.
  std::vector<std::string> change = {"status"};
  std::map<std::string, std::vector<std::string>> where;  // provider, type, status, project, metadata.KEY
  bool own_changes = true;                                // also what simsyncd itself has written back
  std::optional<Milliseconds> lasting;                    // the key `for`
  std::optional<std::uint64_t> below;
  std::optional<Milliseconds> above;
  std::string severity = "warning";
  std::vector<std::string> channels;

  bool operator==(const AlertRuleConfig&) const = default;
};

struct AlertsConfig {
  Milliseconds group_wait = std::chrono::seconds{10};  // alerts of a rule within it are one message
  Milliseconds repeat_after = std::chrono::hours{1};   // the same rule and SIM within it is counted, not told again
  std::vector<AlertChannelConfig> channels;
  std::vector<AlertRuleConfig> rules;

  bool operator==(const AlertsConfig&) const = default;
};

struct HttpConfig {
  // HOST:PORT, an IPv6 address in brackets; empty: nothing is served. Port 0: the kernel chooses one.
  std::string listen = "127.0.0.1:9464";
  Secret token;  // what clients show as `Authorization: Bearer …`; empty: none, and the host is a loopback one

  bool operator==(const HttpConfig&) const = default;
};

enum class LogFormat { text, json, journal };
enum class LogLevel { debug, info, warning, error };

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;

  bool operator==(const LogConfig&) const = default;
};

struct Config {
  ApiConfig api;
  std::vector<ProjectConfig> projects;  // at least one, ids distinct
  DatabaseConfig database;
  WalkConfig walk;
  ProfilesConfig profiles;
  HistoryConfig history;
  AlertsConfig alerts;
  HttpConfig http;
  LogConfig log;
};

}  // namespace simsync
