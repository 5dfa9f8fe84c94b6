// What a configuration that was read anew changes of the one that is in force, in the words of the file. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace simsync {

// The sections that differ, and that a reload carries out: "api", "projects", "walk", … in the file's order.
std::vector<std::string> reloaded_sections(const Config& present, const Config& read);

// The keys that differ and are read at the start only: "database.url", …
std::vector<std::string> keys_for_a_restart(const Config& present, const Config& read);

// `read` as it can hold without a restart: what is read at the start only stays as it is at present.
Config without_restart(const Config& present, Config read);

}  // namespace simsync
