#include "tests/unit/config/fixture.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "config/load_config.h"

namespace simsync::test {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "simsync-config-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(const std::string& name, std::string_view content) const {
  std::string path = (path_ / name).string();
  std::ofstream(path, std::ios::binary) << content;
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) throw std::runtime_error("chmod failed");
  return path;
}

ScopedVariable::ScopedVariable(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
  if (const char* before = std::getenv(name_.c_str())) before_ = before;
  if (value) {
    ::setenv(name_.c_str(), value->c_str(), 1);
  } else {
    ::unsetenv(name_.c_str());
  }
}

ScopedVariable::~ScopedVariable() {
  if (before_) {
    ::setenv(name_.c_str(), before_->c_str(), 1);
  } else {
    ::unsetenv(name_.c_str());
  }
}

ExampleEnvironment::ExampleEnvironment()
    : credentials_("CREDENTIALS_DIRECTORY", folder_.path()), token_("SIMSYNC_TEST_TOKEN", kToken) {
  static_cast<void>(folder_.file("acme", std::string(kToken) + "\n"));
  static_cast<void>(folder_.file("hook", std::string(kHookSecret) + "\n"));
}

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(parse_config(text, "c.yaml"));
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

const char* const kExample = R"(api:
  base_url: https://api.gigs.com
  timeout: 30s
  connections: 16              # at most this many requests in flight, per project
  requests_per_second: 50      # per project, all calls together; 0: no limit
projects:
  - id: acme
    token_file: ${CREDENTIALS_DIRECTORY}/acme   # or token_env: GIGS_TOKEN
  - id: acme_test-2
    token_env: SIMSYNC_TEST_TOKEN
database:
  url: postgresql:///simsync   # a libpq URI or conninfo; libpq's environment and .pgpass work
  migrate: false
walk:
  interval: 15m                # full walk, start to start
  new_sims_interval: 1m        # look at the newest page only
  max_disappeared: 5%          # of a project's SIMs in one walk; more is held back and alerted
profiles:
  providers: [p3, p14, p15]
  interval: 15m                # every profile is asked at least this often
  recent_interval: 30s         # a profile that changed lately
alerts:
  channels:
    ops:   {type: webhook, url: https://example.com/hook, secret_file: "${CREDENTIALS_DIRECTORY}/hook"}
    pager: {type: alertmanager, url: http://127.0.0.1:9093}
  rules:
    - {name: profile-gone, on: profile, from: [enabled, installed], to: [disabled, deleted],
       where: {provider: p3, metadata.fleet: trucks}, severity: critical, channels: [ops, pager]}
    - {name: never-enabled, on: profile, in: [installed], for: 24h, channels: [ops]}   # time in a state
    - {name: low-stock, on: stock, where: {type: pSIM, provider: p9}, below: 500, for: 10m, channels: [ops]}
    - {name: sync-late, on: freshness, above: 1h, channels: [pager]}
http:
  listen: 127.0.0.1:9464       # /metrics, /healthz, /readyz and the status page
log:
  level: info
  format: text                 # text, json or journal
)";

}  // namespace simsync::test
