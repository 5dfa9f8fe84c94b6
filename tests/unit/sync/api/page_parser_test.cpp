// Whole answers: what is taken, what is refused as a whole, and that no cut or broken one passes for a whole one.
#include "sync/api/page_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "sample_answers.h"
#include "sync/api/timestamp.h"

namespace simsync {
namespace {

using sample::page;
using sample::sim;

PageParser::Problem read(std::string body, SimPage& result) {
  static PageParser parser;  // used again and again, as a connection does
  return parser.read_page(body, result);
}

std::string problem_of(const std::string& body) {
  SimPage result;
  return read(body, result).value_or("none");
}

TEST(PageParser, ReadsEveryField) {
  SimPage result;
  ASSERT_EQ(read(R"({"object": "list", "items": [
      {"object":"sim","id":"sim_1","metadata":{"a":"b"},"createdAt":"2021-01-21T19:38:34.0Z",
       "iccid":"89883070000007537119","provider":"p9","status":"retired","type":"pSIM"} ],
      "moreItemsAfter":"sim_1", "moreItemsBefore":"sim_0"} )",
                 result),
            std::nullopt);
  ASSERT_EQ(result.sims.size(), 1U);
  const Sim expected{"sim_1",   "89883070000007537119", "p9", "pSIM",
                     "retired", R"({"a":"b"})",         "{}", *parse_timestamp("2021-01-21T19:38:34Z")};
  EXPECT_EQ(result.sims[0], expected);
  EXPECT_TRUE(result.skipped.empty());
  EXPECT_EQ(result.more_after, "sim_1");
  EXPECT_EQ(result.more_before, "sim_0");
}

TEST(PageParser, ReadsTheEndOfTheListAndAnEmptyOne) {
  SimPage result;
  result.more_after = "left from before";
  ASSERT_EQ(read(page({}), result), std::nullopt);
  EXPECT_TRUE(result.sims.empty());
  EXPECT_EQ(result.more_after, std::nullopt);
  EXPECT_EQ(result.more_before, std::nullopt);
}

TEST(PageParser, ACursorIsNeverThatOfThePageBefore) {
  SimPage result;
  result.more_before = "left from before";
  ASSERT_EQ(read(R"({"object":"list","items":[],"moreItemsAfter":null})", result), std::nullopt);
  EXPECT_EQ(result.more_before, std::nullopt);
}

TEST(PageParser, FieldsMayComeInAnyOrderWithNewOnesBetween) {
  SimPage result;
  ASSERT_EQ(read(R"({"new":{"a":[1,{}]},"moreItemsBefore":null,"items":[)" + sim("sim_1") +
                     R"(],"x":"}","moreItemsAfter":null,"object":"list","y":1})",
                 result),
            std::nullopt);
  EXPECT_EQ(result.sims.size(), 1U);
}

TEST(PageParser, KeepsOrderAndDuplicates) {
  SimPage result;
  ASSERT_EQ(read(page({sim("sim_b"), sim("sim_a"), sim("sim_b")}), result), std::nullopt);
  ASSERT_EQ(result.sims.size(), 3U);
  EXPECT_EQ(result.sims[0].id, "sim_b");
  EXPECT_EQ(result.sims[1].id, "sim_a");
  EXPECT_EQ(result.sims[2].id, "sim_b");
}

TEST(PageParser, RefusesWhatIsNotAList) {
  EXPECT_EQ(problem_of(R"({"object":"sim","items":[],"moreItemsAfter":null,"moreItemsBefore":null})"),
            "object is not list");
  EXPECT_EQ(problem_of(R"({"items":[],"moreItemsAfter":null,"moreItemsBefore":null})"), "object is missing");
  EXPECT_EQ(problem_of(R"({"object":"list","moreItemsAfter":null,"moreItemsBefore":null})"), "items is missing");
  EXPECT_EQ(problem_of(R"({"object":"list","items":[],"moreItemsBefore":null})"), "moreItemsAfter is missing");
  EXPECT_EQ(problem_of(R"({"object":"list","items":{},"moreItemsAfter":null})"), "items is not an array");
  EXPECT_EQ(problem_of(R"({"object":"list","items":null,"moreItemsAfter":null})"), "items is not an array");
  EXPECT_EQ(problem_of(page({}, "1")), "moreItemsAfter is neither an id nor null");
  EXPECT_EQ(problem_of(page({}, "\"\"")), "moreItemsAfter is empty");
  EXPECT_EQ(problem_of(page({}, "\"" + std::string(201, 'x') + "\"")), "moreItemsAfter is neither an id nor null");
  EXPECT_EQ(problem_of(R"({"object":"list","items":[],"items":[],"moreItemsAfter":null})"), "a field occurs twice");
  EXPECT_EQ(problem_of("[]"), "the answer is not a JSON object");
  EXPECT_EQ(problem_of("null"), "the answer is not a JSON object");
  EXPECT_EQ(problem_of("\"list\""), "the answer is not a JSON object");
}

