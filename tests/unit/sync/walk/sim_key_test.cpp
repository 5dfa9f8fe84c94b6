#include "sync/walk/sim_key.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

const SimHasher kHasher{42};

std::uint64_t of_metadata(const std::string& metadata) {
  Sim sim = fake_sim("sim_1");
  sim.metadata = metadata;
  return kHasher.of(sim).content;
}

TEST(SimKey, MetadataCountsByItsMeaning) {
  // As the API spells it, and as the database gives it back.
  EXPECT_EQ(of_metadata(R"({"a":1,"b":"\u00e4"})"), of_metadata(R"({"b": "ä", "a": 1})"));
  EXPECT_EQ(of_metadata("{ \"a\" :\t[ 1 ,\n2 ] }"), of_metadata(R"({"a": [1, 2]})"));
  EXPECT_EQ(of_metadata(R"({"a":{"x":true,"y":null},"b":[{"p":1,"q":2}]})"),
            of_metadata(R"({"b": [{"q": 2, "p": 1}], "a": {"y": null, "x": true}})"));
  EXPECT_EQ(of_metadata(R"({"\u0061\/":"\ud83d\ude00\n"})"), of_metadata("{\"a/\": \"\U0001f600\\n\"}"));
  EXPECT_EQ(of_metadata("{}"), of_metadata("{ }"));
  EXPECT_EQ(of_metadata(R"({"a":{},"b":[]})"), of_metadata(R"({"b": [ ], "a": { }})"));
}

TEST(SimKey, EveryDifferenceOfMetadataCounts) {
  const std::vector<std::string> all = {
      "{}",
      R"({"a":1})",
      R"({"a":"1"})",
      R"({"a":true})",
      R"({"a":"true"})",
      R"({"a":null})",
      R"({"a":[]})",
      R"({"a":{}})",
      R"({"a":[[]]})",
      R"({"a":""})",
      R"({"b":1})",
      R"({"a":1,"b":2})",
      R"({"a":2,"b":1})",
      R"({"a":[1,2]})",
      R"({"a":[2,1]})",
      R"({"a":{"b":1}})",
      R"({"a":{"b":1},"c":2})",
      R"({"a":{"b":1,"c":2}})",
      R"({"a":"b","b":"a"})",
      R"({"a":"a","b":"b"})",
      R"({"a":" b"})",
      R"({"a":"\\u0061"})",
      R"({"a":"a"})",
  };
  std::set<std::uint64_t> keys;
  for (const std::string& metadata : all) EXPECT_TRUE(keys.insert(of_metadata(metadata)).second) << metadata;
}

TEST(SimKey, EveryFieldCounts) {
  const std::vector<std::function<void(Sim&)>> changes = {
      [](Sim& sim) { sim.iccid += "F"; }, [](Sim& sim) { sim.provider = "p4"; }, [](Sim& sim) { sim.type = "pSIM"; },
      [](Sim& sim) { sim.status = "retired"; }, [](Sim& sim) { sim.metadata = R"({"a":1})"; },
      [](Sim& sim) { sim.extra = R"({"a":1})"; }, [](Sim& sim) { sim.created_at += std::chrono::microseconds{1}; },
      // What one field loses the next one gains.
      [](Sim& sim) { sim.iccid.pop_back(), sim.provider = "1" + sim.provider; },
      [](Sim& sim) { sim.provider = "p", sim.type = "3eSIM"; }, [](Sim& sim) { std::swap(sim.type, sim.status); }};
  const SimKey plain = kHasher.of(fake_sim("sim_1"));
  std::set<std::uint64_t> keys = {plain.content};
  for (const auto& change : changes) {
    Sim sim = fake_sim("sim_1");
    change(sim);
    EXPECT_EQ(kHasher.of(sim).id, plain.id);
    EXPECT_TRUE(keys.insert(kHasher.of(sim).content).second);
  }
}

TEST(SimKey, TheSeedChangesEverything) {
  const Sim sim = fake_sim("sim_1");
  const SimKey key = kHasher.of(sim);
  const SimKey other = SimHasher{43}.of(sim);
  EXPECT_NE(key.id.low, other.id.low);
  EXPECT_NE(key.id.high, other.id.high);
  EXPECT_NE(key.content, other.content);
}

// Longer than what a short SIM's fields are gathered in.
TEST(SimKey, LongFieldsCount) {
  Sim sim = fake_sim("sim_1");
  std::set<std::uint64_t> keys;
  for (const std::size_t length : {400U, 500U, 512U, 600U, 10'000U}) {
    for (const char last : {'x', 'y'}) {
      sim.iccid = std::string(length, 'x') + last;
      EXPECT_TRUE(keys.insert(kHasher.of(sim).content).second) << length << last;
    }
  }
}

TEST(SimKey, MalformedTextDoesNoHarm) {
  const std::vector<std::string> texts = {"",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          "\"",
                                          "{\"",
                                          "{\"a",
                                          "{\"a\"",
                                          "{\"a\":",
                                          "{\"a\":1",
                                          "{\"a\":1,",
                                          "[1,",
                                          "\"\\",
                                          "{\"a\\",
                                          "{\"a\":\"\\u12",
                                          "{1:2}",
                                          "[1 2]",
                                          "{]",
                                          "nul",
                                          "{\"a\":\"\\x\"}",
                                          "{,}",
                                          "\xff\xfe",
                                          "{\"a\":1}}"};
  for (const std::string& text : texts) EXPECT_EQ(of_metadata(text), of_metadata(text)) << text;
  EXPECT_EQ(of_metadata(std::string("[\0,\0]", 5)), of_metadata(std::string("[\0,\0]", 5)));
  // Deeper than anything that comes from the parser.
  for (const char* open : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += open;
    EXPECT_EQ(of_metadata(deep), of_metadata(deep));
  }
}

}  // namespace
}  // namespace simsync
