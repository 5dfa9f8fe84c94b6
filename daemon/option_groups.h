// The groups of commands whose options stand in files of their own, so that each stays readable. Internal to the
// command line: like command_line.cpp, these files know CLI11, and hand over nothing but values.
#pragma once

#include <string>

#include "daemon/command_line.h"

namespace CLI {
class App;
}

namespace simsync {

// `output` outlives the parsing.
void add_output_option(CLI::App& command, OutputFormat& output,
                       const std::string& description = "How to print: table, json or csv");

// `line` outlives the parsing.
CLI::App* add_sim(CLI::App& app, CommandLine& line);
// To that.
void add_sim_metadata(CLI::App& sim, CommandLine& line);
CLI::App* add_metadata(CLI::App& app, CommandLine& line);
CLI::App* add_stocktake(CLI::App& app, CommandLine& line);

}  // namespace simsync
