#include "tests/simulation/life.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/log.h"
#include "daemon/alerts/alert_rules.h"
#include "tests/simulation/simulated_daemon.h"
#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kFaultsApart{4};  // at the most

AlertsConfig rules() {
  AlertRuleConfig rule;
  rule.name = "profile-gone";
  rule.on = "profile";
  rule.to = {"disabled", "deleted"};
  rule.channels = {"ops"};
  AlertChannelConfig channel;
  channel.name = "ops";
  channel.type = "webhook";
  AlertsConfig config;
  config.channels.push_back(channel);
  config.rules.push_back(rule);
  return config;
}

// What the seed makes of a life, before it begins.
struct Character {
  explicit Character(std::mt19937_64& random) {
    const auto up_to = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1)); };
    daemons = 1 + up_to(1);
    sims = std::array<unsigned, 5>{1, 20, 150, 420, 900}[up_to(4)];
    settings.project = "acme";
    settings.walk.interval = std::array<Milliseconds, 3>{seconds{60}, minutes{5}, minutes{15}}[up_to(2)];
    settings.walk.new_sims_interval = std::array<Milliseconds, 2>{seconds{20}, minutes{1}}[up_to(1)];
    settings.walk.parallel = std::array<unsigned, 3>{1, 4, 16}[up_to(2)];
    settings.profiles.interval = std::array<Milliseconds, 2>{minutes{2}, minutes{15}}[up_to(1)];
    settings.profiles.retired_interval = settings.profiles.interval;
    settings.profiles.quiet_interval = settings.profiles.interval;
    settings.poll_workers = 1 + up_to(7);
    pause_of_world = std::array<milliseconds, 3>{milliseconds{300}, seconds{5}, minutes{1}}[up_to(2)];
    weight_of_ends = std::array<unsigned, 3>{0, 2, 20}[up_to(2)];
    metadata = up_to(1) == 0;
    calm = up_to(9) == 0;
    mass_ends = up_to(4) == 0;
    clocks_jump = up_to(4) == 0;
    if (calm) return;
    worst_api.refused = up_to(1) * up_to(200);
    worst_api.lost = up_to(1) * up_to(50);
    worst_api.token = up_to(7) == 0 ? 30 : 0;
    worst_api.left_out = up_to(3) == 0 ? up_to(300) : 0;
    worst_api.slowest = std::array<milliseconds, 3>{milliseconds{5}, milliseconds{200}, seconds{20}}[up_to(2)];
    worst_store.broken = up_to(1) * up_to(100);
    worst_store.in_doubt = up_to(1) * up_to(100);
    worst_store.conflict = up_to(1) * up_to(50);
    worst_store.slowest = std::array<milliseconds, 3>{milliseconds{2}, milliseconds{100}, seconds{3}}[up_to(2)];
  }

  unsigned daemons;
  unsigned sims;
  SyncSettings settings;
  milliseconds pause_of_world{};
  unsigned weight_of_ends = 0;
  bool metadata = false;  // are written back, and nobody else changes them
  bool calm = false;
  bool mass_ends = false;
  bool clocks_jump = false;
  ApiFaults worst_api;
  StoreFaults worst_store;
};

class Life {
 public:
  Life(std::uint64_t seed, seconds length)
      : character_(random()), length_(length), world_(random()), judge_(rules()), clocks_{{}, character_.clocks_jump} {
    report_.description = describe(seed);
    const Surroundings around{world_, tables_, api_faults_, store_faults_, receiver_, judge_, character_.settings};
    for (unsigned i = 0; i < character_.daemons; ++i) {
      daemons_.push_back(std::make_unique<SimulatedDaemon>(i == 0 ? "one" : "other", around));
    }
  }

  LifeReport live() {
    world_.create(character_.sims);
    for (const auto& daemon : daemons_) daemon->start();
    trouble();
    peace();
    for (const auto& daemon : daemons_) {
      const Nanoseconds took = daemon->stop();
      if (took > seconds{5}) fault("a stop took " + std::to_string(took / milliseconds{1}) + " ms");
    }
    check();
    if (tables_.lease.expires_at != TimePoint::min()) fault("the lease was not given back");
    report_.simulated = std::chrono::duration_cast<seconds>(now());
    report_.world_changes = world_.changes();
    report_.history_rows = tables_.history.size();
    report_.walks = tables_.walks.size();
    report_.alerts = tables_.alerts.size();
    report_.steps = steps();
    return std::move(report_);
  }

