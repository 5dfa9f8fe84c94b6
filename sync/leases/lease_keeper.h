// Holds this daemon's leases: says every second that it runs, takes its share of the projects, and has the work on what
// it lost, or is to give, stopped. What is done with a project is its caller's business.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "storage/lease_store.h"
#include "sync/leases/lease_plan.h"
#include "sync/pulse.h"

namespace simsync {

class LeaseKeeper {
 public:
  using StoreOpener = std::function<std::unique_ptr<LeaseStore>()>;

  // Called from the thread that calls run(); they must not block for long.
  struct Work {
    std::function<void(const Lease&)> start;               // the project is ours: work on it, with this lease
    std::function<void(const std::string& project)> stop;  // end that work; ended() says when it has
  };

  struct Times {
    std::chrono::milliseconds beat{std::chrono::seconds{1}};
    std::chrono::milliseconds lease{std::chrono::seconds{8}};  // with a beat and the work's start well below 15 s
  };

  // `pulse` is that of the loop which calls run().
  LeaseKeeper(const std::vector<std::string>& projects, StoreOpener open_store, Work work, Times times,
              Pulse pulse = {});

  // Blocks until stop and until all work has ended then, and gives the leases back. A database that is away is waited
  // for: nothing can be written meanwhile, and who has taken over when it is back is seen then. Throws StorageError
  // when it fails in a way that waiting does not mend; the work is stopped then, but perhaps not ended.
  void run(const std::stop_token& stop);

  // The work on a project has ended: because it was stopped, or by itself; it is started again if the project is still
  // free. Safe from any thread.
  void ended(const std::string& project);

  // Other projects from now on: those that are no longer among them are stopped and given back, new ones are taken like
  // any other. Safe from any thread.
  void set_projects(std::vector<std::string> projects);

 private:
  void beat();
  void take_new_projects();
  void take_some(const std::vector<LeasePlan::Take>& takes);
  void take(const LeasePlan::Take& take);
  void release_what_ended();
  void note_failure(const StorageError& error);
  void note_success();
  void note_where(const LeaseRow& row);
  void leave();

  const StoreOpener open_store_;
  const Work work_;
  const Times times_;
  const DaemonIdentity self_;
  const Pulse pulse_;
  LeasePlan plan_;
  std::unique_ptr<LeaseStore> store_;
  unsigned failures_ = 0;
  std::vector<Lease> to_release_;                 // what was held until its work ended
  std::set<std::string> hindered_;                // projects that somebody's transaction kept from being taken
  std::map<std::string, std::string> elsewhere_;  // the host that has a project, as it was last logged

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::string> ended_;                           // guarded by mutex_
  std::optional<std::vector<std::string>> new_projects_;  // guarded by mutex_
};

}  // namespace simsync
