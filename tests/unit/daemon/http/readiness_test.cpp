#include "daemon/http/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TimePoint kNow{std::chrono::hours{500'000}};

Figures figures_with(std::vector<ProjectFigures> projects) {
  Figures figures;
  figures.projects = std::move(projects);
  figures.read_at = kNow;
  figures.age = 1s;
  return figures;
}

ProjectFigures walked(const std::string& id, std::chrono::seconds ago) {
  ProjectFigures project;
  project.project = id;
  project.host = "db2";
  project.last_complete_walk = kNow - ago;
  return project;
}

TEST(Readiness, EveryProjectHasToBeInsideTwiceItsInterval) {
  const Figures figures = figures_with({walked("acme", 29min), walked("beta", 30min)});
  EXPECT_THAT(unready_because(figures, {"acme", "beta"}, 15min, kNow), IsEmpty());
  EXPECT_THAT(unready_because(figures, {"acme", "beta"}, 15min, kNow + 1s),
              ElementsAre("beta: the last complete walk ended 30 min ago, walk.interval is 15 min"));
}

// Whoever works on it, so a daemon that stands by is ready; where nobody does, only until it is late.
TEST(Readiness, ItDoesNotMatterWhoWorks) {
  ProjectFigures nobodys = walked("acme", 10min);
  nobodys.host.clear();
  EXPECT_THAT(unready_because(figures_with({nobodys}), {"acme"}, 15min, kNow), IsEmpty());
  EXPECT_THAT(unready_because(figures_with({nobodys}), {"acme"}, 15min, kNow + 1h),
              ElementsAre(HasSubstr("and no daemon works on it")));
}

TEST(Readiness, BeforeTheFirstCompleteWalkNothingIs) {
  ProjectFigures project = walked("acme", 0s);
  project.last_complete_walk.reset();
  EXPECT_THAT(unready_because(figures_with({project}), {"acme"}, 15min, kNow),
              ElementsAre("acme: no walk over all SIMs was complete yet"));
  EXPECT_THAT(unready_because(figures_with({}), {"acme"}, 15min, kNow),
              ElementsAre(HasSubstr("acme: nothing is known")));
}

TEST(Readiness, TheLastWalksErrorIsSaidInOneLine) {
  ProjectFigures project = walked("acme", 2h);
  project.last_walk = {kNow, "failed", "GET: the API\nanswers 500"};
  const auto reasons = unready_because(figures_with({project}), {"acme"}, 15min, kNow);
  EXPECT_THAT(reasons, ElementsAre(HasSubstr("last walk: GET: the API?answers 500")));
}

TEST(Readiness, TheDatabaseHasToAnswer) {
  EXPECT_THAT(unready_because(Figures{}, {"acme"}, 15min, kNow), ElementsAre("database: it has not answered yet"));
  Figures figures = figures_with({walked("acme", 1min)});
  figures.age = 16s;
  EXPECT_THAT(unready_because(figures, {"acme"}, 15min, kNow), ElementsAre("database: it has not answered for 16 s"));
  figures.age = 1s;
  figures.error = "cannot connect";
  EXPECT_THAT(unready_because(figures, {"acme"}, 15min, kNow), ElementsAre("database: cannot connect"));
}

TEST(RoughTime, IsShort) {
  EXPECT_EQ(rough_time(-5s), "0 s");
  EXPECT_EQ(rough_time(99s), "99 s");
  EXPECT_EQ(rough_time(100s), "1 min");
  EXPECT_EQ(rough_time(100min), "1 h");
  EXPECT_EQ(rough_time(48h), "2 d");
}

}  // namespace
}  // namespace simsync
