// The world's own life: what it changes, and what it never does.
#include "tests/simulator/changes.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/simulator/generator.h"
#include "tests/simulator/world.h"

namespace simsync::simulator {
namespace {

std::string without_time(std::string line) {
  const auto at = line.find(R"("at":)");
  return line.erase(at, line.find(',', at) - at + 1);
}

TEST(Changes, MixIsReadStrictly) {
  const ChangeMix mix = parse_mix("status=2,delete=0.5");
  EXPECT_EQ(mix.status, 2);
  EXPECT_EQ(mix.remove, 0.5);
  EXPECT_EQ(mix.profile, 0);
  for (const char* broken : {"status", "status=", "status=x", "status=-1", "foo=1", "status=0", "", "status=1,,"})
    EXPECT_THROW(parse_mix(broken), std::invalid_argument) << broken;
}

TEST(Changes, EqualSeedsChangeEqually) {
  const ChangeMix mix{4, 0, 1, 0, 0.1};  // births and profile times look at the clock
  const auto one = generate_project("gigs", "t", 500, 3), other = generate_project("gigs", "t", 500, 3);
  ChangeMaker first(9), second(9);
  for (int i = 0; i < 300; ++i) {
    first.change(*one, mix);
    second.change(*other, mix);
  }
  ASSERT_EQ(one->log().size(), other->log().size());
  for (std::size_t i = 0; i < one->log().size(); ++i)
    EXPECT_EQ(without_time(one->log()[i]), without_time(other->log()[i]));
}

TEST(Changes, OfAProfileOnlyWhereOneIsReportedAndWithRisingTime) {
  const auto project = generate_project("gigs", "t", 40, 3);
  std::map<Position, Seconds> last;
  for (Position p = 0; p < project->end(); ++p) last[p] = project->at(p).profile_updated_at;
  ChangeMaker maker(9);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(maker.change(*project, parse_mix("profile=1")));
    for (Position p = 0; p < project->end(); ++p) {
      const Sim& sim = project->at(p);
      if (sim.profile_updated_at == last[p]) continue;
      EXPECT_GT(sim.profile_updated_at, last[p]);
      EXPECT_EQ(sim.type, kEsim);
      EXPECT_TRUE(project->words().reports_profiles(sim.provider));
      last[p] = sim.profile_updated_at;
    }
  }
  EXPECT_EQ(project->log().size(), 500U);
}

TEST(Changes, SomeProfilesAreReportedLate) {
  const auto project = generate_project("gigs", "t", 5000, 3);
  ChangeMaker maker(9);
  for (int i = 0; i < 200; ++i) maker.change(*project, parse_mix("profile=1"));
  int late = 0;
  for (Position p = 0; p < project->end(); ++p) {
    const auto age = now_seconds() - project->at(p).profile_updated_at;
    if (age >= std::chrono::seconds(50) && age < std::chrono::minutes(20)) ++late;
  }
  EXPECT_GT(late, 10);
  EXPECT_LT(late, 70);
}

TEST(Changes, OfAnEmptyProjectAreBirthsOnly) {
  Project project("empty", "t", 0);
  ChangeMaker maker(1);
  EXPECT_FALSE(maker.change(project, parse_mix("status=1,profile=1,metadata=1,delete=1")));
  EXPECT_TRUE(maker.change(project, parse_mix("create=1")));
  EXPECT_EQ(project.living(), 1U);
}

TEST(Changes, AreSpreadOverTheProjectsBySize) {
  World world({{"big", "a", 900}, {"small", "b", 100}}, 1, ChangeMix{});
  world.live(1000);
  EXPECT_NEAR(static_cast<double>(world.find("big")->log().size()), 900, 50);
  EXPECT_NEAR(static_cast<double>(world.find("small")->log().size()), 100, 50);
}

}  // namespace
}  // namespace simsync::simulator
