// simsyncd as its users run it: a configuration file, a token file that only its owner may read, a command.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/simulator.h"
#include "tests/support/test_database.h"

namespace simsync::test {

// The configuration as YAML values. The long intervals keep a walk or poll from happening by itself.
struct Settings {
  std::string base_url;
  std::string ca_file;
  std::string timeout = "10s";
  unsigned connections = 4;
  double requests_per_second = 0;  // no limit
  std::vector<SimulatedProject> projects;
  std::string database_url;
  bool migrate = true;
  std::string walk_interval = "1h";
  std::string new_sims_interval = "1h";
  std::string max_disappeared = "5%";
  std::string providers = "[p3, p14, p15]";
  std::string poll_interval = "1h";
  std::string recent_interval = "1h";
  std::string quiet_interval;                // empty: not written
  std::string retired_interval;              // empty: not written
  std::string http = "listen: 127.0.0.1:0";  // what stands between the braces of http
  std::string log_level = "info";
  std::string more;  // further YAML, appended
};

Settings settings_for(const Simulator& simulator, const TestDatabase& database);
// Walks and polls as often as the program allows.
Settings busy(Settings settings);

class Daemon {
 public:
  explicit Daemon(const Settings& settings);

  // Writes the configuration anew, for the commands that follow.
  void configure(const Settings& settings);
  void configure_text(const std::string& yaml);

  [[nodiscard]] const std::string& config_file() const { return config_file_; }
  [[nodiscard]] const TempDir& directory() const { return directory_; }
  void set_environment(const std::string& name, const std::string& value) { environment_[name] = value; }

  // Runs a command to its end; the deadline is a guard against hanging, not a measure.
  Outcome run(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline = std::chrono::minutes{3});
  std::unique_ptr<Process> start(const std::vector<std::string>& arguments);
  // What the process that was started last has said; also after its end.
  [[nodiscard]] std::string last_log() const;

 private:
  TempDir directory_;
  std::string config_file_;
  std::map<std::string, std::string> environment_;
  unsigned starts_ = 0;
};

}  // namespace simsync::test
