// Which projects this daemon takes, and which it leaves to others. Pure: no clock, no thread, no database. It is shown
// what a beat found, once a second, and says what to do.
//
// Each daemon takes its share, which is the projects divided by the daemons. What nobody takes for some beats, because
// whoever has room does not know the project, is taken by whoever knows it. Who has more than its share gives one after
// the other, but not twice what came back.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/lease_store.h"

namespace simsync {

class LeasePlan {
 public:
  struct Limits {
    unsigned patience = 5;  // beats that a project is free before it is taken beyond this daemon's share
    unsigned settled = 5;   // beats with more than its share before it gives one
  };
  // Whether the process that called itself so is known to have ended.
  using IsDead = std::function<bool(const std::string& holder)>;

  struct Take {
    std::string project;
    std::string dead_holder;  // LeaseStore::take()
  };
  struct Decision {
    std::vector<Take> take;
    std::vector<std::string> stop;  // the work on these is to end, be they lost or given; ended() says that it has
  };

  LeasePlan(std::vector<std::string> projects, std::string holder, Limits limits);
  LeasePlan(std::vector<std::string> projects, std::string holder)
      : LeasePlan(std::move(projects), std::move(holder), Limits{}) {}

  // Other projects from now on. The work on one that is no longer among them is to be stopped: it is left out once that
  // has ended. Returns what is to be stopped.
  std::vector<std::string> set_projects(const std::vector<std::string>& projects);
  // All that a beat has to be shown: also what is no longer wanted and not ended yet.
  [[nodiscard]] std::vector<std::string> projects() const;

  Decision beat(const LeaseView& view, const IsDead& is_dead);
  // What came of a Take: from now on it is worked on.
  void taken(const Lease& lease);
  // The work has ended: since it was to stop, or by itself. Returns the lease it was done under.
  std::optional<Lease> ended(const std::string& project);
  // Everything that is worked on, to be stopped.
  std::vector<std::string> stop_all();

  // Whether no work is under way.
  [[nodiscard]] bool idle() const;

 private:
  enum class State { idle, working, stopping };
  struct Project {
    State state = State::idle;
    Lease lease;
    unsigned free_beats = 0;
    std::size_t given_among = 0;  // so many daemons it was given; 0: it was not
    bool wanted = true;
  };

  void stop(const std::string& name, Project& project, Decision& decision);
  void stop_what_is_lost(const LeaseView& view, Decision& decision);
  void take_what_is_free(const LeaseView& view, const IsDead& is_dead, std::size_t share, Decision& decision);
  void give_one(const LeaseView& view, std::size_t share, Decision& decision);
  [[nodiscard]] std::size_t busy() const;
  [[nodiscard]] std::size_t held_of_wanted() const;

  Limits limits_;
  std::string holder_;
  std::map<std::string, Project> projects_;
  std::string server_;
  unsigned beats_above_share_ = 0;
};

}  // namespace simsync
