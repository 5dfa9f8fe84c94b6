// Where the mirror has a SIM of which somebody gives the id or the ICCID. Only reads.
#pragma once

#include <string>
#include <vector>

#include "storage/storage_error.h"

namespace simsync {

struct FoundSim {
  std::string project;
  std::string sim_id;
  std::string provider;
  std::string type;
  std::string status;
};

// At most so many are read: an ICCID is no key.
inline constexpr std::size_t kMostFound = 100;

// The SIMs of these projects with this id, also those that are missing.
std::vector<FoundSim> find_sims_by_id(const std::string& url, const std::vector<std::string>& projects,
                                      const std::string& sim_id);
// Those with this ICCID that are present; an F at the end, of either, does not count. Reads the projects' SIMs. Both in
// the order of project and id; the texts have to be UTF-8. They block, and throw StorageError, also for a schema that
// is not this version's.
std::vector<FoundSim> find_sims_by_iccid(const std::string& url, const std::vector<std::string>& projects,
                                         const std::string& iccid);

}  // namespace simsync
