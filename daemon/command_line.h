// The command line as values. command_line.cpp is the only file that knows CLI11.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "daemon/exit_code.h"
#include "daemon/output.h"
#include "storage/sim.h"

namespace simsync {

enum class CommandName { run, sync, check, migrate, status, explain, report, approve, alerts };

enum class ReportName { inventory, transitions, stock, stuck, gaps };

struct ReportLine {
  ReportName name = ReportName::inventory;
  bool sims = false;               // each SIM, not their counts
  std::string provider;            // empty: all
  std::optional<TimePoint> at;     // of the inventory; none: now
  std::optional<TimePoint> since;  // of transitions and gaps, which always have both
  std::optional<TimePoint> until;
};

enum class AlertsName { test, list, retry };

struct AlertsLine {
  AlertsName name = AlertsName::list;
  std::string rule;                // to test
  bool send = false;               // a test message, too
  std::optional<TimePoint> since;  // none: the last 7 days
  std::string state;               // to list; empty: pending and dead ones
  std::string channel;             // whose messages are sent again; empty: all
  std::string message;             // that is sent again; empty: all
};

struct CommandLine {
  CommandName command = CommandName::run;
  std::string config_file = "/etc/simsyncd/simsyncd.yaml";
  std::string project;  // empty: all
  bool dry_run = false;
  bool verify = false;    // compare all SIMs with the database
  std::int64_t walk = 0;  // to approve
  std::string sim;        // to explain: an id or an ICCID
  bool all = false;       // the whole timeline
  ReportLine report;
  AlertsLine alerts;
  OutputFormat output = OutputFormat::table;
};

// What to do, or the exit code when all is said already: help and version go to stdout, a usage error is one line on
// stderr.
std::variant<CommandLine, ExitCode> parse_command_line(int argc, const char* const* argv);

}  // namespace simsync
