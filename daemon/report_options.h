// The options of `simsyncd report`: which report takes which, and what a span is that is not given. Internal to
// command_line.cpp.
#pragma once

#include <optional>
#include <string>

#include "daemon/command_line.h"

namespace simsync {

// As they were written.
struct ReportWords {
  std::string name;
  std::optional<std::string> provider;
  std::optional<std::string> at;
  std::optional<std::string> since;
  std::optional<std::string> until;
  bool sims = false;
};

// Throws std::invalid_argument, whose text is one line for the user.
ReportLine report_line(const ReportWords& words, TimePoint now);

}  // namespace simsync
