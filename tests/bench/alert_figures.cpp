#include "tests/bench/alert_figures.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench_setup.h"
#include "tests/support/alert_scene.h"
#include "tests/support/world.h"

namespace simsync::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kStormSims = 300'000;  // of which some 105,000 have a profile that is polled
constexpr unsigned kStorm = 100'000;      // changes at once; some SIMs are hit twice
constexpr char kShortRepeat[] = "  repeat_after: 1s\n";

// ---- how soon -----------------------------------------------------------------------------------------------------

double percentile(const std::vector<double>& sorted, double share) {
  return sorted.at(static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1)));
}

// From when an alert was raised, just before its commit, to the receiver having read the request; without group_wait.
void measure_delay(std::vector<Figure>& figures, seconds group_wait, unsigned changes) {
  test::AlertScene alerts{2000, test::kHook, test::kAnyTransition,
                          kShortRepeat + ("  group_wait: " + std::to_string(group_wait.count()) + "s\n")};
  alerts.scene.sync_well();
  const auto service = alerts.scene.daemon.start({"run"});
  const std::vector<std::string> enabled = alerts.with_profile("enabled");
  const auto step = group_wait.count() == 0 ? milliseconds{150} : milliseconds{500};
  for (unsigned i = 0; i < changes; ++i) {
    alerts.set_profile(enabled.at(i % enabled.size()), i / enabled.size() % 2 == 0 ? "disabled" : "enabled");
    std::this_thread::sleep_for(step);
  }
  if (!test::eventually([&] { return alerts.alerts_told() >= changes; }))
    throw std::runtime_error("alerts are missing");
  std::vector<double> delays;
  for (const test::ReceivedHook& hook : alerts.receiver.received()) {
    const auto raised = test::micros_of(hook.event().at("data").at("first_raised_at").get<std::string>());
    delays.push_back(static_cast<double>(hook.at - raised) / 1000 - 1000.0 * static_cast<double>(group_wait.count()));
  }
  std::ranges::sort(delays);
  const std::string what =
      "alert, commit to receiver, group_wait " + std::to_string(group_wait.count()) + " s not counted, ";
  const std::string messages = "of " + std::to_string(delays.size()) + " messages";
  for (const auto& [name, share] : {std::pair{"50 %", 0.5}, {"95 %", 0.95}, {"99 %", 0.99}, {"slowest", 1.0}}) {
    figures.push_back({what + name, number(percentile(delays, share), 0, "ms"), messages, "", "under 1000 ms"});
  }
}

// ---- storms -------------------------------------------------------------------------------------------------------

struct Storm {
  double seconds = 0;
  double cpu = 0;
  double transitions = 0;
};

Storm sync_of_a_storm(const test::Simulator& simulator, const test::TestDatabase& database,
                      const test::Daemon& daemon) {
  const auto count = [&] { return database.number("SELECT count(*) FROM simsync.esim_profile_transition"); };
  simulator.change(kStorm, "profile=1");
  settle(database);
  const long before = count();
  const RunFigures run = sync_once(daemon);
  return {run.wall_seconds, run.cpu_seconds, static_cast<double>(count() - before)};
}

// The same pass with and without a rule that every transition concerns, in turn.
void measure_storm(std::vector<Figure>& figures) {
  const test::Simulator simulator{world_of(kStormSims)};
  const test::TestDatabase database;
  test::WebhookReceiver receiver;
  const test::Settings silent = bench_settings(simulator, database);
  test::Settings telling = silent;
  telling.more = std::string{"alerts:\n"} + kShortRepeat +
                 "  channels:\n    ops: {type: webhook, url: " + receiver.url() + "}\n  rules:\n" +
                 test::kAnyTransition;
  const test::Daemon without{silent};
  const test::Daemon with{telling};
  sync_once(without);
  std::vector<double> told, untold;
  double transitions = 0;
  for (int round = 0; round < kRounds; ++round) {
    untold.push_back(sync_of_a_storm(simulator, database, without).seconds);
    const Storm storm = sync_of_a_storm(simulator, database, with);
    told.push_back(storm.seconds);
    transitions = storm.transitions;
  }
  const double ratio = median(told) / median(untold);
  figures.push_back({"`sync` of " + number(transitions, 0) + " transitions, each raises an alert, delivery included",
                     number(median(told), 2, "s"), "no rule " + number(median(untold), 2, "s"), number(ratio, 2),
                     "at most 1.1 x"});
  figures.push_back({"messages of such a `sync`", number(static_cast<double>(receiver.received().size()) / kRounds, 1),
                     "", "", "some dozens"});
}

struct Minute {
  double polls = 0;       // a second
  double seen_after = 0;  // seconds from the API's change to its record, the median
  long transitions = 0;
  std::size_t messages = 0;
  long untold = 0;
  double taken = 0;  // seconds until it was looked what is untold
};

// The running service while the API changes as fast as 100,000 a minute.
Minute minute_of_changes(const std::string& rules) {
  test::AlertScene alerts{kStormSims, test::kHook, rules, kShortRepeat};
  alerts.scene.settings.connections = 32;
  alerts.scene.configure();
  alerts.scene.sync_well();
  const std::string before =
      alerts.scene.database.value("SELECT max(transition_id) FROM simsync.esim_profile_transition");
  const auto service = alerts.scene.daemon.start({"run"});
  const auto started = std::chrono::steady_clock::now();
  alerts.scene.simulator.reset_stats();
  alerts.scene.simulator.live(kStorm / 60.0, "profile=1");
  std::this_thread::sleep_for(seconds{60});
  Minute minute;
  minute.polls = static_cast<double>(alerts.scene.simulator.requests("profile")) / 60;
  alerts.scene.simulator.pause();
  std::this_thread::sleep_for(seconds{20});
  minute.taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const std::string seen = "transition_id > " + before;
  minute.transitions = alerts.scene.count("esim_profile_transition", seen);
  minute.seen_after = std::stod(alerts.scene.database.value(
      "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', observed_at - reported_at)) "
      "FROM simsync.esim_profile_transition WHERE " +
      seen));
  minute.messages = alerts.receiver.received().size();
  minute.untold = alerts.scene.count("alert_delivery", "state <> 'delivered'");
  return minute;
}

void measure_minute(std::vector<Figure>& figures) {
  const Minute untold = minute_of_changes("    - {name: late, on: freshness, above: 1d, channels: [ops]}\n");
  const Minute told = minute_of_changes(test::kAnyTransition);
  const std::string service = "the service, while a minute brings 100,000 transitions that raise alerts: ";
  figures.push_back({service + "polls", number(told.polls, 0, "a second"),
                     "no rule " + number(untold.polls, 0, "a second"), number(untold.polls / told.polls, 2),
                     "at most 1.1 x"});
  figures.push_back({service + "a change is recorded after", number(told.seen_after, 2, "s"),
                     "no rule " + number(untold.seen_after, 2, "s"), number(told.seen_after / untold.seen_after, 2),
                     "at most 1.1 x"});
  figures.push_back({service + "messages of " + std::to_string(told.transitions), std::to_string(told.messages),
                     "untold after " + number(told.taken, 0, "s") + ": " + std::to_string(told.untold), "",
                     "some dozens"});
}

}  // namespace

void measure_alerts(std::vector<Figure>& figures) {
  measure_delay(figures, seconds{0}, 200);
  measure_delay(figures, seconds{10}, 90);
  measure_storm(figures);
  measure_minute(figures);
}

}  // namespace simsync::bench