TEST(PageParser, RefusesWhatIsNotJson) {
  const std::string good = page({sim("sim_1")});
  for (const std::string& bad :
       {std::string{}, std::string(" "), std::string("<html></html>"), good + "x", good + "{}", good + ",", good + "}",
        good + "]", good + std::string(1, '\0'), good + good, "x" + good, "[" + good, std::string("{"),
        std::string("}"), std::string("{\"object\"")}) {
    EXPECT_NE(problem_of(bad), "none") << bad;
  }
}

// On-demand parsing does not look inside what it skips: these are the places where it would not notice.
TEST(PageParser, BrokenStructureIsNeverSkipped) {
  const std::vector<std::string> broken_values = {"{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  "{]",
                                                  "[}",
                                                  "{\"a\":}",
                                                  "{\"a\"}",
                                                  "[1,]",
                                                  "[1 2]",
                                                  "tru",
                                                  "nulll",
                                                  "01",
                                                  "1.",
                                                  "\"\\x\"",
                                                  "{\"a\":1,}",
                                                  "{a:1}",
                                                  "\"a\" \"b\"",
                                                  "{\"a\":\"\\u12\"}",
                                                  "",
                                                  "[[[]]",
                                                  "{\"a\":{}",
                                                  "'x'",
                                                  "{}}",
                                                  "[]]",
                                                  "1 2"};
  for (const std::string& value : broken_values) {
    EXPECT_NE(problem_of(page({sim("sim_1", value), sim("sim_2")})), "none") << "metadata " << value;
    EXPECT_NE(problem_of(page({sim("sim_1", "{}", ",\"new\":" + value), sim("sim_2")})), "none") << "extra " << value;
    EXPECT_NE(problem_of(page({value, sim("sim_2")})), "none") << "item " << value;
    EXPECT_NE(problem_of(R"({"x":)" + value + "," + page({sim("sim_1")}).substr(1)), "none") << "top " << value;
    if (value.empty()) continue;
    EXPECT_NE(problem_of(page({sim("sim_1") + value})), "none") << "behind an item " << value;
  }
}

TEST(PageParser, ACutAnywhereIsFound) {
  for (const std::string& whole :
       {page({}),
        page({sim("sim_1", R"({"a":{"b":[1,2,{}]},"c":"\u00e9\\\"}"})", R"(,"new":[{"x":null}],"n2":1.5e3)"),
              sim("sim_2", "null"), sim("sim_3")},
             "\"sim_3\""),
        page({"{\"id\":\"only\"}", "[]", "3"}, "\"x\"") + "\n"}) {
    ASSERT_EQ(problem_of(whole), "none");
    const std::size_t end = whole.find_last_of('}') + 1;
    for (std::size_t size = 0; size < end; ++size) {
      ASSERT_NE(problem_of(whole.substr(0, size)), "none") << "cut at " << size << ": " << whole.substr(0, size);
    }
  }
}

TEST(PageParser, ACutThatIsClosedAgainIsFound) {
  // The cut text, followed by what would close its brackets in the wrong place.
  const std::string whole = page({sim("sim_1", R"({"a":[1]})"), sim("sim_2")}, "\"sim_2\"");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    for (const char* tail : {"}", "]}", "}]}", "\"}", "\"}]}", "null}", "}}", "]}}"}) {
      SimPage result;
      if (read(whole.substr(0, size) + tail, result)) continue;
      EXPECT_EQ(result.sims.size(), 2U) << whole.substr(0, size) << "  " << tail;
    }
  }
}

TEST(PageParser, BytesThatAreNotUtf8CostNoPage) {
  SimPage result;
  ASSERT_EQ(read(page({sim("sim_1", "{\"a\":\"x\xFFy\"}"), sim("sim_2", "{\"a\":\"\xED\xA0\x80\"}"),
                       sim("sim_3", "{\"a\":\"\x01\"}")}),
                 result),
            std::nullopt);
  ASSERT_EQ(result.sims.size(), 3U);
  EXPECT_EQ(result.sims[0].metadata, "{\"a\":\"x\xEF\xBF\xBDy\"}");
  EXPECT_EQ(result.sims[1].metadata, "{\"a\":\"\xEF\xBF\xBD\"}");
  EXPECT_EQ(result.sims[2].metadata, "{\"a\":\"\\u0001\"}");
}

