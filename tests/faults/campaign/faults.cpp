#include "tests/faults/campaign/faults.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "tests/faults/api_faults.h"

namespace simsync::test {

Faults::Faults(Stage& stage, Figures& figures, unsigned seed, bool disks)
    : stage_(stage), figures_(figures), random_(seed) {
  add_daemons();
  add_servers(disks);
  add_ways("API", stage_.api_gates_);
  add_ways("database", stage_.database_gates_);
  add_api();
}

std::string Faults::strike() {
  if (deck_.empty()) {
    for (std::size_t i = 0; i < kinds_.size(); ++i) deck_.push_back(i);
    std::shuffle(deck_.begin(), deck_.end(), random_);
  }
  for (std::size_t i = 0; i < deck_.size(); ++i) {
    const Kind& kind = kinds_[deck_[i]];
    const std::size_t which = random_() % 2;
    hits_ = kind.hits + (kind.of_one ? " of " + DaemonPair::name(which) : "");
    if (is_hit(hits_) || !kind.begin(which)) continue;
    deck_.erase(deck_.begin() + static_cast<std::ptrdiff_t>(i));
    ++figures_.faults[kind.name];
    return kind.name + (kind.of_one ? " (" + DaemonPair::name(which) + ")" : "");
  }
  return {};
}

void Faults::tick() {
  for (auto one = ongoing_.begin(); one != ongoing_.end();) {
    if (Clock::now() < one->until) {
      ++one;
      continue;
    }
    one->end();
    one = ongoing_.erase(one);
  }
}

void Faults::end_all() {
  for (const Ongoing& one : ongoing_) one.end();
  ongoing_.clear();
}

void Faults::add(const std::string& name, const std::string& hits, bool of_one, Begin begin) {
  kinds_.push_back({name, hits, of_one, std::move(begin)});
}

bool Faults::is_hit(const std::string& what) const {
  return std::any_of(ongoing_.begin(), ongoing_.end(), [&](const Ongoing& one) { return one.hits == what; });
}

void Faults::last(Milliseconds time, std::function<void()> end) {
  ongoing_.push_back({hits_, Clock::now() + time, std::move(end)});
}

Faults::Milliseconds Faults::any(int from, int to) {
  return Milliseconds{from + static_cast<int>(random_() % static_cast<unsigned>(to - from))};
}

// ---- the daemons

bool Faults::freeze(std::size_t which, Milliseconds time) {
  if (!stage_.has_begun(which)) return false;
  stage_.processes_[which]->signal(SIGSTOP);
  last(time, [this, which] {
    if (stage_.processes_[which]) stage_.processes_[which]->signal(SIGCONT);
  });
  return true;
}

void Faults::add_daemons() {
  add("daemon: kill -9", "process", true, [this](std::size_t which) {
    if (!stage_.has_begun(which)) return false;
    stage_.finish(which, SIGKILL);
    last(any(0, 3000), [this, which] { stage_.start(which); });
    return true;
  });
  add("daemon: stopped and started", "process", true, [this](std::size_t which) {
    if (!stage_.has_begun(which)) return false;
    const bool well = ongoing_.empty();
    const auto status = stage_.finish(which, SIGTERM);
    if (!status || (well && *status != 0)) {
      stage_.complaints_.push_back(DaemonPair::name(which) + " did not end well by SIGTERM: " +
                                   (status ? std::to_string(*status) : "it still ran after 20 s"));
    }
    last(any(0, 2000), [this, which] { stage_.start(which); });
    return true;
  });
  add("daemon: frozen, shorter than the lease", "process", true,
      [this](std::size_t which) { return freeze(which, any(300, 5000)); });
  add("daemon: frozen, longer than the lease", "process", true,
      [this](std::size_t which) { return freeze(which, any(9000, 14'000)); });
  add("daemon: SIGHUP", "hangup", true, [this](std::size_t which) {
    if (!stage_.has_begun(which)) return false;
    stage_.processes_[which]->signal(SIGHUP);
    return true;
  });
}

// ---- the database

void Faults::add_servers(bool disks) {
  add("PostgreSQL: restarted (fast)", "server", false, [this](std::size_t) {
    stage_.servers_.primary().stop();
    last(any(0, 3000), [this] { stage_.servers_.primary().start(); });
    return true;
  });
  add("PostgreSQL: restarted (immediate)", "server", false, [this](std::size_t) {
    stage_.servers_.primary().crash();
    last(any(0, 3000), [this] { stage_.servers_.primary().start(); });
    return true;
  });
  add("PostgreSQL: failed over to the standby", "server", false, [this](std::size_t) {
    if (!stage_.standby_is_ready()) return false;
    stage_.fail_over();
    return true;
  });
  add("PostgreSQL: sessions terminated", "server", false, [this](std::size_t) {
    return stage_.with_database([this] { static_cast<void>(stage_.database_.end_other_sessions()); });
  });
  if (!disks) {
    figures_.not_possible["PostgreSQL: disk full"] = "nothing may be mounted";
    return;
  }
  add("PostgreSQL: disk full", "server", false, [this](std::size_t) {
    stage_.servers_.primary().fill_disk();
    last(any(2000, 7000), [this] {
      PrivateServer& server = stage_.servers_.primary();
      server.free_disk();
      // Where it could not recover for want of room it has ended, and somebody starts it again.
      if (!eventually([&] { return server.running(); }, std::chrono::seconds{3})) {
        server.stop();
        server.start();
      }
    });
    return true;
  });
}

// ---- the network

void Faults::add_ways(const std::string& name, const std::vector<std::unique_ptr<Gate>>& gates) {
  add("network: cut to the " + name, name, true, [&, this](std::size_t which) {
    Gate& gate = *gates[which];
    gate.cut();
    last(any(500, 12'000), [&gate] {
      gate.sever();  // a request that was given up must not arrive minutes late: no writer could guard against it
      gate.heal();
    });
    return true;
  });
  add("network: slow to the " + name, name, true, [&, this](std::size_t which) {
    Gate& gate = *gates[which];
    gate.slow(300 + random_() % 2000);
    last(any(2000, 8000), [&gate] { gate.slow(0); });
    return true;
  });
  add("network: connections broken to the " + name, name, true, [&](std::size_t which) {
    gates[which]->sever();
    return true;
  });
}

// ---- the API, and who is told

bool Faults::order_api_fault() {
  static const std::vector<ApiFault> all = every_api_fault();
  const ApiFault& fault = all[next_api_fault_++ % all.size()];
  for (const std::string& where : fault.where) {
    nlohmann::json order = fault.order;
    order["where"] = where;
    order["probability"] =
        where == "profile" && fault.poll_probability > 0 ? fault.poll_probability : fault.probability;
    stage_.simulator_.fault(order);
  }
  last(any(2000, 6000), [this] { stage_.simulator_.clear_faults(); });
  ++figures_.of_simulator[fault.name];
  return true;
}

void Faults::add_api() {
  for (int i = 0; i < 3; ++i) {
    add(kApiFault, "simulator", false, [this](std::size_t) { return order_api_fault(); });
  }
  add("API: writes fail", "simulator", false, [this](std::size_t) {
    for (const bool applied : {false, true}) {
      stage_.simulator_.fault(
          {{"fault", "status"}, {"where", "update"}, {"status", 503}, {"applied", applied}, {"probability", 0.3}});
    }
    stage_.simulator_.fault({{"fault", "close"}, {"where", "sim"}, {"probability", 0.2}});
    last(any(2000, 6000), [this] { stage_.simulator_.clear_faults(); });
    return true;
  });
  add("API: another token", "token", false, [this](std::size_t) {
    stage_.move_token();
    last(any(0, 4000), [this] { stage_.give_token(); });
    return true;
  });
  add("API: another certificate", "certificate", false, [this](std::size_t) {
    stage_.move_certificate(true);
    return true;
  });
  add("API: a certificate of nobody", "certificate", false, [this](std::size_t) {
    stage_.move_certificate(false);
    last(any(500, 4000), [this] { stage_.move_certificate(true); });
    return true;
  });
  add("receiver of alerts: answers 503", "receiver", false, [this](std::size_t) {
    stage_.receiver_.answer(503);
    last(any(1000, 6000), [this] { stage_.receiver_.answer(204); });
    return true;
  });
  add("receiver of alerts: away", "receiver", false, [this](std::size_t) {
    stage_.receiver_.down();
    last(any(1000, 6000), [this] { stage_.receiver_.up(); });
    return true;
  });
}

}  // namespace simsync::test
