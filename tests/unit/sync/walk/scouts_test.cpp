#include "sync/walk/scouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class ScoutsTest : public testing::Test {
 protected:
  Scouts scouts_;

  void set_out() {
    for (const std::string type : {"eSIM", "pSIM", "of a new kind"}) {
      Sim sim = fake_sim("sim_1");
      sim.type = type;
      scouts_.met(sim);
    }
    scouts_.set_out("sim_here");
  }
  std::vector<PageRequest> all_next() {
    std::vector<PageRequest> requests;
    PageRequest request;
    while (scouts_.next(request)) requests.push_back(request);
    return requests;
  }
  static SimPage page(int first, int count, bool more) {
    SimPage page;
    for (int i = first; i < first + count; ++i) page.sims.push_back(fake_sim("sim_" + std::to_string(i), i));
    if (more) page.more_after = page.sims.back().id;
    return page;
  }
};

TEST_F(ScoutsTest, ReadAListForEachCombinationThatTheApiTakes) {
  set_out();
  const auto requests = all_next();
  ASSERT_THAT(requests, SizeIs(6));
  std::set<std::string> lists;
  for (const PageRequest& request : requests) {
    EXPECT_EQ(request.segment, PageRequest::kScout);
    EXPECT_EQ(request.query.after, "sim_here");
    ASSERT_THAT(request.query.statuses, SizeIs(1));
    ASSERT_THAT(request.query.providers, SizeIs(1));
    EXPECT_NE(request.query.type, "of a new kind");
    lists.insert(request.query.type + request.query.statuses[0]);
  }
  EXPECT_THAT(lists, SizeIs(6));
}

TEST_F(ScoutsTest, WithNothingMetThereIsNothingToRead) {
  scouts_.set_out("sim_here");
  EXPECT_THAT(all_next(), IsEmpty());
  EXPECT_TRUE(scouts_.home(1));
  EXPECT_THAT(scouts_.take(), IsEmpty());
  EXPECT_FALSE(scouts_.out());
}

TEST_F(ScoutsTest, BringOnlyWhatListsHeldThatHaveEnded) {
  set_out();
  const auto requests = all_next();
  scouts_.arrived(requests[0], page(0, 50, true));
  scouts_.arrived(requests[1], page(100, 30, false));
  EXPECT_FALSE(scouts_.home(31));
  EXPECT_TRUE(scouts_.home(30));
  EXPECT_THAT(scouts_.take(), SizeIs(30));
  EXPECT_FALSE(scouts_.out());
}

TEST_F(ScoutsTest, AreHomeWhenNoListIsLeft) {
  set_out();
  const auto requests = all_next();
  for (const PageRequest& request : requests) {
    EXPECT_FALSE(scouts_.home(1000));
    if (&request == &requests[0]) {
      scouts_.arrived(request, page(0, 10, true));
      PageRequest next;
      ASSERT_TRUE(scouts_.next(next));
      EXPECT_EQ(next.query.after, "sim_9");
      scouts_.failed(next);
    } else {
      scouts_.failed(request);
    }
  }
  EXPECT_TRUE(scouts_.home(1000));
  // No list has an end within reach: what was found is better than nothing.
  EXPECT_THAT(scouts_.take(), SizeIs(10));
}

TEST_F(ScoutsTest, DropAListThatLeadsNowhere) {
  set_out();
  const auto requests = all_next();
  SimPage back = page(0, 10, true);
  back.more_after = "sim_here";
  scouts_.arrived(requests[0], back);
  SimPage empty;
  empty.more_after = "sim_5";
  scouts_.arrived(requests[1], empty);
  EXPECT_THAT(all_next(), IsEmpty());
}

TEST_F(ScoutsTest, DropAListThatIsTooLong) {
  set_out();
  std::vector<PageRequest> requests = all_next();
  for (std::size_t i = 1; i < requests.size(); ++i) scouts_.failed(requests[i]);
  PageRequest request = requests[0];
  int pages = 0;
  do {
    scouts_.arrived(request, page(200 * pages, 200, true));
    ASSERT_LT(++pages, 1000);
  } while (scouts_.next(request));
  EXPECT_TRUE(scouts_.home(1'000'000));
  const auto found = scouts_.take();
  EXPECT_LE(found.size(), 4096U);
  EXPECT_GT(found.size(), 1000U);
  // Thinned out evenly, and never twice the same.
  std::set<std::string> ids;
  for (const Landmark& landmark : found) ids.insert(landmark.id);
  EXPECT_EQ(ids.size(), found.size());
  EXPECT_GT(found.back().created_at, found.front().created_at + std::chrono::seconds{200 * pages * 9 / 10});
}

TEST_F(ScoutsTest, AnAnswerToAnEarlierOutingCountsForNothing) {
  set_out();
  const auto requests = all_next();
  scouts_.arrived(requests[0], page(0, 10, false));
  scouts_.take();
  scouts_.arrived(requests[1], page(0, 10, false));  // nobody is out
  EXPECT_TRUE(scouts_.take().empty());
  set_out();
  scouts_.arrived(requests[2], page(0, 10, false));
  scouts_.failed(requests[3]);
  EXPECT_FALSE(scouts_.home(1));
  EXPECT_THAT(all_next(), SizeIs(6));
}

}  // namespace
}  // namespace simsync
