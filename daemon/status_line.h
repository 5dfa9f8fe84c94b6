// The present figures in one line, for whoever glances at the service.
#pragma once

#include <string>
#include <vector>

#include "storage/project_figures.h"

namespace simsync {

// `acme: 12345 SIMs, walked 3 min ago, 168 profiles, 2 overdue; beta: with db2`. Of more than four projects their sums.
std::string status_line(const std::vector<ProjectFigures>& projects, const std::string& this_host, TimePoint now);

}  // namespace simsync
