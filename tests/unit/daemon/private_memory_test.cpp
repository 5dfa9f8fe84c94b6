#include "daemon/private_memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

namespace simsync {
namespace {

[[noreturn]] void try_it() {
  keep_memory_private();
  rlimit limit{1, 1};
  getrlimit(RLIMIT_CORE, &limit);
  std::_Exit(prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1);
}

TEST(PrivateMemory, LeavesNoCore) {
  EXPECT_EXIT(try_it(), testing::ExitedWithCode(0), "") << "in a child, for it cannot be undone";
}

}  // namespace
}  // namespace simsync
