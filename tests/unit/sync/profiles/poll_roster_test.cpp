#include "sync/profiles/poll_roster.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace simsync {
namespace {

// Against a map, with ids that fit into a ShortId and ids that do not.
TEST(PollRoster, FindsWhoIsThereAndNobodyElse) {
  std::mt19937 random{3};
  PollRoster roster;
  std::map<std::string, PollRoster::Slot> there;
  for (int step = 0; step < 60'000; ++step) {
    std::string id = "sim_" + std::to_string(random() % 4000);
    if (random() % 3 == 0) id += " which is too long an id to be kept in few bytes";
    const auto known = there.find(id);
    const auto found = roster.find(id);
    ASSERT_EQ(found.has_value(), known != there.end()) << id;
    if (!found) {
      const auto [slot, is_new] = roster.find_or_add(id);
      ASSERT_TRUE(is_new);
      there[id] = slot;
    } else {
      ASSERT_EQ(*found, known->second);
      ASSERT_EQ(roster.find_or_add(id), std::pair(*found, false));
      ASSERT_EQ(roster.id_of(*found), id);
      if (random() % 2 == 0) {
        roster.remove(*found);
        there.erase(known);
      }
    }
    ASSERT_EQ(roster.size(), there.size());
  }
  EXPECT_LT(roster.end(), 8001U) << "places are used again";
}

TEST(PollRoster, KnowsExactly) {
  PollRoster roster;
  const PollRoster::Slot slot = roster.find_or_add("sim_1").first;
  const TimePoint time{std::chrono::milliseconds{1'789'000'000'123}};
  EXPECT_FALSE(roster.knows(slot, {"sim_1", "", {}}));
  EXPECT_EQ(roster.known(slot), std::nullopt);
  for (const TimePoint updated : {time, time + std::chrono::milliseconds{1}, TimePoint{}}) {
    const EsimProfile profile{"sim_1", "enabled", updated};
    EXPECT_FALSE(roster.knows(slot, profile));
    roster.know(slot, profile);
    EXPECT_TRUE(roster.knows(slot, profile));
    EXPECT_EQ(roster.known(slot), profile);
    EXPECT_FALSE(roster.knows(slot, {"sim_1", "Enabled", updated}));
    EXPECT_FALSE(roster.knows(slot, {"sim_1", "enabled", updated + TimePoint::duration{1}}));
    EXPECT_FALSE(roster.is_deleted(slot));
  }
  roster.know(slot, {"sim_1", "deleted", time});
  EXPECT_TRUE(roster.is_deleted(slot));
}

TEST(PollRoster, WhatItCannotKeepExactlyItDoesNotKnow) {
  PollRoster roster;
  const PollRoster::Slot slot = roster.find_or_add("sim_1").first;
  for (const TimePoint odd : {TimePoint{TimePoint::duration{1'789'000'000'123'456}},
                              TimePoint{TimePoint::duration{-1000}}, TimePoint::min(), TimePoint::max()}) {
    roster.know(slot, {"sim_1", "enabled", odd});
    EXPECT_FALSE(roster.knows(slot, {"sim_1", "enabled", odd}));
    EXPECT_EQ(roster.known(slot), std::nullopt);
  }
}

}  // namespace
}  // namespace simsync