 private:
  static std::size_t any(std::size_t count) { return random()() % count; }
  static Nanoseconds up_to(Nanoseconds most) {
    return Nanoseconds{random()() % static_cast<std::uint64_t>(most.count())};
  }

  std::string describe(std::uint64_t seed) const {
    return "seed " + std::to_string(seed) + ": " + std::to_string(character_.daemons) + " daemons, " +
           std::to_string(character_.sims) + " SIMs, walks every " +
           std::to_string(character_.settings.walk.interval / seconds{1}) + " s" + (character_.calm ? ", calm" : "") +
           (character_.mass_ends ? ", masses deleted" : "") + (character_.clocks_jump ? ", clocks jump" : "");
  }

  void fault(const std::string& what) {
    if (report_.faults.size() < 20) report_.faults.push_back(what);
  }

  // ---- while things go wrong

  void trouble() {
    Nanoseconds next_fault = up_to(kFaultsApart);
    while (now() < length_ && report_.faults.empty()) {
      sleep(std::min<Nanoseconds>(character_.pause_of_world, minutes{1}) / 2 + up_to(character_.pause_of_world));
      move_world();
      mend();
      if (character_.calm || now() < next_fault) continue;
      one_fault();
      check();
      next_fault = now() + up_to(kFaultsApart);
    }
  }

  void move_world() {
    world_.change_something(character_.weight_of_ends, !character_.metadata);
    if (any(50) == 0) world_.bring_one_back();
    if (any(30) == 0) ask_for_a_sim();
    if (character_.metadata && any(10) == 0) ask_for_metadata();
    if (character_.mass_ends && any(500) == 0) world_.delete_many(world_.sims().size() / 3);
    if (world_.sims().size() < character_.sims / 2 && any(5) == 0) world_.create(5);
  }

  // As `simsyncd sim get` does, on a machine of its own, beside the daemons. Sometimes it sees what no walk will.
  void ask_for_a_sim() {
    if (world_.sims().empty()) return;
    auto at = world_.sims().begin();
    std::advance(at, any(world_.sims().size()));
    const std::string id = at->second.id;
    const std::string status = at->second.status;
    const bool for_a_moment = any(2) == 0;
    if (for_a_moment) world_.set_status(id, status == "active" ? "inactive" : "active");
    ++report_.asked;
    try {
      const Line line;
      const SimAnswer answer = make_simulated_api(world_, api_faults_, line)->get(id, std::stop_token{});
      make_simulated_stores({tables_, store_faults_, line}, std::nullopt, &judge_)
          ->open()
          ->apply("acme", {{answer.sim, answer.exchange.asked_at, answer.exchange.observed_at}});
    } catch (const ApiError&) {
    } catch (const StorageError&) {
    }
    if (for_a_moment) world_.set_status(id, status);
  }

  // The keys are this one's alone, and the other one's are not named: neither may get lost. What somebody else changes
  // between the daemon's GET and its PATCH would, so these SIMs' metadata nobody else changes.
  void ask_for_metadata() {
    if (world_.sims().empty()) return;
    auto at = world_.sims().begin();
    std::advance(at, any(world_.sims().size()));
    const std::string key(1, static_cast<char>('a' + any(3)));
    tables_.ask_for_metadata(at->second.id, "{\"" + key + "\":\"" + std::to_string(any(1000)) + "\"}");
  }

  void one_fault() {
    SimulatedDaemon& daemon = *daemons_[any(daemons_.size())];
    const std::size_t kind = any(8);
    log::debug("simulation: fault", {{"kind", kind}, {"daemon", daemon.machine().name()}});
    switch (kind) {
      case 0:
        ++report_.kills;
        if (daemon.runs()) daemon.kill();
        start_later(daemon);
        break;
      case 1:
        ++report_.stops;
        if (daemon.runs() && daemon.machine().frozen_until() < now()) daemon.stop();
        start_later(daemon);
        break;
      case 2:
        ++report_.freezes;
        daemon.machine().freeze_until(now() + up_to(minutes{2}));
        break;
      case 3:
        if (!character_.clocks_jump) break;
        ++report_.clock_jumps;
        daemon.machine().set_clock_error(up_to(minutes{60}) - minutes{30});
        break;
      case 4:
        ++report_.outages;
        store_faults_.away = true;
        away_until_ = now() + up_to(minutes{3});
        break;
      case 5:
        ++report_.outages;
        api_faults_.away = true;
        away_until_ = now() + up_to(minutes{15});
        break;
      case 6:
        api_faults_ = {};
        store_faults_ = {};
        receiver_.fails = receiver_.loses = 0;
        break;
      default:
        receiver_.fails = static_cast<unsigned>(any(700));
        receiver_.loses = static_cast<unsigned>(any(200));
        api_faults_ = character_.worst_api;
        store_faults_ = character_.worst_store;
    }
  }

