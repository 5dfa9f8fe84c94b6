#include "config/url.h"
#include "config/loopback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/scalars.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;

template <typename Parse>
std::string complaint(Parse parse, const std::string& text) {
  try {
    static_cast<void>(parse(text));
    return "";
  } catch (const BadValue& bad) {
    return bad.what();
  }
}

TEST(BaseUrl, Good) {
  EXPECT_EQ(parse_base_url("https://api.gigs.com"), "https://api.gigs.com");
  EXPECT_EQ(parse_base_url("https://api.gigs.com/"), "https://api.gigs.com");
  EXPECT_EQ(parse_base_url("HTTPS://API.gigs.com:8443/"), "https://api.gigs.com:8443");
  EXPECT_EQ(parse_base_url("http://127.0.0.1:1"), "http://127.0.0.1:1");
  EXPECT_EQ(parse_base_url("http://127.255.3.4"), "http://127.255.3.4");
  EXPECT_EQ(parse_base_url("http://[::1]:80"), "http://[::1]:80");
  EXPECT_EQ(parse_base_url("http://[0:0:0:0:0:0:0:1]"), "http://[0:0:0:0:0:0:0:1]");
  EXPECT_EQ(parse_base_url("http://LOCALHOST:65535"), "http://localhost:65535");
  EXPECT_EQ(parse_base_url("https://[2001:db8::1]:443"), "https://[2001:db8::1]:443");
}

TEST(BaseUrl, PlainHttpOnlyToLoopback) {
  for (const char* url :
       {"http://api.gigs.com", "http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://128.0.0.1",
        "http://127.1", "http://0177.0.0.1", "http://2130706433", "http://0.0.0.0", "http://[::]",
        "http://[::ffff:127.0.0.1]", "http://[::2]", "http://notlocalhost", "http://10.0.0.1"}) {
    EXPECT_THAT(complaint(parse_base_url, url), HasSubstr("not loopback")) << url;
  }
}

TEST(Loopback, KnowsOnlyWhatIsCertain) {
  for (const char* host :
       {"localhost", "LocalHost", "127.0.0.1", "127.255.3.4", "::1", "[::1]", "0:0:0:0:0:0:0:1", "[0::1]"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"", "[]", "localhost.", "localhos", "localhost.evil.example", "127.0.0.1.evil.example",
                           "127.1", "127.", "0177.0.0.1", "2130706433", "128.0.0.1", "0.0.0.0", "::", "::2", "[::1",
                           "[127.0.0.1]", "::ffff:127.0.0.1", " 127.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
  EXPECT_FALSE(is_loopback(std::string_view("127.0.0.1\0.evil.example", 22)));
}

TEST(BaseUrl, Bad) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"api.gigs.com", "is not an http URL"},
      {"ftp://api.gigs.com", "is not an http URL"},
      {"https:/api.gigs.com", "is not an http URL"},
      {"://api.gigs.com", "is not an http URL"},
      {"https://", "has no host"},
      {"https:///", "has no host"},
      {"https://:443", "has no host"},
      {"https://user@api.gigs.com", "has a user or password"},
      {"https://127.0.0.1:80@evil.example", "has a user or password"},
      {"http://evil.example\\@127.0.0.1/", "has a # or a backslash"},
      {"https://api.gigs.com/v1", "has a path"},
      {"https://api.gigs.com//", "has a path"},
      {"https://api.gigs.com?x=1", "has a query"},
      {"https://api.gigs.com/#x", "has a # or a backslash"},
      {"https://api.gigs.com:", "has no valid port"},
      {"https://api.gigs.com:0", "has no valid port"},
      {"https://api.gigs.com:65536", "has no valid port"},
      {"https://api.gigs.com:-1", "has no valid port"},
      {"https://api.gigs.com:1:2", "has no valid port"},
      {"https://api gigs.com", "holds spaces"},
      {"https://\xC3\xA4.example", "not ASCII"},
      {"https://-x", "has an invalid host"},
      {"https://a..b", "has an invalid host"},
      {"https://a%2fb", "has an invalid host"},
      {"https://[::1", "has brackets without an IPv6 address"},
      {"https://[]", "has brackets without an IPv6 address"},
      {"https://[", "has brackets without an IPv6 address"},
      {"https://[127.0.0.1]", "has brackets without an IPv6 address"},
      {"https://[::1]x", "has something other than :PORT"},
      {"https://" + std::string(254, 'a'), "has an invalid host"},
  };
  for (const auto& [url, what] : cases) EXPECT_THAT(complaint(parse_base_url, url), HasSubstr(what)) << url;
}

TEST(ChannelUrl, PathsAndQueries) {
  EXPECT_EQ(parse_webhook_url("https://example.com/hook/?a=b@c"), "https://example.com/hook/?a=b@c");
  EXPECT_EQ(parse_webhook_url("http://10.0.0.1:80/"), "http://10.0.0.1:80/");
  EXPECT_EQ(parse_alertmanager_url("http://am:9093"), "http://am:9093");
  EXPECT_EQ(parse_alertmanager_url("http://am:9093/prefix//"), "http://am:9093/prefix");
  EXPECT_THAT(complaint(parse_alertmanager_url, "http://am:9093/?x"), HasSubstr("has a query"));
  EXPECT_THAT(complaint(parse_webhook_url, "https://u:p@example.com/"), HasSubstr("has a user or password"));
  EXPECT_THAT(complaint(parse_webhook_url, "https://example.com/ x"), HasSubstr("holds spaces"));
}

TEST(ListenAddress, HostAndPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:9464"), "127.0.0.1:9464");
  EXPECT_EQ(parse_listen_address("[::1]:9464"), "[::1]:9464");
  EXPECT_EQ(parse_listen_address("localhost:0"), "localhost:0");
  for (const char* text : {"", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9464", "[::1]",
                           "a b:1", "http://127.0.0.1:1", "u@h:1", "h:1/"}) {
    EXPECT_NE(complaint(parse_listen_address, text), "") << text;
  }
}

TEST(DatabaseUrl, WhatLibpqTakes) {
  for (const char* text : {"postgresql:///simsync", "postgres://u:p@h:1,h2:2/db?sslmode=require", "host=h dbname=d"}) {
    EXPECT_EQ(parse_database_url(text), text);
  }
  for (const char* text : {"simsync", "mysql://h/db", "postgres:/h"}) {
    EXPECT_THAT(complaint(parse_database_url, text), HasSubstr("is nothing that libpq takes")) << text;
  }
}

}  // namespace
}  // namespace simsync::test
