// Items that are recognised by their text are not parsed, and everything else is read as ever.
#include <gtest/gtest.h>

#include <map>

#include "sample_answers.h"
#include "sync/api/page_parser.h"

namespace simsync {
namespace {

using sample::page;
using sample::sim;

constexpr TimePoint kBorn = std::chrono::sys_days{std::chrono::year{2020} / 5 / 4};

// Knows the items that it has seen in full before.
class Memory : public KnownItems {
 public:
  std::map<std::string, std::string> texts;  // by id
  std::vector<ItemText> asked;
  int times = 0;

  void look_up(const std::vector<ItemText>& items, std::vector<std::optional<TimePoint>>& created_at) override {
    ++times;
    asked = items;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto found = texts.find(std::string{items[i].id});
      if (found != texts.end() && found->second == items[i].text) created_at[i] = kBorn;
    }
  }
};

class KnownItemsTest : public testing::Test {
 protected:
  PageParser parser_;
  Memory memory_;
  SimPage page_;

  PageParser::Problem read(const std::string& body) {
    body_ = body;  // what was asked points into it
    return parser_.read_page(body_, page_, &memory_);
  }
  std::string body_;
};

TEST_F(KnownItemsTest, FindsIdsAndTextsWithoutParsing) {
  ASSERT_FALSE(read(page({sim("sim_a"), sim("sim_b", R"({"id":"x"})")})));
  ASSERT_EQ(memory_.asked.size(), 2U);
  EXPECT_EQ(memory_.asked[0].id, "sim_a");
  EXPECT_EQ(memory_.asked[0].text, sim("sim_a"));
  EXPECT_EQ(memory_.asked[1].id, "sim_b");
  EXPECT_EQ(page_.sims.size(), 2U);
  EXPECT_EQ(page_.sims[1].metadata, R"({"id":"x"})");
  ASSERT_EQ(page_.places.size(), 2U);
  EXPECT_FALSE(page_.places[1].known);
}

TEST_F(KnownItemsTest, WhatIsKnownIsNotParsed) {
  for (const char* id : {"sim_a", "sim_b", "sim_c"}) memory_.texts[id] = sim(id);
  ASSERT_FALSE(read(page({sim("sim_a"), sim("sim_b"), sim("sim_c")}, "\"sim_c\"")));
  ASSERT_EQ(page_.sims.size(), 3U);
  EXPECT_EQ(page_.sims[1].id, "sim_b");
  EXPECT_EQ(page_.sims[1].created_at, kBorn) << "not from the text";
  EXPECT_TRUE(page_.places[1].known);
  EXPECT_EQ(page_.more_after, "sim_c");
}

TEST_F(KnownItemsTest, OthersAreReadAmongThem) {
  memory_.texts["sim_b"] = sim("sim_b");
  ASSERT_FALSE(read(page({sim("sim_a"), sim("sim_b"), R"({"object":"sim","id":"sim_x"})", "7", sim("sim_c")})));
  ASSERT_EQ(page_.sims.size(), 3U);
  ASSERT_EQ(page_.places.size(), 3U);
  const std::size_t items[] = {0, 1, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(page_.places[i].item, items[i]);
    EXPECT_EQ(page_.places[i].known, i == 1);
  }
  EXPECT_EQ(page_.sims[2].iccid, "89883070000007537119");
  ASSERT_EQ(page_.skipped.size(), 2U);
  EXPECT_EQ(page_.skipped[0].id, "sim_x");
  EXPECT_EQ(page_.skipped[1].id, "");
}

TEST_F(KnownItemsTest, AnItemWithoutItsIdIsNotTakenForTheOneBefore) {
  ASSERT_FALSE(read(page({sim("sim_a")})));
  ASSERT_FALSE(read(page({R"({"object":"sim","metadata":{}})"})));
  ASSERT_EQ(page_.skipped.size(), 1U);
  EXPECT_EQ(page_.skipped[0].id, "");
}

TEST_F(KnownItemsTest, AnIdThatNeedsParsingIsLeftEmpty) {
  const std::string items[] = {
      R"({"metadata":{"id":"sim_not"},"id":"sim_1"})",
      R"({"object":"\"id\":\"sim_not","id":"sim_1"})",
      R"({"object":"sim","id":7})",
      R"({"object":"sim","id":"sim_\u0031"})",
      R"({"object":"id"})",
      R"({})",
  };
  for (const std::string& item : items) {
    ASSERT_FALSE(read(page({item}))) << item;
    EXPECT_EQ(memory_.asked.at(0).id, "") << item;
  }
  ASSERT_FALSE(read(page({"{ \"object\" : \"sim\" ,\n \"id\" : \"sim_1\" }  "})));
  EXPECT_EQ(memory_.asked.at(0).id, "sim_1");
  EXPECT_EQ(memory_.asked.at(0).text.back(), '}');
}

// However much is known, an answer is whole or refused.
TEST_F(KnownItemsTest, ACutAnywhereIsFound) {
  const std::string whole = page({sim("sim_a"), sim("sim_b")}, "\"sim_b\"");
  for (const char* id : {"sim_a", "sim_b"}) memory_.texts[id] = sim(id);
  ASSERT_FALSE(read(whole));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == whole.size() - 1) continue;  // its own end is put back
    for (const char* tail : {"", "}", "]}", "}]}"}) {
      const std::string cut = whole.substr(0, size) + tail;
      // Without moreItemsBefore it says all that is needed.
      if (cut.ends_with(R"("moreItemsAfter":"sim_b"})")) continue;
      EXPECT_TRUE(read(cut)) << cut;
    }
  }
  EXPECT_TRUE(read(whole + "x"));
}

TEST_F(KnownItemsTest, AnEmptyPageAndOneOfNothingKnown) {
  ASSERT_FALSE(read(page({})));
  EXPECT_TRUE(page_.sims.empty());
  EXPECT_EQ(memory_.times, 1);
}

}  // namespace
}  // namespace simsync
