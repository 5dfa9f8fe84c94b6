// The command line as values. command_line.cpp and the files of option_groups.h are the only ones that know CLI11.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/exit_code.h"
#include "daemon/output.h"
#include "storage/sim.h"

namespace simsync {

enum class CommandName {
  run,
  sync,
  check,
  migrate,
  status,
  explain,
  report,
  approve,
  alerts,
  sim,
  sim_metadata,
  metadata_import,
  stocktake
};

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

// The API's operations, for one SIM at a time.
enum class SimName { list, get, profile, search, credentials };

struct SimLine {
  SimName name = SimName::list;
  std::string sim;         // an id or an ICCID, as it was written
  bool no_record = false;  // what the answer says is not written to the database
  // list; empty: not asked for
  std::vector<std::string> providers;
  std::vector<std::string> statuses;
  std::string type;  // also of search
  std::string user;
  std::string after;
  std::string before;
  std::uint64_t limit = 10;
  bool all = false;
  // search
  std::string iccid;
  std::string file;  // '-': the standard input
  // credentials
  std::string png;
  bool reveal = false;
};

// Of `sim metadata` and `metadata import`.
struct MetadataLine {
  std::vector<std::string> changes;  // KEY=VALUE or KEY:=JSON, as they were written
  std::vector<std::string> remove;
  std::chrono::milliseconds wait = std::chrono::seconds{30};  // for the answer
  bool no_wait = false;
  std::string file;               // to import; '-': the standard input
  std::vector<std::string> keys;  // the columns that are keys; empty: all but the one that names the SIM
  bool remove_empty = false;      // an empty cell removes the key
};

struct StocktakeLine {
  std::string file;      // '-': the standard input
  std::string column;    // empty: found
  std::string provider;  // empty: all
  std::string type;      // empty: both
  bool no_search = false;
  std::uint64_t most_searches = 1000;
  bool no_record = false;  // what a search says is not written to the database
};

struct CommandLine {
  CommandName command = CommandName::run;
  std::string config_file = "/etc/simsyncd/simsyncd.yaml";
  std::string project;  // empty: all
  bool dry_run = false;
  bool verify = false;    // compare all SIMs with the database
  std::int64_t walk = 0;  // to approve
  std::string sim;        // to explain: an id or an ICCID
  bool all = false;       // the whole timeline; of a stocktake, also what matched
  ReportLine report;
  AlertsLine alerts;
  SimLine sim_line;
  MetadataLine metadata;
  StocktakeLine stocktake;
  OutputFormat output = OutputFormat::table;
};

// What to do, or the exit code when all is said already: help and version go to stdout, a usage error is one line on
// stderr.
std::variant<CommandLine, ExitCode> parse_command_line(int argc, const char* const* argv);

}  // namespace simsync
