// The details of an alert that is about no SIM, as text. Pure. Internal to daemon/alerts/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "storage/alert_store.h"

namespace simsync {

// The members of the JSON object, at most 20: strings as they are, everything else as JSON. None where it is not one.
std::vector<std::pair<std::string, std::string>> details_of(const AlertMessage& message);

}  // namespace simsync
