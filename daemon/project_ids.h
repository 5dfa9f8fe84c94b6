// The projects of a configuration by their ids, for whoever asks the database about them.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace simsync {

// In the order of the configuration.
inline std::vector<std::string> ids_of(const std::vector<ProjectConfig>& projects) {
  std::vector<std::string> ids;
  for (const ProjectConfig& project : projects) ids.push_back(project.id);
  return ids;
}

}  // namespace simsync
