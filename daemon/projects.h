// The work on the projects that this daemon has: a thread for each, with its client of the API, its stores and its
// sync. Who has which project is decided elsewhere (sync/leases).
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "config/config.h"
#include "storage/alert.h"
#include "storage/lease_store.h"
#include "sync/pulse.h"

namespace simsync {

class Monitoring;
class ProjectSync;
class ReplaceableSimApi;
class WorkObserver;

class Projects {
 public:
  using Ended = std::function<void(const std::string& project)>;
  using Failed = std::function<void()>;

  // `ended` and `failed` are called from the threads of the projects: `ended` each time one ends, `failed` before that
  // where it failed for good. `judge`, `monitoring` and `pulses` outlive it.
  Projects(const Config& config, const AlertJudge& judge, Monitoring& monitoring, Pulses& pulses, Ended ended,
           Failed failed);
  ~Projects();  // ends the work
  Projects(const Projects&) = delete;
  Projects& operator=(const Projects&) = delete;

  // Both by one thread, for a project that is not worked on, and for one that is or was. One that the configuration
  // does not have any more ends at once.
  void start(const Lease& lease);
  void stop(const std::string& project);

  // Throws ConfigError where reconfigure() would, and changes nothing.
  static void check(const Config& config);
  // Another configuration. Clients of the API whose settings differ are replaced. Safe from any thread.
  void reconfigure(const Config& config);

  // What made one fail for good first, if any did.
  void rethrow_failure();

 private:
  class LeavesWork;
  struct Work {
    ProjectSync* sync;
    ReplaceableSimApi* api;
    WorkObserver* observer;
    Pulse calls;
  };

  void work(const Lease& lease, const std::stop_token& stop);
  void sync_until(const Lease& lease, const std::stop_token& stop);
  void fail(const std::string& project);

  const AlertJudge& judge_;
  Monitoring& monitoring_;
  Pulses& pulses_;
  const Ended ended_;
  const Failed failed_;

  mutable std::mutex mutex_;  // guards what follows, up to the threads
  Config config_;
  std::map<std::string, Work> at_work_;
  std::exception_ptr failure_;

  std::map<std::string, std::jthread> threads_;  // last: they use all of the above
};

}  // namespace simsync
