#include "sync/walk/landmarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TimePoint at(int second) {
  return TimePoint{std::chrono::seconds{second}};
}

Landmarks from(std::initializer_list<int> seconds) {
  std::vector<Landmark> landmarks;
  for (const int second : seconds) landmarks.push_back({"sim_" + std::to_string(second), at(second)});
  Landmarks made;
  made.add(std::move(landmarks));
  return made;
}

TEST(Landmarks, FindsTheMiddleOfWhatIsLeft) {
  Landmarks landmarks = from({50, 10, 30, 20, 40});
  const auto all = landmarks.between(at(0), at(100));
  EXPECT_EQ(all.count, 5U);
  EXPECT_EQ(landmarks[all.middle].id, "sim_30");
  landmarks.use(all.middle);
  landmarks.use(all.middle);
  EXPECT_EQ(landmarks.left(), 4U);
  EXPECT_EQ(landmarks.used(), 1U);
  const auto some = landmarks.between(at(10), at(30));  // both ends count
  EXPECT_EQ(some.count, 2U);
  EXPECT_EQ(landmarks[some.middle].id, "sim_10");
  EXPECT_EQ(landmarks.between(at(30), at(30)).count, 0U);
  EXPECT_EQ(landmarks.between(at(60), at(50)).count, 0U);
}

TEST(Landmarks, KeepTheirNumbersWhenMoreAreAdded) {
  Landmarks landmarks = from({10, 30});
  EXPECT_EQ(landmarks.add({{"sim_20", at(20)}, {"sim_40", at(40)}}), 2U);
  EXPECT_EQ(landmarks[0].id, "sim_10");
  EXPECT_EQ(landmarks[2].id, "sim_20");
  EXPECT_EQ(landmarks[landmarks.between(at(15), at(25)).middle].id, "sim_20");
}

TEST(Landmarks, AreSpreadEvenly) {
  const Landmarks landmarks = from({90, 80, 70, 60, 50, 40, 30, 20, 10});
  EXPECT_THAT(landmarks.spread(0), IsEmpty());
  EXPECT_THAT(landmarks.spread(1), ElementsAre(4));
  EXPECT_THAT(landmarks.spread(2), ElementsAre(3, 6));
  EXPECT_THAT(landmarks.spread(100), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(Landmarks{}.spread(3), IsEmpty());
}

}  // namespace
}  // namespace simsync
