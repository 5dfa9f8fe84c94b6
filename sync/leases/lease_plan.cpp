#include "sync/leases/lease_plan.h"

#include <algorithm>
#include <utility>

namespace simsync {
namespace {

const LeaseRow* row_of(const LeaseView& view, const std::string& project) {
  const auto found = std::ranges::find(view.leases, project, &LeaseRow::project);
  return found == view.leases.end() ? nullptr : &*found;
}

}  // namespace

LeasePlan::LeasePlan(std::vector<std::string> projects, std::string holder, Limits limits)
    : limits_(limits), holder_(std::move(holder)) {
  for (std::string& project : projects) projects_[std::move(project)];
}

std::vector<std::string> LeasePlan::set_projects(const std::vector<std::string>& projects) {
  for (auto& [name, project] : projects_) project.wanted = false;
  for (const std::string& name : projects) projects_[name].wanted = true;
  std::erase_if(projects_, [](const auto& one) { return !one.second.wanted && one.second.state == State::idle; });
  Decision decision;
  for (auto& [name, project] : projects_) {
    if (!project.wanted && project.state == State::working) stop(name, project, decision);
  }
  return decision.stop;
}

std::vector<std::string> LeasePlan::projects() const {
  std::vector<std::string> names;
  for (const auto& [name, project] : projects_) names.push_back(name);
  return names;
}

LeasePlan::Decision LeasePlan::beat(const LeaseView& view, const IsDead& is_dead) {
  Decision decision;
  stop_what_is_lost(view, decision);
  const std::size_t daemons = std::max<std::size_t>(view.daemons, 1);
  const auto wanted =
      static_cast<std::size_t>(std::ranges::count_if(projects_, [](const auto& one) { return one.second.wanted; }));
  const std::size_t share = (wanted + daemons - 1) / daemons;
  take_what_is_free(view, is_dead, share, decision);
  give_one(view, share, decision);
  return decision;
}

void LeasePlan::stop(const std::string& name, Project& project, Decision& decision) {
  project.state = State::stopping;
  decision.stop.push_back(name);
}

void LeasePlan::stop_what_is_lost(const LeaseView& view, Decision& decision) {
  // Another server, or this one after a restart, may lack what was committed last, and the work remembers what it
  // wrote. So it begins anew, from what there is.
  const bool other_server = !server_.empty() && view.server != server_;
  server_ = view.server;
  for (auto& [name, project] : projects_) {
    if (project.state != State::working) continue;
    const LeaseRow* row = row_of(view, name);
    const bool held = row != nullptr && row->holder == holder_ && row->epoch == project.lease.epoch;
    if (!held || other_server) stop(name, project, decision);
  }
}

void LeasePlan::take_what_is_free(const LeaseView& view, const IsDead& is_dead, std::size_t share, Decision& decision) {
  std::size_t held = held_of_wanted();
  for (auto& [name, project] : projects_) {
    const LeaseRow* row = row_of(view, name);
    const bool ours = row != nullptr && row->holder == holder_;
    const bool dead = row != nullptr && !ours && is_dead(row->holder);
    const bool free = row == nullptr || row->expires_in.count() <= 0 || ours || dead;
    if (!free) project.given_among = 0;  // somebody took it
    if (!free || !project.wanted || project.state != State::idle) {
      project.free_beats = 0;
      continue;
    }
    ++project.free_beats;
    if (held >= share && project.free_beats <= limits_.patience) continue;
    decision.take.push_back({name, ours || dead ? row->holder : std::string{}});
    ++held;
  }
}

void LeasePlan::give_one(const LeaseView& view, std::size_t share, Decision& decision) {
  const bool may = held_of_wanted() > share && decision.take.empty();
  beats_above_share_ = may ? beats_above_share_ + 1 : 0;
  if (beats_above_share_ < limits_.settled) return;
  beats_above_share_ = 0;
  for (auto& [name, project] : projects_) {
    if (project.state != State::working || project.given_among == view.daemons) continue;
    project.given_among = view.daemons;
    stop(name, project, decision);
    return;
  }
}

void LeasePlan::taken(const Lease& lease) {
  Project& project = projects_.at(lease.project);
  project.state = State::working;
  project.lease = lease;
  project.free_beats = 0;
}

std::optional<Lease> LeasePlan::ended(const std::string& name) {
  const auto found = projects_.find(name);
  if (found == projects_.end() || found->second.state == State::idle) return std::nullopt;
  Project& project = found->second;
  project.state = State::idle;
  Lease lease = std::exchange(project.lease, Lease{});
  if (!project.wanted) projects_.erase(found);
  return lease;
}

std::vector<std::string> LeasePlan::stop_all() {
  Decision decision;
  for (auto& [name, project] : projects_) {
    if (project.state == State::working) stop(name, project, decision);
  }
  return decision.stop;
}

std::size_t LeasePlan::busy() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(projects_, [](const auto& one) { return one.second.state != State::idle; }));
}

std::size_t LeasePlan::held_of_wanted() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      projects_, [](const auto& one) { return one.second.wanted && one.second.state != State::idle; }));
}

bool LeasePlan::idle() const {
  return busy() == 0;
}

}  // namespace simsync
