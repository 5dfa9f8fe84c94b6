#include "sync/api/waiting_lanes.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

namespace simsync {
namespace {

struct Caller {
  Lane lane;
  int number;
};

// A queue whose callers come, are served and give up.
class Line {
 public:
  void come(Lane lane) {
    callers_.push_back(std::make_unique<Caller>(Caller{lane, static_cast<int>(callers_.size())}));
    lanes_.come(*callers_.back());
  }
  const Caller* serve() {
    const Caller* const next = lanes_.next();
    if (next == nullptr) return nullptr;
    lanes_.leave(*next);
    lanes_.served(next->lane);
    return next;
  }
  void give_up(int number) { lanes_.leave(*callers_[static_cast<std::size_t>(number)]); }
  std::vector<int> serve_all() {
    std::vector<int> numbers;
    while (const Caller* const caller = serve()) numbers.push_back(caller->number);
    return numbers;
  }
  WaitingLanes<Caller>& lanes() { return lanes_; }

 private:
  std::vector<std::unique_ptr<Caller>> callers_;
  WaitingLanes<Caller> lanes_;
};

Lane other_than(Lane lane) {
  return lane == Lane::polls ? Lane::others : Lane::polls;
}

TEST(WaitingLanes, NobodyIsNextWhereNobodyWaits) {
  Line line;
  EXPECT_EQ(line.lanes().next(), nullptr);
  EXPECT_TRUE(line.lanes().empty());
  line.come(Lane::others);
  EXPECT_EQ(line.lanes().size(), 1U);
  EXPECT_EQ(line.lanes().size(Lane::others), 1U);
  EXPECT_EQ(line.lanes().size(Lane::polls), 0U);
}

TEST(WaitingLanes, WithinALaneFirstComeFirstServed) {
  for (const Lane lane : {Lane::polls, Lane::others}) {
    Line line;
    for (int i = 0; i < 5; ++i) line.come(lane);
    line.give_up(2);
    EXPECT_EQ(line.serve_all(), (std::vector<int>{0, 1, 3, 4}));
    EXPECT_TRUE(line.lanes().empty());
  }
}

TEST(WaitingLanes, TheLanesTakeTurns) {
  for (const Lane first : {Lane::polls, Lane::others}) {
    Line line;
    for (int i = 0; i < 4; ++i) line.come(other_than(first));
    for (int i = 0; i < 2; ++i) line.come(first);
    line.lanes().served(other_than(first));
    EXPECT_EQ(line.serve_all(), (std::vector<int>{4, 0, 5, 1, 2, 3}));
  }
}

TEST(WaitingLanes, WhoGivesUpLeavesItsTurnToItsLane) {
  Line line;
  line.lanes().served(Lane::others);
  line.come(Lane::polls);
  line.come(Lane::others);
  line.come(Lane::polls);
  line.give_up(0);
  EXPECT_EQ(line.serve_all(), (std::vector<int>{2, 1}));
}

// Whoever is first of its lane sees at most one of the other lane served before it, however many come there meanwhile;
// whoever has others before it in its lane, at most one more for each of them.
TEST(WaitingLanes, NeitherLaneCanStarveTheOther) {
  for (const Lane hungry : {Lane::polls, Lane::others}) {
    const unsigned seed = 11;
    std::mt19937 random(seed);
    Line line;
    for (int i = 0; i < 32; ++i) line.come(hungry);
    std::size_t served_before = 0;
    for (int i = 0; i < 10'000; ++i) {
      if (random() % 3 == 0 && line.lanes().size(other_than(hungry)) < 3) line.come(other_than(hungry));
      const bool other_waits = line.lanes().size(other_than(hungry)) > 0;
      const Caller* const caller = line.serve();
      ASSERT_NE(caller, nullptr);
      if (caller->lane == hungry) {
        line.come(hungry);
        served_before += other_waits ? 1 : 0;
        ASSERT_LE(served_before, 1U) << "seed " << seed;
      } else {
        served_before = 0;
      }
    }
  }
}

}  // namespace
}  // namespace simsync
