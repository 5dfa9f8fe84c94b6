#include "sync/api/metadata_map.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

MetadataChange change(std::string_view set, std::string_view remove = "[]") {
  const auto read = MetadataChange::read(set, remove);
  if (!read) throw std::runtime_error("not a change");
  return *read;
}

bool met(std::string_view set, std::string_view whole, std::string_view remove = "[]") {
  return change(set, remove).differences(whole).empty();
}

TEST(MetadataMap, WhatIsNotNamedGoesBackByteForByte) {
  const std::string odd =
      R"({ "z" :  "\u0000x\ud800" ,"n":1.50e+007,"n" : 00012345678901234567890,"\u0061":"\/", "deep" : [1, {"k" :"]}"}], "fleet":"old"})";
  // A number like that is no JSON; what the API may write is.
  std::string whole = odd;
  whole.replace(whole.find("00012345"), 3, "");
  EXPECT_EQ(
      change(R"({"fleet": "new"})").merged(whole),
      R"({"z" :  "\u0000x\ud800","n":1.50e+007,"n" : 12345678901234567890,"\u0061":"\/","deep" : [1, {"k" :"]}"}],"fleet": "new"})");
}

TEST(MetadataMap, KeysKeepTheirPlacesAndNewOnesComeLast) {
  EXPECT_EQ(change(R"({"b": 2, "d": 4, "c": 3})").merged(R"({"a":1,"b":0,"e":5})"),
            R"({"a":1,"b": 2,"e":5,"d": 4,"c": 3})");
  EXPECT_EQ(change(R"({"a": 1})").merged("{}"), R"({"a": 1})");
  EXPECT_EQ(change("{}", R"(["a","b"])").merged(R"({"a":1,"c":3,"b":2})"), R"({"c":3})");
  EXPECT_EQ(change("{}", R"(["a"])").merged(R"({"a":1})"), "{}");
}

TEST(MetadataMap, AKeyIsTheSameHoweverItIsSpelled) {
  EXPECT_EQ(change(R"({"fleet": "x"})").merged(R"({"\u0066leet":"old"})"), R"({"fleet": "x"})");
  EXPECT_TRUE(met(R"({"fleet": "x"})", R"({"fl\u0065et":"\u0078"})"));
  EXPECT_EQ(change("{}", R"(["a\"b"])").merged(R"({"a\u0022b":1,"c":2})"), R"({"c":2})");
}

TEST(MetadataMap, ANamedKeyThatStandsThereTwiceStandsThereOnce) {
  EXPECT_EQ(change(R"({"a": 3})").merged(R"({"a":1,"b":0,"a":2})"), R"({"a": 3,"b":0})");
  EXPECT_EQ(change("{}", R"(["a"])").merged(R"({"a":1,"b":0,"a":2})"), R"({"b":0})");
  EXPECT_TRUE(met(R"({"a": 2})", R"({"a":1,"a":2})"));
  EXPECT_FALSE(met(R"({"a": 1})", R"({"a":1,"a":2})"));
}

TEST(MetadataMap, ValuesAreComparedByWhatTheyMean) {
  EXPECT_TRUE(met(R"({"n": 1.0})", R"({"n":1})"));
  EXPECT_TRUE(met(R"({"n": 1200})", R"({"n":1.2E+3})"));
  EXPECT_TRUE(met(R"({"n": 0.0})", R"({"n":-0})"));
  EXPECT_TRUE(met(R"({"n": 0.00120})", R"({"n":12e-4})"));
  EXPECT_FALSE(met(R"({"n": 12345678901234567890})", R"({"n":12345678901234567891})"));
  EXPECT_FALSE(met(R"({"n": -1})", R"({"n":1})"));
  EXPECT_FALSE(met(R"({"n": 1})", R"({"n":"1"})"));
  EXPECT_FALSE(met(R"({"n": true})", R"({"n":"true"})"));
  EXPECT_FALSE(met(R"({"n": null})", R"({})"));
  EXPECT_TRUE(met(R"({"o": {"a": 1, "b": [1, 2, {}]}})", R"({"o":{"b":[1.0,2,{ }],"a":1}})"));
  EXPECT_FALSE(met(R"({"o": [1, 2]})", R"({"o":[2,1]})"));
  EXPECT_FALSE(met(R"({"o": ["a", "b"]})", R"({"o":["a,b"]})"));
  EXPECT_TRUE(met(R"({"s": "äß 😀"})", R"({"s":"\u00e4\u00DF \ud83d\ude00"})"));
}

// PostgreSQL holds U+FFFD where the API has one of these, so nobody can ask for them, and they are never what is asked.
TEST(MetadataMap, WhatTheDatabaseCannotHoldIsUnlikeWhatItHolds) {
  EXPECT_FALSE(met("{\"s\": \"\xEF\xBF\xBD\"}", R"({"s":"\u0000"})"));
  EXPECT_TRUE(met("{\"s\": \"\xEF\xBF\xBD\"}", R"({"s":"\ufffd"})"));
  EXPECT_EQ(change("{\"\xEF\xBF\xBD\": 1}").merged(R"({"\ud800":2})"), "{\"\\ud800\":2,\"\xEF\xBF\xBD\": 1}");
  EXPECT_EQ(change("{}", "[\"\xEF\xBF\xBD\"]").merged(R"({"\u0000":2})"), R"({"\u0000":2})");
}

TEST(MetadataMap, SaysWhatDiffers) {
  const auto differences =
      change(R"({"a": 1, "b": 2, "c": 3})", R"(["d","e"])").differences(R"({"b":2,"c":4,"d":"x"})");
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0].key, "a");
  EXPECT_EQ(differences[0].asked, "1");
  EXPECT_EQ(differences[0].found, std::nullopt);
  EXPECT_EQ(differences[1].found, "4");
  EXPECT_EQ(differences[2].key, "d");
  EXPECT_EQ(differences[2].asked, std::nullopt);
  EXPECT_EQ(differences[2].found, "\"x\"");
}

TEST(MetadataMap, RefusesWhatIsNoObjectOrNoListOfTexts) {
  for (const char* bad : {"", "[]", "null", "\"a\"", "{", "{\"a\":1", "{\"a\":1}x", "{\"a\":01}", "{'a':1}"}) {
    EXPECT_FALSE(MetadataChange::read(bad, "[]")) << bad;
  }
  for (const char* bad : {"", "{}", "[1]", "[null]", "[\"a\",null]", "[[\"a\"]]", "\"a\""}) {
    EXPECT_FALSE(MetadataChange::read("{}", bad)) << bad;
  }
  EXPECT_FALSE(MetadataChange::read(std::string(100, '[') + std::string(100, ']'), "[]"));
}

}  // namespace
}  // namespace simsync
