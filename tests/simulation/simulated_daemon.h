// One daemon of a simulated life: its leases and the sync of its project, put together as daemon/service.cpp and
// daemon/projects.cpp do, between the simulated API and database.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "sync/leases/lease_keeper.h"
#include "sync/project_sync.h"
#include "tests/simulation/outbox.h"
#include "tests/simulation/simulated_store.h"
#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {

// What daemons are made of.
struct Surroundings {
  World& world;
  Tables& tables;
  const ApiFaults& api_faults;
  const StoreFaults& store_faults;
  Receiver& receiver;
  const AlertJudge& judge;
  SyncSettings settings;
};

class SimulatedDaemon {
 public:
  SimulatedDaemon(std::string name, const Surroundings& surroundings);
  ~SimulatedDaemon();  // stopped or killed before
  SimulatedDaemon(const SimulatedDaemon&) = delete;
  SimulatedDaemon& operator=(const SimulatedDaemon&) = delete;

  [[nodiscard]] Machine& machine() { return machine_; }
  [[nodiscard]] bool runs() const { return process_ != nullptr; }

  void start();
  // As by SIGTERM. Returns how long it took.
  Nanoseconds stop();
  // As by SIGKILL: from this moment on nothing it does has any effect.
  void kill();

 private:
  class Process;

  Machine machine_;
  Surroundings surroundings_;
  std::unique_ptr<Process> process_;
};

}  // namespace simsync::simulation
