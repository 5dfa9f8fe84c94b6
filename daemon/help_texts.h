// What --help says below the options: examples, and what an exit code means where that needs saying.
#pragma once

#include <string_view>

namespace simsync {

// Of a command with all its words, "alerts list" for instance; of the program for "". Empty where nothing is to be
// said. A line that begins with two blanks is an example, to be copied.
std::string_view help_footer(std::string_view command);

}  // namespace simsync
