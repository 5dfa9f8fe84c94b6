#include "sync/walk/walk_segment.h"

#include <gtest/gtest.h>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

constexpr TimePoint kBorn = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

// SIMs are numbered down the list.
SimPage page_of(int first, int count) {
  SimPage page;
  for (int i = first; i < first + count; ++i) page.sims.push_back(fake_sim("sim_" + std::to_string(i)));
  page.more_after = page.sims.back().id;
  return page;
}

void read(WalkSegment& segment, int first, int count, std::optional<std::int32_t> ended_at, std::uint64_t number) {
  segment.asked();
  segment.read(page_of(first, count), ended_at);
  segment.wait_for_commit(number);
}

TEST(WalkSegment, StoresWhatIsCommittedAndWhatNeedsNoCommit) {
  WalkSegment segment{"cut", kBorn};
  read(segment, 0, 10, std::nullopt, 0);
  EXPECT_EQ(segment.progress({}).after, "sim_9");
  read(segment, 10, 10, std::nullopt, 2);
  read(segment, 20, 10, std::nullopt, 0);
  read(segment, 30, 10, std::nullopt, 4);
  EXPECT_EQ(segment.state(), WalkSegment::State::written);
  EXPECT_EQ(segment.progress({}).after, "sim_9");
  EXPECT_EQ(segment.progress({4}).after, "sim_9");
  EXPECT_EQ(segment.progress({2}).after, "sim_29");
  EXPECT_EQ(segment.progress({2, 4}).after, "sim_39");
  segment.committed(2);
  EXPECT_EQ(segment.state(), WalkSegment::State::ready);
  EXPECT_EQ(segment.progress({}).after, "sim_29");
}

// It met a cut, whose segment was lost; it went on and met another one.
TEST(WalkSegment, AnEarlierEndIsNotStored) {
  WalkSegment segment{"", kBorn};
  read(segment, 0, 10, 1, 1);
  EXPECT_EQ(segment.progress({1}).ended_at, 1);
  EXPECT_EQ(segment.progress({}).ended_at, WalkSegment::kRunning);
  segment.reopen();
  EXPECT_EQ(segment.progress({1}).ended_at, WalkSegment::kRunning);
  read(segment, 10, 10, 2, 2);
  EXPECT_EQ(segment.progress({1}).ended_at, WalkSegment::kRunning);
  segment.committed(1);
  EXPECT_EQ(segment.progress({}).ended_at, WalkSegment::kRunning);
  EXPECT_EQ(segment.progress({2}).ended_at, 2);
  segment.committed(2);
  EXPECT_EQ(segment.progress({}).ended_at, 2);
}

// However long a stretch is deleted, about as much is read again, and it takes few requests to find out.
TEST(WalkSegment, StepsBackFurtherAndFurther) {
  for (const int size : {1, 7, 200}) {
    WalkSegment segment{"cut", kBorn};
    constexpr int kPages = 300;
    for (int i = 0; i < kPages; ++i) read(segment, i * size, size, std::nullopt, 0);
    const int end = kPages * size;
    int steps = 0;
    int before = 1;
    while (segment.step_back()) {
      ASSERT_LT(++steps, 60);
      const std::string& after = segment.position().after;
      if (after == "cut") continue;
      const int distance = end - std::stoi(after.substr(4));
      EXPECT_GT(distance, before);
      EXPECT_LE(distance, 3 * before + 1);
      before = distance;
    }
    EXPECT_EQ(segment.position().after, "cut");
    EXPECT_GT(before, end * 9 / 10);
  }
}

TEST(WalkSegment, HasNowhereToGoBackToWithoutHavingRead) {
  WalkSegment untouched{"cut", kBorn};
  EXPECT_FALSE(untouched.step_back());
  WalkSegment head{"", kBorn};
  EXPECT_FALSE(head.step_back());
}

}  // namespace
}  // namespace simsync
