#include "daemon/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <stdexcept>

#include "config/printable.h"
#include "daemon/help_texts.h"
#include "daemon/option_groups.h"
#include "daemon/report_options.h"
#include "daemon/time_argument.h"
#include "daemon/version.h"

namespace simsync {

void add_output_option(CLI::App& command, OutputFormat& output, const std::string& description) {
  static const std::map<std::string, OutputFormat> formats = {
      {"table", OutputFormat::table}, {"json", OutputFormat::json}, {"csv", OutputFormat::csv}};
  command.add_option("--output", output, description)
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->type_name("FORMAT")
      ->default_str("table");
}

namespace {

CLI::App* add_explain(CLI::App& app, CommandLine& line) {
  CLI::App* const explain = app.add_subcommand(
      "explain", "All that is known of one SIM: now, its timeline, its last and next poll, what is pending");
  explain->add_option("sim", line.sim, "The SIM's id or ICCID")
      ->required()
      ->check([](const std::string& text) { return text.empty() ? "a SIM's id or ICCID is not empty" : ""; })
      ->type_name("SIM|ICCID");
  explain->add_option("--project", line.project, "Only this project")->type_name("P");
  explain->add_flag("--all", line.all, "The whole timeline and all that is pending, not only the newest 200 entries");
  add_output_option(*explain, line.output, "How to print: table, json or csv (the timeline only)");
  return explain;
}

CLI::App* add_report(CLI::App& app, CommandLine& line, ReportWords& words) {
  CLI::App* const report =
      app.add_subcommand("report", "The common reports: what there is or was, what happened, what needs somebody");
  report->add_option("report", words.name, "inventory, transitions, stock, stuck or gaps")
      ->required()
      ->type_name("REPORT");
  report->add_option("--at", words.at, "inventory: as it was known then; otherwise now")->type_name("TIME");
  report->add_flag("--sims", words.sims, "inventory: each SIM, not how many there are");
  report->add_option("--since", words.since, "transitions, gaps: from then on; otherwise the last 24 hours, 30 days")
      ->type_name("TIME");
  report->add_option("--until", words.until, "transitions, gaps: before then; otherwise now")->type_name("TIME");
  report->add_option("--project", line.project, "Only this project")->type_name("P");
  report->add_option("--provider", words.provider, "Only SIMs of this provider; not for gaps")->type_name("ID");
  add_output_option(*report, line.output);
  report->final_callback([&line, &words] {
    try {
      line.report = report_line(words, wall_clock());
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(error.what());
    }
  });
  return report;
}

CLI::App* add_alerts(CLI::App& app, CommandLine& line) {
  CLI::App* const alerts = app.add_subcommand(
      "alerts", "What would be, is and was told to whom: test a rule, list messages, send dead ones");
  alerts->require_subcommand(1);

  CLI::App* const test = alerts->add_subcommand("test", "What a rule would have raised by the history there is");
  test->add_option("rule", line.alerts.rule, "The rule's name in the configuration")->required()->type_name("RULE");
  test->add_flag("--send", line.alerts.send, "Also send a message marked as a test to the rule's channels");
  test->add_option_function<std::string>(
          "--since",
          [&line](const std::string& text) {
            line.alerts.since = parse_time_argument(text, wall_clock());
            if (!line.alerts.since)
              throw CLI::ValidationError("--since: '" + text + "' is no time; write 7d or 2026-03-01");
          },
          "From then on; otherwise the last 7 days")
      ->type_name("TIME");
  test->callback([&line] { line.alerts.name = AlertsName::test; });

  CLI::App* const list = alerts->add_subcommand("list", "The messages that wait or were given up, newest first");
  list->add_option("--state", line.alerts.state, "Only these: pending, dead or delivered")
      ->check(CLI::IsMember({"pending", "dead", "delivered"}))
      ->type_name("STATE");
  list->callback([&line] { line.alerts.name = AlertsName::list; });

  CLI::App* const retry = alerts->add_subcommand("retry", "Send dead messages again");
  retry->add_option("message", line.alerts.message, "Only this one; otherwise all")->type_name("MESSAGE");
  retry->add_option("--channel", line.alerts.channel, "Only those to this channel")->type_name("NAME");
  retry->callback([&line] { line.alerts.name = AlertsName::retry; });

  for (CLI::App* const command : {test, list, retry}) {
    command->add_option("--project", line.project, "Only this project")->type_name("P");
    if (command != retry) add_output_option(*command, line.output);
  }
  return alerts;
}

// Below the options of all commands that have not said anything there themselves.
void add_footers(CLI::App& app, const std::string& command) {
  if (app.get_footer().empty()) app.footer(std::string{help_footer(command)});
  for (CLI::App* const part : app.get_subcommands([](CLI::App*) { return true; })) {
    add_footers(*part, command.empty() ? part->get_name() : command + ' ' + part->get_name());
  }
}

struct Subcommand {
  CLI::App* app;
  CommandName name;
};

}  // namespace

std::variant<CommandLine, ExitCode> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app{"Keeps a SIM inventory in PostgreSQL equal to the one behind the provider's API", "simsyncd"};
  app.set_version_flag("--version", std::string{"simsyncd "} + kVersion);
  app.add_option("--config", line.config_file, "The configuration file")->capture_default_str()->type_name("FILE");
  app.require_subcommand(1);
  app.fallthrough();

