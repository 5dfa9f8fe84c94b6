// SIMs as the commands that ask the API print them: tables and CSV under the names of simsync.sim, JSON under the API's
// own, with the fields that this version does not know and, before all, the project, which is no field of the API's.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "daemon/output.h"
#include "storage/profile.h"
#include "storage/sim.h"

namespace simsync {

// Rows as they come, so that there may be more of them than memory holds. In JSON an array of the API's objects.
class SimPrinter {
 public:
  SimPrinter(std::ostream& out, OutputFormat format);

  void add(const std::string& project, const std::vector<SimReading>& readings);
  void finish();

 private:
  std::ostream& out_;
  OutputFormat format_;
  RowPrinter rows_;
  bool begun_ = false;
};

// One of them: in JSON the API's object, in a table a line for each column.
void print_sim(std::ostream& out, const std::string& project, const Sim& sim, OutputFormat format);
// The same of a profile, with its SIM where there is one.
void print_profile(std::ostream& out, const std::string& project, const Sim* sim, const EsimProfile& profile,
                   OutputFormat format);

}  // namespace simsync
