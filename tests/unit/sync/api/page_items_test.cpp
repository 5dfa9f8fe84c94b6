// The items of a page: what a SIM's fields may be, and that a bad item costs itself only (product.md, promise 6).
#include <gtest/gtest.h>

#include "sample_answers.h"
#include "sync/api/page_parser.h"

namespace simsync {
namespace {

using sample::page;
using sample::sim;

SimPage read(const std::vector<std::string>& items) {
  PageParser parser;
  SimPage result;
  std::string body = page(items);
  EXPECT_EQ(parser.read_page(body, result), std::nullopt) << page(items);
  return result;
}

Sim read_one(const std::string& item) {
  SimPage result = read({item});
  EXPECT_EQ(result.sims.size(), 1U) << item << (result.skipped.empty() ? "" : result.skipped[0].reason);
  return result.sims.empty() ? Sim{} : result.sims[0];
}

TEST(PageItems, ValuesThatAreNewToUsAreKept) {
  const Sim read = read_one(R"({"object":"sim","id":"s","metadata":{},"createdAt":"2021-01-21T19:38:34Z","iccid":"",)"
                            R"("provider":"p99","status":"on fire","type":"iSIM"})");
  EXPECT_EQ(read.status, "on fire");
  EXPECT_EQ(read.type, "iSIM");
  EXPECT_EQ(read.iccid, "");
}

TEST(PageItems, UnknownFieldsAreKeptRaw) {
  const Sim read =
      read_one(sim("s", "{}", R"(, "user" : null,"plan": {"id": 1.50,"x":[true ,"a b"]} ,"n":-0.0,"e":{},"l":[])"));
  EXPECT_EQ(read.extra, R"({"user":null,"plan":{"id": 1.50,"x":[true ,"a b"]},"n":-0.0,"e":{},"l":[]})");
  EXPECT_EQ(read_one(sim("s")).extra, "{}");
  EXPECT_EQ(read_one(sim("s", "{}", R"(,"a\"b":1)")).extra, R"({"a\"b":1})");
}

TEST(PageItems, MetadataIsKeptRawAndDefaultsToNothing) {
  EXPECT_EQ(read_one(sim("s", R"({ "a": "b" , "n":1.0})")).metadata, R"({ "a": "b" , "n":1.0})");
  EXPECT_EQ(read_one(sim("s", "null")).metadata, "{}");
  EXPECT_EQ(
      read_one(R"({"id":"s","createdAt":"2021-01-21T19:38:34Z","iccid":"1","provider":"p","status":"a","type":"t"})")
          .metadata,
      "{}");
}

TEST(PageItems, TextThatPostgresqlCannotHoldIsReplaced) {
  const Sim read =
      read_one(R"({"object":"sim","id":"s","metadata":{"k\u0000":"\ud800"},"createdAt":"2021-01-21T19:38:34Z",)"
               R"("iccid":"8\u0000","provider":"\udfff","status":"\ud83d\ude00","type":"\u0041\\u0000","x":"\u0000"})");
  EXPECT_EQ(read.metadata, R"({"k\ufffd":"\ufffd"})");
  EXPECT_EQ(read.iccid, "8\xEF\xBF\xBD");
  EXPECT_EQ(read.provider, "\xEF\xBF\xBD");
  EXPECT_EQ(read.status, "\xF0\x9F\x98\x80");
  EXPECT_EQ(read.type, "A\\u0000");
  EXPECT_EQ(read.extra, R"({"x":"\ufffd"})");
}

TEST(PageItems, NamesMayBeWrittenWithEscapes) {
  const Sim read = read_one(R"({"\u006fbject":"sim","i\u0064":"s","createdAt":"2021-01-21T19:38:34\u005a","iccid":"1",)"
                            R"("provider":"p","status":"a","type":"t"})");
  EXPECT_EQ(read.id, "s");
  EXPECT_EQ(read.extra, "{}");
}

TEST(PageItems, LongestIdIsTaken) {
  EXPECT_EQ(read_one(sim(std::string(200, 'x'))).id.size(), 200U);
}

std::string quoted(std::size_t size) {
  std::string text(size + 2, 'x');
  text.front() = text.back() = '"';
  return text;
}

struct Bad {
  std::string item;
  std::string id;
  std::string reason;
};

std::string with(const std::string& field, const std::string& value) {
  std::string item = R"({"object":"sim")";
  for (const auto& [name, usual] :
       std::vector<std::pair<std::string, std::string>>{{"id", "\"s\""},
                                                        {"metadata", "{}"},
                                                        {"createdAt", "\"2021-01-21T19:38:34Z\""},
                                                        {"iccid", "\"1\""},
                                                        {"provider", "\"p\""},
                                                        {"status", "\"a\""},
                                                        {"type", "\"t\""}}) {
    const std::string& used = name == field ? value : usual;
    if (!used.empty()) item += ",\"" + name + "\":" + used;
  }
  return item + "}";
}

TEST(PageItems, ABadItemCostsItselfOnly) {
  const std::string nested = std::string(70, '[') + std::string(70, ']');
  const std::vector<Bad> table = {
      {"null", "", "the item is not an object"},
      {"3", "", "the item is not an object"},
      {"\"sim\"", "", "the item is not an object"},
      {"[{\"id\":\"x\"}]", "", "the item is not an object"},
      {"{}", "", "id is missing"},
      {with("id", ""), "", "id is missing"},
      {with("id", "\"\""), "", "id is empty"},
      {with("id", "7"), "", "id is not a string"},
      {with("id", "null"), "", "id is not a string"},
      {with("id", "{\"id\":\"x\"}"), "", "id is not a string"},
      {with("id", quoted(201)), "", "id is too long"},
      {with("id", "\"\\n" + quoted(200).substr(1)), "", "id is too long"},
      {with("id", "\"a\\u0000b\""), "", "id holds a character that cannot be stored"},
      {with("iccid", ""), "s", "iccid is missing"},
      {with("iccid", "89"), "s", "iccid is not a string"},
      {with("iccid", quoted(201)), "s", "iccid is too long"},
      {with("provider", "null"), "s", "provider is not a string"},
      {with("provider", ""), "s", "provider is missing"},
      {with("status", "[]"), "s", "status is not a string"},
      {with("status", ""), "s", "status is missing"},
      {with("type", "{}"), "s", "type is not a string"},
      {with("type", ""), "s", "type is missing"},
      {with("createdAt", ""), "s", "createdAt is missing"},
      {with("createdAt", "1611257914"), "s", "createdAt is not a time"},
      {with("createdAt", "\"yesterday\""), "s", "createdAt is not a time"},
      {with("createdAt", "null"), "s", "createdAt is not a time"},
      {with("metadata", "[]"), "s", "metadata is not an object"},
      {with("metadata", "\"{}\""), "s", "metadata is not an object"},
      {with("metadata", "{\"a\":" + nested + "}"), "s", "metadata or unknown fields are nested too deep"},
      {with("metadata", "{\"a\":1e999999}"), "s", "a number in metadata or unknown fields is out of range"},
      {with("metadata", "{\"a\":" + quoted(1 << 20) + "}"), "s", "metadata or unknown fields are larger than 1 MiB"},
      {sim("s", "{}", ",\"x\":" + nested), "s", "metadata or unknown fields are nested too deep"},
      {sim("s", "{}", ",\"x\":" + quoted(600'000) + ",\"y\":" + quoted(600'000)), "s",
       "metadata or unknown fields are larger than 1 MiB"},
      {sim("s", "{}", ",\"id\":\"other\""), "s", "a field occurs twice"},
      {R"({"object":"user",)" + with("", "").substr(16), "s", "object is not sim"},
      {R"({"object":7,)" + with("", "").substr(16), "s", "object is not a string"},
  };
  for (const Bad& bad : table) {
    const SimPage result = read({sim("sim_before"), bad.item, sim("sim_after")});
    const std::string shown = bad.item.substr(0, 200);
    ASSERT_EQ(result.sims.size(), 2U) << shown;
    EXPECT_EQ(result.sims[0].id, "sim_before") << shown;
    EXPECT_EQ(result.sims[1].id, "sim_after") << shown;
    EXPECT_EQ(result.sims[1].metadata, "{}") << shown;
    ASSERT_EQ(result.skipped.size(), 1U) << shown;
    EXPECT_EQ(result.skipped[0].id, bad.id) << shown;
    EXPECT_EQ(result.skipped[0].reason, bad.reason) << shown;
  }
}

TEST(SimParser, OneSimIsReadStrictly) {
  PageParser parser;
  Sim result;
  std::string body = sim("sim_1");
  EXPECT_EQ(parser.read_sim(body, result), std::nullopt);
  EXPECT_EQ(result.id, "sim_1");
  const auto problem = [&parser](std::string text) {
    Sim ignored;
    return parser.read_sim(text, ignored).value_or("none");
  };
  EXPECT_EQ(problem(with("id", "1")), "id is not a string");
  EXPECT_EQ(problem(R"({"object":"list"})"), "object is not sim");
  EXPECT_EQ(
      problem(R"({"id":"s","createdAt":"2021-01-21T19:38:34Z","iccid":"1","provider":"p","status":"a","type":"t"})"),
      "object is missing");
  EXPECT_EQ(problem("[]"), "the answer is not a JSON object");
  EXPECT_NE(problem(sim("sim_1") + "x"), "none");
  const std::string whole = sim("sim_1", R"({"a":{}})", R"(,"x":{})");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(problem(whole.substr(0, size)), "none") << size;
}

}  // namespace
}  // namespace simsync
