#include "tests/support/daemon.h"

namespace simsync::test {
namespace {

// A scalar between single quotes: nothing in it means anything to YAML.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string yaml_of(const Settings& settings, const TempDir& directory) {
  std::string yaml = "api:\n  base_url: " + quoted(settings.base_url) + "\n  timeout: " + settings.timeout +
                     "\n  connections: " + std::to_string(settings.connections) +
                     "\n  requests_per_second: " + std::to_string(settings.requests_per_second) + "\n";
  if (!settings.ca_file.empty()) yaml += "  ca_file: " + quoted(settings.ca_file) + "\n";
  yaml += "projects:\n";
  for (const SimulatedProject& project : settings.projects) {
    const std::string token_file = directory.file("token_" + project.id);
    write_file(token_file, project.token + "\n", 0600);
    yaml += "  - id: " + project.id + "\n    token_file: " + quoted(token_file) + "\n";
  }
  yaml += "database:\n  url: " + quoted(settings.database_url) +
          "\n  migrate: " + (settings.migrate ? "true" : "false") + "\n";
  yaml += "walk:\n  interval: " + settings.walk_interval + "\n  new_sims_interval: " + settings.new_sims_interval +
          "\n  max_disappeared: " + settings.max_disappeared + "\n";
  yaml += "profiles:\n  providers: " + settings.providers + "\n  interval: " + settings.poll_interval +
          "\n  recent_interval: " + settings.recent_interval + "\n";
  if (!settings.quiet_interval.empty()) yaml += "  quiet_interval: " + settings.quiet_interval + "\n";
  if (!settings.retired_interval.empty()) yaml += "  retired_interval: " + settings.retired_interval + "\n";
  yaml += "http: {" + settings.http + "}\nlog:\n  level: " + settings.log_level + "\n  format: text\n";
  return yaml + settings.more;
}

}  // namespace

Settings settings_for(const Simulator& simulator, const TestDatabase& database) {
  Settings settings;
  settings.base_url = simulator.base_url();
  settings.projects = simulator.options().projects;
  settings.database_url = database.url();
  return settings;
}

Settings busy(Settings settings) {
  settings.walk_interval = settings.new_sims_interval = "1s";
  settings.poll_interval = settings.recent_interval = settings.retired_interval = "1s";
  return settings;
}

Daemon::Daemon(const Settings& settings) : config_file_(directory_.file("simsyncd.yaml")) {
  configure(settings);
}

void Daemon::configure(const Settings& settings) {
  configure_text(yaml_of(settings, directory_));
}

void Daemon::configure_text(const std::string& yaml) {
  write_file(config_file_, yaml);
}

Outcome Daemon::run(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline) {
  return start(arguments)->finish(deadline);
}

std::unique_ptr<Process> Daemon::start(const std::vector<std::string>& arguments) {
  const std::string number = std::to_string(++starts_);
  Process::Start start{.program = SIMSYNC_DAEMON,
                       .arguments = {"--config", config_file_},
                       .environment = environment_,
                       .out_file = directory_.file("out" + number),
                       .err_file = directory_.file("err" + number)};
  start.arguments.insert(start.arguments.end(), arguments.begin(), arguments.end());
  return std::make_unique<Process>(start);
}

std::string Daemon::last_log() const {
  return read_file(directory_.file("err" + std::to_string(starts_)));
}

}  // namespace simsync::test
