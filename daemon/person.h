// Who calls a command, for records that people read.
#pragma once

#include <string>

namespace simsync {

// Such as anna@host.
std::string calling_person();

}  // namespace simsync