  CLI::App* const run = app.add_subcommand("run", "The service: walks and polls until SIGTERM");
  CLI::App* const sync = app.add_subcommand("sync", "One complete pass: a full walk and a poll of every profile");
  sync->add_option("--project", line.project, "Only this project")->type_name("P");
  sync->add_flag("--dry-run", line.dry_run, "Say what would change and write nothing");
  sync->add_flag("--verify", line.verify, "Compare every SIM with the database, not only what seems to have changed");
  add_output_option(*sync, line.output);
  CLI::App* const check =
      app.add_subcommand("check", "Say whether configuration, token, API and database work; changes nothing");
  add_output_option(*check, line.output);
  CLI::App* const migrate = app.add_subcommand("migrate", "Bring the database's schema to this version");
  CLI::App* const status = app.add_subcommand("status", "Per project: how fresh, how many SIMs, what is due");
  status->add_option("--project", line.project, "Only this project")->type_name("P");
  add_output_option(*status, line.output);
  CLI::App* const explain = add_explain(app, line);
  ReportWords words;
  CLI::App* const report = add_report(app, line, words);
  CLI::App* const alerts = add_alerts(app, line);
  CLI::App* const sim = add_sim(app, line);
  CLI::App* const metadata = add_metadata(app, line);
  CLI::App* const stocktake = add_stocktake(app, line);
  CLI::App* const approve =
      app.add_subcommand("approve", "Accept, once, the mass disappearance that a walk has held back");
  approve->add_option("walk", line.walk, "The walk's number, as 'simsyncd status' and the alert say it")
      ->required()
      ->check(CLI::PositiveNumber)
      ->type_name("WALK");

  add_footers(app, "");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return ExitCode::done;
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> unknown =
        app.get_subcommands().empty() ? app.remaining() : std::vector<std::string>{};
    const std::string what = unknown.empty() ? error.what() : "there is no command '" + unknown.front() + "'";
    std::cerr << "simsyncd: " << printable(what) << "; 'simsyncd --help' lists the commands\n";
    return ExitCode::usage;
  }
  for (const Subcommand& known :
       {Subcommand{run, CommandName::run}, Subcommand{sync, CommandName::sync}, Subcommand{check, CommandName::check},
        Subcommand{migrate, CommandName::migrate}, Subcommand{status, CommandName::status},
        Subcommand{explain, CommandName::explain}, Subcommand{report, CommandName::report},
        Subcommand{approve, CommandName::approve}, Subcommand{alerts, CommandName::alerts},
        Subcommand{sim, CommandName::sim}, Subcommand{stocktake, CommandName::stocktake},
        Subcommand{metadata, CommandName::metadata_import}}) {
    if (known.app->parsed()) line.command = known.name;
  }
  if (sim->got_subcommand("metadata")) line.command = CommandName::sim_metadata;
  return line;
}

}  // namespace simsync
