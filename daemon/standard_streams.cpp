#include "daemon/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "daemon/exit_code.h"

namespace simsync {

void occupy_closed_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one.
    if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream) {
      std::_Exit(static_cast<int>(ExitCode::failed));
    }
  }
}

}  // namespace simsync
