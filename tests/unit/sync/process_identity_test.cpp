#include "sync/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace simsync {
namespace {

TEST(ProcessIdentity, TellsTheLivingFromTheDead) {
  const std::string self = this_process();
  EXPECT_EQ(still_runs(self), true);
  EXPECT_EQ(still_runs(self + "1"), false) << "the id was given to another process since";
  const std::string boot = self.substr(0, self.find(' '));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(still_runs(boot + ' ' + std::to_string(child) + " 1"), false);
  EXPECT_EQ(still_runs(boot + " ../self 1"), false);
  EXPECT_EQ(still_runs(boot), false);
  EXPECT_EQ(still_runs("another-boot 1 1"), std::nullopt);
  EXPECT_NE(boot.find("/pid:["), std::string::npos) << boot;
  EXPECT_EQ(still_runs(boot.substr(0, boot.find('/')) + "/pid:[1] 1 1"), std::nullopt) << "in another container";
  EXPECT_EQ(still_runs(""), std::nullopt);
}

}  // namespace
}  // namespace simsync
