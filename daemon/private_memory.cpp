#include "daemon/private_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace simsync {

void keep_memory_private() {
  // The measure: a process that is not dumpable leaves no core at all. The limit alone would not do, for it is not
  // enforced where cores are piped to a program (core(5)), nor does /proc/PID/coredump_filter, which leaves the stack.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    throw std::runtime_error(std::string{"core dumps cannot be switched off: "} + std::strerror(errno));
  }
  // In addition, should anything make the process dumpable again (prctl(2) has a list). May fail: the systemd unit
  // forbids the call, having set the same limit itself (LimitCORE=0).
  const rlimit none{0, 0};
  static_cast<void>(setrlimit(RLIMIT_CORE, &none));
}

}  // namespace simsync
