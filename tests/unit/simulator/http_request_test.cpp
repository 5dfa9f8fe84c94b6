// The hand-written parser: what it takes, what it refuses, and that it does not care where the bytes are cut.
#include "tests/simulator/http_request.h"

#include <gtest/gtest.h>

#include "tests/simulator/list_query.h"
#include "tests/simulator/timestamps.h"

namespace simsync::simulator {
namespace {

using State = ParseResult::State;

TEST(HttpRequest, IsCompleteOnlyWithItsLastByte) {
  const std::vector<std::string> texts = {
      "GET /a%20b?x=1&y=%2C HTTP/1.1\r\nHost: h\r\nAUTHORIZATION:  Bearer t \r\n\r\n",
      "PATCH /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
      "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n"};
  for (const auto& text : texts) {
    HttpRequest request;
    for (std::size_t size = 0; size < text.size(); ++size)
      ASSERT_EQ(parse_request(std::string_view(text).substr(0, size), request).state, State::need_more) << size;
    const std::string with_next = text + "GET / HTTP/1.1\r\n\r\n";
    const auto result = parse_request(with_next, request);
    ASSERT_EQ(result.state, State::complete);
    EXPECT_EQ(result.consumed, text.size());
    if (request.method != "GET") {
      EXPECT_EQ(request.body, "hello");
    }
    if (request.method == "GET") {
      EXPECT_EQ(request.header("authorization"), "Bearer t");
    }
  }
}

TEST(HttpRequest, RefusesWhatIsNoHttp) {
  for (const std::string_view text : {"hello\r\n\r\n", "GET / HTTP/2\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
                                      "GET a HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                      "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                      "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                      "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    HttpRequest request;
    EXPECT_EQ(parse_request(text, request).state, State::broken) << text;
  }
  HttpRequest request;
  EXPECT_EQ(parse_request(std::string(70'000, 'a'), request).status, 431);
  EXPECT_EQ(parse_request("GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", request).status, 413);
}

TEST(HttpRequest, KnowsWhenTheConnectionStays) {
  HttpRequest request;
  const auto stays = [&](std::string_view text) {
    parse_request(text, request);
    return request.keep_alive;
  };
  EXPECT_TRUE(stays("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(stays("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(stays("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(stays("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(HttpRequest, DecodesQueries) {
  const auto pairs = parse_query("status=active%2Cretired&a=&b&c=d=e&+=%2b");
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 5U);
  EXPECT_EQ((*pairs)[0].second, "active,retired");
  EXPECT_EQ((*pairs)[3].second, "d=e");
  EXPECT_EQ((*pairs)[4], (std::pair<std::string, std::string>("+", "+")));
  EXPECT_FALSE(parse_query("a=%2"));
  EXPECT_FALSE(parse_query("a=%zz"));
}

TEST(Iccid, HasThePatternOfFacts) {
  EXPECT_TRUE(is_iccid("8988307000000753711"));
  EXPECT_TRUE(is_iccid("8988307000000753711F"));
  EXPECT_TRUE(is_iccid("8988307000000753711f"));
  EXPECT_TRUE(is_iccid("89883070000007537119"));
  for (const char* bad :
       {"", "898830700000075371", "898830700000075371191", "89883070000007537119F", "8988307000000753711FF",
        "8988307000000753711G", "F8988307000000753711", " 8988307000000753711"})
    EXPECT_FALSE(is_iccid(bad)) << bad;
}

TEST(Timestamps, GoForthAndBack) {
  for (const char* text : {"2021-01-21T19:38:34Z", "2024-02-29T00:00:00Z", "1970-01-01T00:00:00Z"})
    EXPECT_EQ(utc_text(parse_utc(text).value()), text);
  EXPECT_EQ(parse_utc("2021-01-21T19:38:34.0Z"), parse_utc("2021-01-21T19:38:34Z"));
  for (const char* bad : {"", "2021-01-21", "2021-02-30T00:00:00Z", "2021-01-21T24:00:00Z", "2021-01-21T19:38:34",
                          "2021-01-21T19:38:34.Z", "2021-01-21T19:38:34+01:00"})
    EXPECT_FALSE(parse_utc(bad)) << bad;
  EXPECT_EQ(http_date(parse_utc("1994-11-06T08:49:37Z").value()), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace simsync::simulator
