#include <algorithm>
#include <iostream>
#include <random>
#include <stdexcept>

#include "config/load_config.h"
#include "config/printable.h"
#include "daemon/alerts/alert_service.h"
#include "daemon/alerts/channel_factory.h"
#include "daemon/alerts/message_text.h"
#include "daemon/alerts/rehearsal.h"
#include "daemon/alerts/unlikely_rules.h"
#include "daemon/commands/commands.h"
#include "daemon/project_ids.h"
#include "storage/alert_store.h"
#include "storage/migrator.h"

namespace simsync {
namespace {

constexpr std::size_t kMostListed = 1000;

void say(const std::string& what) {
  std::cerr << "simsyncd: " << printable(what) << '\n';
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Cell text_or_null(const std::string& text) {
  return text.empty() ? Cell{} : Cell{text};
}

const AlertRuleConfig& rule_named(const std::string& name, const std::string& file, const AlertsConfig& alerts) {
  std::vector<std::string> known;
  for (const AlertRuleConfig& rule : alerts.rules) {
    if (rule.name == name) return rule;
    known.push_back(rule.name);
  }
  throw ConfigError("there is no alert rule '" + name + "' in " + file +
                    (known.empty() ? "; it has none" : "; it has " + joined(known)));
}

const AlertChannelConfig& channel_named(const std::string& name, const AlertsConfig& alerts) {
  return *std::ranges::find(alerts.channels, name, &AlertChannelConfig::name);
}

// ---- list, retry ---------------------------------------------------------------------------------------------------

ExitCode list(const CommandLine& line, const Config& config) {
  const auto store = open_postgres_alert_store(config.database.url);
  Table table{{"message", "project", "channel", "rule", "event", "alerts", "state", "formed_at", "attempts",
               "next_attempt_at", "delivered_at", "last_error"},
              {}};
  const std::vector<ListedMessage> listed =
      store->list(ids_of(chosen_projects(line, config)), line.alerts.state, kMostListed);
  for (const ListedMessage& one : listed) {
    const AlertMessage& message = one.message;
    table.rows.push_back({message.id, message.project, message.channel, message.rule,
                          std::string{message.event == AlertEvent::resolved ? "resolved" : "raised"},
                          count_cell(message.alerts), one.state, time_cell(one.formed_at), count_cell(message.attempts),
                          time_cell(one.next_attempt_at), time_cell(one.delivered_at), text_or_null(one.last_error)});
  }
  print(std::cout, table, line.output);
  if (listed.size() == kMostListed) {
    say("these are the newest " + std::to_string(kMostListed) + "; simsync.alert_message has all of them");
  }
  return ExitCode::done;
}

ExitCode retry(const CommandLine& line, const Config& config) {
  const std::string& channel = line.alerts.channel;
  const auto known = [&](const AlertChannelConfig& one) { return one.name == channel; };
  if (!channel.empty() && std::ranges::none_of(config.alerts.channels, known)) {
    throw ConfigError("--channel " + channel + " is not in " + line.config_file);
  }
  const std::uint64_t count =
      open_postgres_alert_store(config.database.url)
          ->retry(ids_of(chosen_projects(line, config)), channel, line.alerts.message, wall_clock());
  if (count == 0 && !line.alerts.message.empty()) {
    say("message " + line.alerts.message + " is not among the dead; 'simsyncd alerts list' shows them");
    return ExitCode::failed;
  }
  std::cout << count << (count == 1 ? " message" : " messages")
            << " will be sent again: by the running service within seconds, or by the next 'simsyncd sync'\n";
  return ExitCode::done;
}

// ---- test ----------------------------------------------------------------------------------------------------------

void print_rehearsal(const Rehearsal& rehearsal, OutputFormat format) {
  Table table{{"raised_at", "project", "sim_id", "provider", "from", "to", "count", "resolved_at"}, {}};
  for (const RehearsedAlert& alert : rehearsal.first) {
    table.rows.push_back({time_cell(alert.raised_at), alert.project, text_or_null(alert.sim_id),
                          text_or_null(alert.provider), text_or_null(alert.from), text_or_null(alert.to),
                          count_cell(alert.count), time_cell(alert.resolved_at)});
  }
  print(std::cout, table, format);
}

std::string number(std::uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

void summarise(const AlertRuleConfig& rule, const Rehearsal& rehearsal, TimePoint since) {
  const std::string what = number(rehearsal.alerts, "alert") + ", in " + number(rehearsal.messages, "message") +
                           " to each of: " + joined(rule.channels);
  if (rehearsal.of_the_present) {
    say("rule " + rule.name + " by the stock of now: " + what +
        (rule.lasting ? "; it raises once that has lasted for its 'for'" : "") + "; no past stock is kept");
  } else {
    say("rule " + rule.name + " since " + iso_time(since) + ": " + what +
        "; status and metadata of SIMs were taken as they are now");
  }
  if (rehearsal.alerts > rehearsal.first.size()) {
    say("the first " + std::to_string(rehearsal.first.size()) + " are shown; --since asks for a shorter time");
  }
}

// One that no receiver could take for another: its id is new, and it says what it is.
AlertMessage test_message(const AlertRuleConfig& rule, const std::string& project) {
  std::random_device random;
  AlertMessage message;
  message.id = "msg_test_" + std::to_string(random()) + std::to_string(random());
  message.project = project;
  message.rule = rule.name;
  message.type = rule.on == "stock"       ? "simsync.stock"
                 : rule.on == "freshness" ? "simsync.freshness"
                 : rule.on == "profile"   ? "simsync.profile.transition"
                                          : "simsync.sim.change";
  message.severity = rule.severity;
  message.test = true;
  message.first_raised_at = message.last_raised_at = message.pending_since = wall_clock();
  return message;
}

ExitCode send_test(const CommandLine& line, const Config& config, const AlertRuleConfig& rule,
                   const std::stop_token& stop) {
  AlertMessage message = test_message(rule, chosen_projects(line, config).front().id);
  ExitCode worst = ExitCode::done;
  for (const std::string& name : rule.channels) {
    message.channel = name;
    std::string error;
    try {
      error = make_alert_channel(channel_named(name, config.alerts), config.alerts.repeat_after)
                  ->deliver(message, stop)
                  .error;
    } catch (const std::invalid_argument& wrong) {
      throw ConfigError("alerts.channels." + name + ": " + wrong.what());
    }
    say("test message " + message.id + " to channel " + name + (error.empty() ? ": delivered" : ": " + error));
    if (!error.empty()) worst = ExitCode::failed;
  }
  return worst;
}

ExitCode test(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  const AlertRuleConfig& rule = rule_named(line.alerts.rule, line.config_file, config.alerts);
  for (const UnlikelyRule& unlikely : unlikely_rules(config)) {
    if (unlikely.rule == rule.name) say("rule " + unlikely.rule + " can never match: " + unlikely.why);
  }
  const TimePoint now = wall_clock();
  const TimePoint since = line.alerts.since.value_or(now - std::chrono::days{7});
  const auto history = open_postgres_alert_history(config.database.url);
  const auto conditions = open_postgres_alert_conditions(config.database.url);
  const Rehearsal rehearsal = rehearse(config.alerts, rule, ids_of(chosen_projects(line, config)), since, now, *history,
                                       *conditions, [&] { return stop.stop_requested(); });
  if (stop.stop_requested()) {
    say("stopped before its end");
    return ExitCode::failed;
  }
  print_rehearsal(rehearsal, line.output);
  summarise(rule, rehearsal, since);
  return line.alerts.send ? send_test(line, config, rule, stop) : ExitCode::done;
}

}  // namespace

ExitCode alerts_command(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  require_current_schema(config.database.url);
  switch (line.alerts.name) {
    case AlertsName::list:
      return list(line, config);
    case AlertsName::retry:
      return retry(line, config);
    case AlertsName::test:
      break;
  }
  return test(line, config, stop);
}

}  // namespace simsync
