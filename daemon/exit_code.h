// What the program's exit status means (product.md, "Commands"); scripts and systemd rely on it.
#pragma once

namespace simsync {

enum class ExitCode {
  done = 0,
  failed = 1,
  usage = 2,  // usage or configuration
  api = 3,    // the API refused or could not be reached
  database = 4,
};

}  // namespace simsync
