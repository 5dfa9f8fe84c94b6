// Whatever happens to daemons and database, in thousands of lives: never two that can write for a project, and soon
// somebody who does.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/sync/leases/lease_world.h"

namespace simsync {
namespace {

unsigned from_environment(const char* name, unsigned otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : otherwise;
}

// For a minute nobody is without its daemon for longer than `patience`.
void expect_soon_held(LeaseWorld& world, LeaseWorld::Millis patience) {
  const LeaseWorld::Millis begun = world.now();
  while (world.now() < begun + 60'000) {
    world.step();
    for (const std::string& project : world.projects()) {
      ASSERT_LE(world.now() - std::max(begun, world.unheld_since(project)), patience) << project << " has nobody";
    }
  }
}

void play(unsigned seed) {
  SCOPED_TRACE("SIMSYNC_LEASE_SEED=" + std::to_string(seed));
  LeaseWorld world{seed, 1 + seed % 5};
  const bool alike = seed % 3 != 0;
  world.add();
  world.add(alike ? world.projects() : std::vector<std::string>{world.projects().back()});
  for (int faults = 0; faults < 40; ++faults) {
    // Often one right after the other.
    world.run(static_cast<LeaseWorld::Millis>(world.random() % (world.random() % 2 == 0 ? 6000 : 300)));
    world.any_fault();
  }
  world.end_all_faults();
  // Who has room may not know the project, and then it takes some beats more.
  expect_soon_held(world, alike ? 15'000 : 20'000);
  EXPECT_GT(world.takes(), 0U);
  EXPECT_GT(world.writes(), 100U);
  ASSERT_TRUE(world.violations().empty()) << world.violations().front() << " (of " << world.violations().size() << ")";
}

TEST(LeasePlanModel, NeverTwoWritersAndSoonOneWhateverHappens) {
  const unsigned first = from_environment("SIMSYNC_LEASE_SEED", 0);
  const unsigned worlds =
      std::getenv("SIMSYNC_LEASE_SEED") != nullptr ? 1 : from_environment("SIMSYNC_LEASE_WORLDS", 300);
  for (unsigned seed = first; seed < first + worlds && !testing::Test::HasFailure(); ++seed) play(seed);
}

// Of the server, just after somebody was killed.
TEST(LeasePlanModel, AClockThatIsSetBackOrForwardHoldsUpNobody) {
  for (unsigned seed = 0; seed < 100 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    LeaseWorld world{seed, 4};
    world.add();
    world.add();
    world.run(20'000);
    LeaseWorld::kill(world.any());
    world.set_clock(static_cast<LeaseWorld::Millis>(world.random() % 7'200'000) - 3'600'000);
    expect_soon_held(world, 15'000);
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
}

TEST(LeasePlanModel, TheSharesAreEvenAfterAWhile) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    LeaseWorld world{seed, 6};
    world.add();
    world.run(10'000);
    world.add();
    world.add();
    world.run(120'000);
    ASSERT_EQ(world.working(), 6U) << "seed " << seed;
    ASSERT_EQ(world.most_of_one(), 2U) << "seed " << seed;
  }
}

// A project is without a daemon while it changes hands, once; what nobody wants is not offered again and again.
TEST(LeasePlanModel, SharesThatAreEvenStayWhereTheyAre) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    LeaseWorld world{seed, 4};
    world.add();
    world.run(5000);
    world.add({world.projects().back()});
    world.run(120'000);
    const auto before = world.takes();
    world.run(600'000);
    ASSERT_EQ(world.takes(), before) << "seed " << seed;
  }
}

}  // namespace
}  // namespace simsync