  void start_later(SimulatedDaemon& daemon) {
    if (!daemon.runs()) to_start_.emplace_back(now() + up_to(minutes{2}), &daemon);
  }

  void mend() {
    if (now() >= away_until_) store_faults_.away = api_faults_.away = false;
    for (auto& [when, daemon] : to_start_) {
      if (now() >= when && !daemon->runs()) daemon->start();
    }
    std::erase_if(to_start_, [](const auto& one) { return one.second->runs(); });
  }

  // ---- when nothing does

  void peace() {
    api_faults_ = {};
    store_faults_ = {};
    receiver_.fails = receiver_.loses = 0;
    for (const auto& daemon : daemons_) {
      daemon->machine().freeze_until(Nanoseconds{0});
      // A clock that stays wrong is one thing; that a later one is right, another.
      daemon->machine().set_clock_error(Nanoseconds{0});
      if (!daemon->runs()) daemon->start();
    }
    if (!report_.faults.empty()) return;
    const Nanoseconds begun = now();
    const Nanoseconds bound = longest_recovery();
    Faults left;
    do {
      sleep(seconds{5});
      approve();
      left.clear();
      check_equal(world_, tables_, character_.settings.profiles.providers, left);
      check_told(tables_, receiver_.told, left);
      check_requests(world_, tables_, left);
    } while (!left.empty() && now() - begun < bound);
    for (const std::string& one : left) fault("after " + std::to_string(bound / seconds{1}) + " s of peace: " + one);
    check();
    if (left.empty()) stays_unchanged();
  }

  // A lease that somebody dead holds, a circuit that is open, a walk that is gone on with and the one after it, and as
  // each may have missed what moved meanwhile, once more. After clocks that were ahead, what is stored is believed for
  // as long as they were.
  [[nodiscard]] Nanoseconds longest_recovery() const {
    const Nanoseconds regular =
        minutes{8} + 4 * character_.settings.walk.interval + 3 * character_.settings.profiles.interval;
    return character_.clocks_jump ? regular + minutes{61} : regular;
  }

  // As an operator would whom the alert has told.
  void approve() {
    const auto held = std::ranges::find_if(tables_.walks.rbegin(), tables_.walks.rend(),
                                           [](const WalkRecord& walk) { return walk.held_back > 0; });
    if (held != tables_.walks.rend()) tables_.approved.insert(held->id);
  }

  // Promise 5.
  void stays_unchanged() {
    sleep(2 * character_.settings.walk.interval);
    const std::size_t history = tables_.history.size();
    const std::size_t walks = tables_.walks.size();
    sleep(2 * character_.settings.walk.interval + seconds{30});
    if (tables_.history.size() != history) fault("a world that stands still makes history");
    if (tables_.walks.size() == walks) fault("nobody walks any more");
  }

  void check() {
    Faults found;
    history_check_.check(found);
    check_disappearances(tables_, character_.settings.walk.max_disappeared, found);
    for (const std::string& one : found) fault(one);
  }

  const Character character_;
  const Nanoseconds length_;
  World world_;
  Tables tables_;
  const AlertRules judge_;
  const Clocks clocks_;
  HistoryCheck history_check_{world_, tables_, clocks_};
  ApiFaults api_faults_;
  StoreFaults store_faults_;
  Receiver receiver_;
  std::vector<std::unique_ptr<SimulatedDaemon>> daemons_;
  std::vector<std::pair<Nanoseconds, SimulatedDaemon*>> to_start_;
  Nanoseconds away_until_{0};
  LifeReport report_;
};

}  // namespace

LifeReport live(std::uint64_t seed, std::chrono::seconds length) {
  LifeReport report;
  run(seed, [&] {
    Life life{seed, length};
    report = life.live();
  });
  return report;
}

}  // namespace simsync::simulation
