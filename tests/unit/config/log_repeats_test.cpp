#include "config/log_repeats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace simsync::log {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kWarning = 3;

std::span<const Field> as_span(const std::vector<Field>& fields) {
  return fields;
}

std::uint64_t key_of(const std::vector<Field>& fields) {
  return Repeats::key_of(kWarning, "event", as_span(fields));
}

class RepeatsTest : public testing::Test {
 protected:
  bool came(const std::string& event, const std::vector<Field>& fields = {}) {
    return repeats_.came(kWarning, event, as_span(fields), now_);
  }
  // As key=value, one text a summary.
  std::vector<std::string> due() { return texts_of(repeats_.due(now_)); }
  static std::vector<std::string> texts_of(const std::vector<Repeats::Summary>& summaries) {
    std::vector<std::string> texts;
    for (const Repeats::Summary& summary : summaries) {
      texts.push_back(summary.event);
      for (const Field& field : summary.all_fields()) {
        texts.back() += " " + std::string{field.key} + "=" + field.value;
      }
    }
    return texts;
  }

  Repeats repeats_;
  Repeats::TimePoint now_ = Repeats::TimePoint{} + 100h;
};

TEST_F(RepeatsTest, WhatIsTheSame) {
  EXPECT_EQ(key_of({{"project", "acme"}, {"failed_calls", 3}}), key_of({{"project", "acme"}, {"failed_calls", 4}}));
  EXPECT_EQ(key_of({{"error", "walk 17 failed on port 4711"}}), key_of({{"error", "walk 18 failed on port 9"}}));
  EXPECT_EQ(key_of({{"error", "GET /sims/sim_a1-b: no"}}), key_of({{"error", "GET /sims/sim_c22: no"}}));
  EXPECT_NE(key_of({{"error", "walk 17 failed"}}), key_of({{"error", "walk 17 stopped"}}));
  EXPECT_NE(key_of({{"project", "acme1"}}), key_of({{"project", "acme2"}})) << "a name, not prose";
  EXPECT_NE(key_of({{"a", "x"}}), key_of({{"b", "x"}}));
  EXPECT_NE(key_of({{"a", "x"}, {"b", ""}}), key_of({{"a", ""}, {"b", "x"}}));
  EXPECT_NE(Repeats::key_of(kWarning, "event", {}), Repeats::key_of(kWarning + 1, "event", {}));
}

TEST_F(RepeatsTest, CountedWithTheLastOfItsFields) {
  EXPECT_TRUE(came("down", {{"project", "acme"}, {"try", 0}}));
  for (int i = 1; i <= 59; ++i) {
    now_ += 1s;
    EXPECT_FALSE(came("down", {{"project", "acme"}, {"try", i}})) << i;
    EXPECT_THAT(due(), IsEmpty());
  }
  now_ += 1s;
  EXPECT_THAT(due(), testing::ElementsAre("down project=acme try=59 repeated=59 for_s=60"));
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(RepeatsTest, EverMoreRarelyAndNoneIsLost) {
  std::uint64_t said = 0, counted = 0, lines = 0;
  for (int i = 0; i < 10 * 3600; ++i, now_ += 1s) {
    for (const Repeats::Summary& summary : repeats_.due(now_)) {
      ++lines;
      counted += summary.repeated;
    }
    if (came("down")) ++said;
  }
  for (const Repeats::Summary& summary : repeats_.due(Repeats::TimePoint::max())) counted += summary.repeated;
  EXPECT_EQ(said, 1U);
  EXPECT_EQ(said + counted, 10U * 3600);
  EXPECT_EQ(lines, 2U + 9U);  // after a minute, ten minutes, and then each hour
}

TEST_F(RepeatsTest, WhatComesRarelyIsSaidMoreRarelyStill) {
  int said = 0;
  for (int quarter = 0; quarter < 4 * 24; ++quarter, now_ += 15min) {
    said += static_cast<int>(due().size()) + static_cast<int>(came("walk failed"));
  }
  EXPECT_GE(said, 24);
  EXPECT_LE(said, 28);
}

TEST_F(RepeatsTest, WhatIsLongOverIsNewsAgain) {
  EXPECT_TRUE(came("down"));
  EXPECT_FALSE(came("down"));
  now_ += 1min;
  EXPECT_THAT(due(), SizeIs(1));
  EXPECT_FALSE(came("down"));
  now_ += 10min;
  EXPECT_THAT(due(), SizeIs(1));
  now_ += 1h;
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(repeats_.size(), 0U);
  EXPECT_EQ(repeats_.next_due(), Repeats::TimePoint::max());
  EXPECT_TRUE(came("down"));
}

TEST_F(RepeatsTest, SaysWhenItIsDue) {
  EXPECT_EQ(repeats_.next_due(), Repeats::TimePoint::max());
  came("down");
  EXPECT_EQ(repeats_.next_due(), now_ + 1h) << "to be forgotten";
  came("down");
  EXPECT_EQ(repeats_.next_due(), now_ + 1min);
}

TEST_F(RepeatsTest, TheEndTellsAllThatIsLeft) {
  came("a");
  came("a");
  came("b");
  now_ += 5s;
  came("a");
  EXPECT_THAT(texts_of(repeats_.due(Repeats::TimePoint::max())), testing::ElementsAre("a repeated=2 for_s=5"));
}

TEST_F(RepeatsTest, OthersAreNotHeldUp) {
  EXPECT_TRUE(came("down", {{"project", "acme"}}));
  EXPECT_TRUE(came("down", {{"project", "beta"}}));
  EXPECT_TRUE(came("up", {{"project", "acme"}}));
  EXPECT_FALSE(came("down", {{"project", "beta"}}));
}

// However many different lines there are, memory and log stay bounded.
TEST_F(RepeatsTest, BoundedInWhatItKnows) {
  int said = 0;
  for (int i = 0; i < 100'000; ++i) {
    said += static_cast<int>(came("skipped", {{"sim", "sim_" + std::to_string(i)}, {"error", std::string(5000, 'x')}}));
  }
  EXPECT_LE(repeats_.size(), 2010U);
  EXPECT_LE(said, 2010);
  EXPECT_TRUE(came("something else")) << "an event of its own is heard also then";
  now_ += 1min;
  const std::vector<Repeats::Summary> summaries = repeats_.due(now_);
  ASSERT_THAT(summaries, SizeIs(1));
  EXPECT_EQ(summaries[0].repeated + static_cast<unsigned>(said), 100'000U);
  EXPECT_LE(summaries[0].all_fields()[1].value.size(), 512U);
}

}  // namespace
}  // namespace simsync::log
