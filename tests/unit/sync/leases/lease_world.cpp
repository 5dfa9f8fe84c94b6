#include "tests/unit/sync/leases/lease_world.h"

#include <algorithm>
#include <utility>

namespace simsync {

LeaseWorld::LeaseWorld(unsigned seed, std::size_t projects) : random_(seed) {
  for (std::size_t i = 0; i < projects; ++i) {
    projects_.push_back("p" + std::to_string(i));
    held_at_[projects_.back()] = 0;
  }
}

void LeaseWorld::add(std::vector<std::string> list) {
  if (list.empty()) list = projects_;
  const std::string name = "d" + std::to_string(made_++);
  daemons_.push_back(std::make_unique<Daemon>(Daemon{name,
                                                     made_ % 2,
                                                     list,
                                                     LeasePlan{list, name},
                                                     {},
                                                     {},
                                                     now_ + static_cast<Millis>(random_() % kBeat),
                                                     true,
                                                     false,
                                                     false,
                                                     false}));
}

// The server hears of it at once: its transactions are rolled back.
void LeaseWorld::kill(Daemon& daemon) {
  daemon.alive = false;
  daemon.works.clear();
}

void LeaseWorld::stop(Daemon& daemon) {
  daemon.leaving = true;
  for (const std::string& project : daemon.plan.stop_all()) daemon.works.at(project).stopping = true;
}

void LeaseWorld::fail_over(Millis lost) {
  const auto back = std::min<std::size_t>(static_cast<std::size_t>(lost / 100), past_.size());
  if (back > 0) tables_ = past_[back - 1];
  past_.clear();
  ++server_;
  for (const auto& daemon : daemons_) {
    for (auto& [project, work] : daemon->works) work.transaction.reset();
  }
}

void LeaseWorld::any_fault() {
  if (living().size() < 2 || (random_() % 8 == 0 && living().size() < 5)) add();
  Daemon& daemon = any();
  switch (random_() % 9) {
    case 0:
      kill(daemon);
      break;
    case 1:
      stop(daemon);
      break;
    case 2:
    case 3:
      daemon.frozen = !daemon.frozen;
      break;
    case 4:
    case 5:
      daemon.cut = !daemon.cut;
      break;
    case 6:
      fail_over(static_cast<Millis>(random_() % 5000));
      break;
    case 7:
      set_clock(static_cast<Millis>(random_() % 60'000) - 30'000);
      break;
    default:
      daemon.frozen = daemon.cut = false;
  }
}

void LeaseWorld::end_all_faults() {
  for (const auto& daemon : daemons_) daemon->frozen = daemon->cut = false;
  add();
}

void LeaseWorld::step() {
  past_.push_front(tables_);
  if (past_.size() > 50) past_.pop_back();
  now_ += 100;
  clock_ += 100;
  end_idle_transactions();
  std::ranges::shuffle(daemons_, random_);
  for (const auto& daemon : daemons_) {
    if (daemon->alive && !daemon->frozen) live(*daemon);
    look();
  }
}

std::vector<LeaseWorld::Daemon*> LeaseWorld::living() {
  std::vector<Daemon*> all;
  for (const auto& daemon : daemons_) {
    if (daemon->alive && !daemon->leaving) all.push_back(daemon.get());
  }
  return all;
}

LeaseWorld::Daemon& LeaseWorld::any() {
  const auto all = living();
  return *all[random_() % all.size()];
}

std::size_t LeaseWorld::working() const {
  return static_cast<std::size_t>(std::ranges::count_if(held_at_, [&](const auto& one) { return one.second == now_; }));
}

std::size_t LeaseWorld::most_of_one() const {
  std::size_t most = 0;
  for (const auto& daemon : daemons_) most = std::max(most, daemon->works.size());
  return most;
}

// ---- the database

bool LeaseWorld::shown(const Lease& lease) const {
  const auto row = tables_.leases.find(lease.project);
  return row != tables_.leases.end() && row->second.epoch == lease.epoch && row->second.holder == lease.holder;
}

LeaseView LeaseWorld::view_for(const Daemon& daemon) const {
  LeaseView view;
  view.server = std::to_string(server_);
  view.daemons = 0;
  for (const auto& other : daemons_) {
    const auto seen = tables_.seen.find(other->name);
    const bool runs = seen != tables_.seen.end() && seen->second > clock_ - kLength && seen->second <= clock_ + kLength;
    const bool shares = std::ranges::any_of(
        other->list, [&](const auto& project) { return std::ranges::count(daemon.list, project) > 0; });
    view.daemons += runs && shares ? 1 : 0;
  }
  for (const std::string& project : daemon.list) {
    const auto row = tables_.leases.find(project);
    if (row == tables_.leases.end()) continue;
    const Millis left = row->second.expires - clock_;
    view.leases.push_back({project, row->second.epoch, row->second.holder, row->second.holder,
                           std::chrono::milliseconds{left <= kLength * 3 / 2 ? left : kReleased}});
  }
  return view;
}

// What is seen of processes of the same machine.
bool LeaseWorld::is_dead(const Daemon& asking, const std::string& holder) const {
  const auto found = std::ranges::find_if(daemons_, [&](const auto& daemon) { return daemon->name == holder; });
  return found != daemons_.end() && !(*found)->alive && (*found)->host == asking.host;
}

void LeaseWorld::end_idle_transactions() {
  for (const auto& daemon : daemons_) {
    for (auto& [project, work] : daemon->works) {
      if (work.transaction && now_ - *work.transaction > kIdle) work.transaction.reset();
    }
  }
}

// ---- a daemon

void LeaseWorld::live(Daemon& daemon) {
  std::vector<std::string> ended;
  for (auto& [project, work] : daemon.works) {
    if (work.stopping && work.ends_at == 0) work.ends_at = now_ + static_cast<Millis>(random_() % 3000);
    if ((work.stopping && now_ >= work.ends_at) || !goes_on(daemon, work)) ended.push_back(project);
  }
  for (const std::string& project : ended) end_work(daemon, project);
  if (!ended.empty()) release(daemon);
  if (now_ < daemon.next_beat) return;
  daemon.next_beat = now_ + kBeat;
  if (!daemon.leaving) {
    beat(daemon);
  } else if (daemon.plan.idle()) {
    release(daemon);
    if (!daemon.cut) tables_.seen[daemon.name] = kReleased;
    kill(daemon);
  }
}

// False: it has ended by itself, for the lease is lost.
bool LeaseWorld::goes_on(Daemon& daemon, Work& work) {
  if (daemon.cut || random_() % 3 == 0) return true;
  if (work.transaction) {
    commit(work);
    work.transaction.reset();
    return true;
  }
  if (!shown(work.lease)) return false;
  work.transaction = now_;
  return true;
}

void LeaseWorld::commit(const Work& work) {
  ++writes_;
  Row& row = tables_.leases[work.lease.project];
  const std::string what = work.lease.holder + " wrote for " + work.lease.project + " in epoch " +
                           std::to_string(work.lease.epoch) + " after " + row.writer + " in " +
                           std::to_string(row.written_epoch);
  if (!shown(work.lease)) violate(what + ", and the lease was another's");
  if (work.lease.epoch < row.written_epoch) violate(what);
  if (work.lease.epoch == row.written_epoch && work.lease.holder != row.writer) violate(what);
  row.written_epoch = work.lease.epoch;
  row.writer = work.lease.holder;
}

void LeaseWorld::end_work(Daemon& daemon, const std::string& project) {
  daemon.works.erase(project);
  if (const auto lease = daemon.plan.ended(project)) daemon.to_release.push_back(*lease);
}

void LeaseWorld::release(Daemon& daemon) {
  if (daemon.cut) return;
  for (const Lease& lease : std::exchange(daemon.to_release, {})) {
    if (shown(lease)) tables_.leases[lease.project].expires = kReleased;
  }
}

void LeaseWorld::beat(Daemon& daemon) {
  if (daemon.cut) return;
  release(daemon);
  tables_.seen[daemon.name] = clock_;
  for (auto& [project, row] : tables_.leases) {
    if (row.holder == daemon.name && row.expires != kReleased) row.expires = clock_ + kLength;
  }
  const auto decision =
      daemon.plan.beat(view_for(daemon), [&](const std::string& holder) { return is_dead(daemon, holder); });
  for (const std::string& project : decision.stop) daemon.works.at(project).stopping = true;
  for (const LeasePlan::Take& one : decision.take) take(daemon, one);
}

void LeaseWorld::take(Daemon& daemon, const LeasePlan::Take& take) {
  Row& row = tables_.leases[take.project];
  const bool free = row.expires <= clock_ || row.expires > clock_ + kLength * 3 / 2 || row.holder == take.dead_holder ||
                    row.epoch == 0;
  if (!free) return;
  for (const auto& other : daemons_) {
    const auto work = other->works.find(take.project);
    if (work != other->works.end() && work->second.transaction) return;  // it waits, in vain; and ends those above 5 s
  }
  ++takes_;
  ++row.epoch;
  row.holder = daemon.name;
  row.expires = clock_ + kLength;
  const Lease lease{take.project, row.epoch, daemon.name};
  if (!daemon.works.emplace(take.project, Work{lease, false, 0, {}}).second) {
    violate(daemon.name + " begins " + take.project + " twice");
  }
  daemon.plan.taken(lease);
}

// ---- what must hold

void LeaseWorld::look() {
  std::map<std::string, unsigned> may_write;
  for (const auto& daemon : daemons_) {
    for (const auto& [project, work] : daemon->works) {
      const bool may = shown(work.lease);
      if (may && ++may_write[project] > 1) violate("two can write for " + project);
      if (!may && work.transaction) violate(daemon->name + " has a transaction under way for " + project + " it lost");
      if (may && !work.stopping && !daemon->frozen && !daemon->cut) held_at_[project] = now_;
    }
  }
}

}  // namespace simsync
