// Prints a stocktake: for people counts and then what differs, for programs one JSON object or a CSV row for each line.
#pragma once

#include <iosfwd>

#include "daemon/output.h"
#include "daemon/stocktake/stocktake.h"

namespace simsync {

// `all`: also what matched, in tables and JSON.
void print_stocktake(std::ostream& out, const Stocktake& stocktake, OutputFormat format, bool all);

}  // namespace simsync