TEST(PageParser, ABigPageAndThenSmallOnes) {
  std::vector<std::string> items;
  const std::string metadata = R"({"fleet":")" + std::string(20'000, 'x') + R"("})";
  for (int i = 0; i < 1000; ++i) items.push_back(sim("sim_" + std::to_string(i), metadata));
  SimPage result;
  ASSERT_EQ(read(page(items), result), std::nullopt);
  EXPECT_EQ(result.sims.size(), items.size());
  ASSERT_EQ(read(page({sim("sim_1")}), result), std::nullopt);
  EXPECT_EQ(result.sims.size(), 1U);
}

TEST(PageParser, MoreItemsThanWereAskedForAreRefused) {
  const std::string many = page(std::vector<std::string>(1001, "1"));
  EXPECT_EQ(problem_of(many), "there are more items than were asked for");
  class Nothing : public KnownItems {
    void look_up(const std::vector<ItemText>&, std::vector<std::optional<TimePoint>>&) override { ADD_FAILURE(); }
  } nothing;
  PageParser parser;
  SimPage result;
  std::string body = many;
  EXPECT_EQ(parser.read_page(body, result, &nothing), "there are more items than were asked for");
}

TEST(PageParser, DeepNestingIsNoTrouble) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  SimPage result;
  ASSERT_EQ(read(page({sim("sim_1", "{\"a\":" + deep + "}"), deep, sim("sim_2", "{}", ",\"x\":" + deep), sim("sim_3")}),
                 result),
            std::nullopt);
  ASSERT_EQ(result.sims.size(), 1U);
  EXPECT_EQ(result.sims[0].id, "sim_3");
  EXPECT_EQ(result.skipped.size(), 3U);
  EXPECT_NE(problem_of(std::string(200'000, '{')), "none");
  EXPECT_NE(problem_of(page({sim("sim_1", "{\"a\":" + std::string(200'000, '[') + "}")})), "none");
}

TEST(PageParser, MutationsNeverCrashAndNeverInvent) {
  const std::string whole =
      page({sim("sim_1", R"({"a":{"b":[1,2,{}]},"c":"\u00e9\\\"}"})", R"(,"new":[{"x":null}],"n2":1.5e3)"),
            sim("sim_2", "null"), "{}", "3"},
           "\"sim_2\"");
  const unsigned seed = 20260902;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::string_view structure = "{}[]\",:\\ n1";
  for (int round = 0; round < 60'000; ++round) {
    std::string body = whole;
    for (unsigned n = random() % 3 + 1; n > 0 && !body.empty(); --n) {
      const std::size_t place = random() % body.size();
      switch (random() % 4) {
        case 0:
          body[place] = static_cast<char>(random());
          break;
        case 1:
          body[place] = structure[random() % structure.size()];
          break;
        case 2:
          body.erase(place, random() % 40);
          break;
        default:
          body.insert(place, body.substr(random() % body.size(), random() % 40));
          break;
      }
    }
    SimPage result;
    if (read(body, result)) continue;
    for (const Sim& read_sim : result.sims) {
      ASSERT_FALSE(read_sim.id.empty()) << body;
      ASSERT_EQ(read_sim.metadata.front(), '{') << body;
      ASSERT_EQ(read_sim.extra.front(), '{') << body;
    }
  }
}

TEST(ProfileParser, ReadsTheSimInsideForWhoWantsIt) {
  PageParser parser;
  EsimProfile profile;
  std::optional<Sim> inside;
  const auto read = [&](std::string text) { return parser.read_profile(text, profile, &inside).value_or("none"); };
  const std::string rest = R"(,"status":"enabled","updatedAt":"2024-03-13T15:36:01Z"})";
  EXPECT_EQ(read(R"({"object":"eSimProfile","sim":)" + sim("sim_1") + rest), "none");
  EXPECT_EQ(profile.sim_id, "sim_1");
  ASSERT_TRUE(inside);
  Sim alone;
  std::string body = sim("sim_1");
  ASSERT_EQ(parser.read_sim(body, alone), std::nullopt);
  EXPECT_EQ(*inside, alone);
  // One that cannot be read costs nobody the profile.
  EXPECT_EQ(read(R"({"object":"eSimProfile","sim":{"id":"sim_2","status":7})" + rest), "none");
  EXPECT_EQ(profile.sim_id, "sim_2");
  EXPECT_FALSE(inside);
  EXPECT_EQ(read(R"({"object":"eSimProfile","sim":{"status":"active"})" + rest), "sim.id is missing");
  EXPECT_EQ(read(R"({"object":"eSimProfile","sim":"sim_2")" + rest), "sim is not an object");
}

TEST(ProfileParser, ReadsAndRefuses) {
  PageParser parser;
  EsimProfile profile;
  std::string body = sample::profile("sim_1");
  ASSERT_EQ(parser.read_profile(body, profile), std::nullopt);
  EXPECT_EQ(profile, (EsimProfile{"sim_1", "enabled", *parse_timestamp("2024-03-13T15:36:01Z")}));
  const auto problem = [&parser](std::string text) {
    EsimProfile ignored;
    return parser.read_profile(text, ignored).value_or("none");
  };
  EXPECT_EQ(problem(sim("sim_1")), "object is not eSimProfile");
  EXPECT_EQ(
      problem(R"({"object":"eSimProfile","sim":{"id":"a"},"status":"quantum","updatedAt":"2024-03-13T15:36:01Z"})"),
      "none");
  EXPECT_EQ(problem(R"({"object":"eSimProfile","sim":{},"status":"enabled","updatedAt":"2024-03-13T15:36:01Z"})"),
            "sim.id is missing");
  EXPECT_EQ(problem(R"({"object":"eSimProfile","sim":"a","status":"enabled","updatedAt":"2024-03-13T15:36:01Z"})"),
            "sim is not an object");
  EXPECT_EQ(problem(R"({"object":"eSimProfile","sim":{"id":"a"},"status":null,"updatedAt":"2024-03-13T15:36:01Z"})"),
            "status is not a string");
  EXPECT_EQ(problem(R"({"object":"eSimProfile","sim":{"id":"a"},"status":"enabled","updatedAt":"yesterday"})"),
            "updatedAt is not a time");
  EXPECT_EQ(problem(R"({"object":"eSimProfile","sim":{"id":"a"},"status":"enabled"})"), "updatedAt is missing");
  const std::string whole = sample::profile("sim_1");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(problem(whole.substr(0, size)), "none") << size;
}

TEST(CredentialsParser, ReadsAndRefuses) {
  PageParser parser;
  SimCredentials credentials;
  std::string body = R"({"object":"simCredentials","activationCode":"LPA:1$smdp.gigs.com$2M-3L0MX-F8HE2",)"
                     R"("qrCodeUrl":"https:\/\/files.gigs.com\/qr.png","sim":"sim_1"})";
  ASSERT_EQ(parser.read_credentials(body, credentials), std::nullopt);
  EXPECT_EQ(credentials.sim_id, "sim_1");
  EXPECT_EQ(credentials.activation_code, "LPA:1$smdp.gigs.com$2M-3L0MX-F8HE2");
  EXPECT_EQ(credentials.qr_code_url, "https://files.gigs.com/qr.png");
  body = R"({"object":"simCredentials","activationCode":null,"qrCodeUrl":null,"sim":"sim_2"})";
  ASSERT_EQ(parser.read_credentials(body, credentials), std::nullopt);
  EXPECT_EQ(credentials.activation_code, std::nullopt);
  EXPECT_EQ(credentials.qr_code_url, std::nullopt);
  body = R"({"object":"simCredentials","activationCode":1,"qrCodeUrl":null,"sim":"sim_2"})";
  EXPECT_EQ(parser.read_credentials(body, credentials), "activationCode is no text");
}

TEST(ErrorParser, TellsTheApisErrorsFromOthers) {
  PageParser parser;
  const auto message = [&parser](std::string text) { return parser.read_error(text); };
  EXPECT_EQ(message(sample::error("Invalid authorization token")), "Invalid authorization token");
  EXPECT_EQ(message(R"({"object":"error","type":"x","hint":"h","documentation":["https://x"]})"), "");
  EXPECT_EQ(message(R"({"object":"error","message":{"a":1}})"), "");
  EXPECT_EQ(message(R"({"message":"not found"})"), std::nullopt);
  EXPECT_EQ(message("<html>"), std::nullopt);
  EXPECT_EQ(message(""), std::nullopt);
}

}  // namespace
}  // namespace simsync
