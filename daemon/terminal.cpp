#include "daemon/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace simsync {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool has_colours(int file) {
  const std::string_view term = variable("TERM");
  return isatty(file) == 1 && !term.empty() && term != "dumb" && variable("NO_COLOR").empty();
}

}  // namespace simsync
