// The line that `systemctl status` shows.
#include "daemon/status_line.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kNow{std::chrono::sys_days{std::chrono::year{2026} / 3 / 14}};

ProjectFigures figures(const std::string& project, TimePoint walked) {
  return {project, "here", 1200, 168, 0, 0, walked};
}

TEST(StatusLine, NamesAFewProjects) {
  ProjectFigures acme = figures("acme", kNow - minutes{3});
  acme.overdue = 2;
  ProjectFigures beta = figures("beta", kNow - seconds{5});
  beta.held_back = 70;
  EXPECT_EQ(status_line({acme, beta}, "here", kNow),
            "acme: 1200 SIMs, walked 3 min ago, 168 profiles, 2 overdue; "
            "beta: 1200 SIMs, walked 5 s ago, 168 profiles, 70 disappearances held back");
}

TEST(StatusLine, SaysWhoElseHasAProject) {
  ProjectFigures beta = figures("beta", kNow);
  beta.host = "db2";
  EXPECT_EQ(status_line({beta}, "here", kNow), "beta: with db2");
}

TEST(StatusLine, BeforeTheFirstWalkItSaysSo) {
  ProjectFigures fresh = figures("acme", kNow);
  fresh.last_complete_walk.reset();
  fresh.host.clear();
  EXPECT_EQ(status_line({fresh}, "here", kNow), "acme: 1200 SIMs, never walked, 168 profiles");
}

TEST(StatusLine, SumsUpMany) {
  std::vector<ProjectFigures> many;
  for (int i = 0; i < 6; ++i) many.push_back(figures("p" + std::to_string(i), kNow - hours{i}));
  many[5].host = "db2";
  EXPECT_EQ(status_line(many, "here", kNow),
            "5 projects: 6000 SIMs, each walked 4 h ago or later, 840 profiles; 1 with other machines");
  many[0].last_complete_walk.reset();
  EXPECT_EQ(status_line(many, "here", kNow),
            "5 projects: 6000 SIMs, some never walked, 840 profiles; 1 with other machines");
}

TEST(StatusLine, AClockThatWasSetBackIsNoNegativeTime) {
  EXPECT_EQ(status_line({figures("a", kNow + hours{1})}, "here", kNow), "a: 1200 SIMs, walked 0 s ago, 168 profiles");
}

}  // namespace
}  // namespace simsync
