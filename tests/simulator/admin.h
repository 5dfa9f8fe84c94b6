// The test's own door, under /_admin/: to see the truth, to change the world, to order faults. README.md lists the
// calls. Refuses misspelled orders with 400 and {"error":…}: a fault that silently does not happen would make a test
// pass. Refuses authentication: the simulator listens on loopback only.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/answer.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/http_request.h"
#include "tests/simulator/stats.h"
#include "tests/simulator/world.h"

namespace simsync::simulator {

// An order that cannot be understood; its text is the answer's.
class BadOrder : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Admin {
 public:
  Admin(World& world, Faults& faults, Stats& stats) : world_(world), faults_(faults), stats_(stats) {}

  // Thread-safe. A stream in the answer reads the world as it goes and must not outlive it.
  void answer(const HttpRequest& request, Answer& answer);

 private:
  using Json = nlohmann::json;

  void dispatch(const HttpRequest& request, Answer& answer);
  void dispatch_project(const HttpRequest& request, Project& project, std::string_view call, Answer& answer);
  void settings(const HttpRequest& request, Answer& answer);
  void faults(const HttpRequest& request, Answer& answer);
  void truth(Project& project, Answer& answer);
  void log(Project& project, const HttpRequest& request, Answer& answer);
  void users(Project& project, Answer& answer);
  void change(Project& project, const Json& body, Answer& answer);
  void set(Project& project, const Json& body, Answer& answer);
  void create(Project& project, const Json& body, Answer& answer);
  void destroy(Project& project, const Json& body, Answer& answer);
  void token(Project& project, const Json& body, Answer& answer);

  World& world_;
  Faults& faults_;
  Stats& stats_;
};

// Parsing shared by the admin calls; all throw BadOrder.
nlohmann::json read_order(const HttpRequest& request);
void know_only(const nlohmann::json& body, const std::vector<std::string_view>& names);
ChangeMix read_mix(const nlohmann::json& mix);
FaultOrder read_fault(const nlohmann::json& body, const World& world);
std::string faults_to_json(const Faults& faults);

}  // namespace simsync::simulator
