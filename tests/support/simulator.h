// The simulator as a process, and its admin calls (tests/simulator/README.md) as functions. Every call throws
// std::runtime_error when the simulator refuses it: an order that silently does not happen would make a test pass.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace simsync::test {

struct SimulatedProject {
  std::string id = "acme";
  std::string token = "tok-acme-6fc1b8";
  unsigned sims = 300;
};

struct SimulatorOptions {
  std::vector<SimulatedProject> projects = {SimulatedProject{}};
  unsigned seed = 7;
  unsigned port = 0;  // 0: a free one; kept over restarts
  std::string tls_certificate = {};
  std::string tls_key = {};
};

// A request for one SIM ("sim") or for its profile ("profile").
struct AskedSim {
  std::string sim;
  std::int64_t at = 0;  // when it came, in micros
  int status = 0;       // of the answer; 0: there is none, or not yet
};

// Belongs to one thread.
class Simulator {
 public:
  using Json = nlohmann::json;

  explicit Simulator(SimulatorOptions options = {});
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  [[nodiscard]] const SimulatorOptions& options() const { return options_; }
  [[nodiscard]] const std::string& first_project() const { return options_.projects.front().id; }
  [[nodiscard]] std::string base_url() const;

  // Gone without a word, and back on the same port with the world it had at its first start.
  void kill();
  void start();

  Json get(const std::string& call) const;
  Json post(const std::string& call, const Json& body = Json::object()) const;
  // The answer's lines.
  std::vector<Json> get_lines(const std::string& call) const;
  std::vector<Json> post_lines(const std::string& call, const Json& body) const;

  // The world of the first project, or of another.
  std::vector<Json> truth(const std::string& project = {}) const;
  std::vector<Json> log(const std::string& project = {}) const;
  // Sets fields of one SIM.
  void set(const std::string& sim, Json fields, const std::string& project = {}) const;
  std::vector<std::string> create(const Json& order, const std::string& project = {}) const;
  std::vector<std::string> destroy(const Json& order, const std::string& project = {}) const;
  void change(unsigned count, const std::string& mix, const std::string& project = {}) const;

  void live(double changes_per_second, const std::string& mix) const;
  void pause() const { post("pause"); }
  void resume() const { post("resume"); }

  void fault(const Json& order) const { post("faults", order); }
  void clear_faults() const;
  // How often the faults ordered until now fired, in the order of their making.
  std::vector<std::uint64_t> fired() const;

  // Requests that one endpoint ("list", "sim", "profile", …) got since the start or reset_stats().
  std::uint64_t requests(const std::string& endpoint) const;
  void reset_stats() const { post("stats/reset"); }
  // Of the last 1,000 requests those that one endpoint ("sim", "profile") got, oldest first.
  std::vector<AskedSim> asked(const std::string& endpoint) const;

 private:
  std::string call(const std::string& method, const std::string& path, const std::string& body) const;
  std::string project_path(const std::string& project, const std::string& call) const;

  SimulatorOptions options_;
  TempDir directory_;
  unsigned port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace simsync::test
