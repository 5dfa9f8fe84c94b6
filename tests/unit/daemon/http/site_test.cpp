// Paths, methods, tokens and headers, as bytes on the wire.
#include "daemon/http/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsync {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kToken[] = "s3cret-token";

class SiteTest : public testing::Test {
 protected:
  std::string ask(const std::string& request_line, const std::string& headers = {}, const std::string& token = {}) {
    const SiteContent content{.metrics = [] { return std::string{"# metrics\n"}; },
                              .page = [] { return std::string{"<p>page</p>"}; },
                              .unready = [this] { return unready_; },
                              .stuck = [this] { return stuck_; },
                              .page_policy = "default-src 'none'"};
    const Site site{content, Secret{token}};
    HttpMessages messages{[&site](const HttpQuestion& question) { return site.answer(question); }};
    return messages.answer(request_line + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
  }

  std::vector<std::string> unready_;
  std::optional<std::string> stuck_;
};

TEST_F(SiteTest, ServesWhatItHas) {
  EXPECT_THAT(ask("GET /metrics"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n# metrics\n"),
                                         HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                                         HasSubstr("Content-Length: 10\r\n")));
  EXPECT_THAT(ask("GET /"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n<p>page</p>"),
                                  HasSubstr("Content-Security-Policy: default-src 'none'\r\n")));
  EXPECT_THAT(ask("GET /metrics?name=x"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask("GET /healthz"), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\nok\n")));
  EXPECT_THAT(ask("GET /readyz"), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\nready\n")));
}

TEST_F(SiteTest, EveryAnswerIsGuarded) {
  for (const std::string line : {"GET /", "GET /metrics", "GET /healthz", "GET /readyz", "GET /nothing", "POST /"}) {
    EXPECT_THAT(ask(line), AllOf(HasSubstr("\r\nCache-Control: no-store\r\n"),
                                 HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n")))
        << line;
  }
}

TEST_F(SiteTest, SaysWhyItIsNotReadyOrDoesNotWork) {
  unready_ = {"database: away", "acme: no walk"};
  EXPECT_THAT(ask("GET /readyz"), AllOf(StartsWith("HTTP/1.1 503"), EndsWith("\r\n\r\ndatabase: away\nacme: no walk\n"),
                                        HasSubstr("Content-Type: text/plain")));
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 200"));
  stuck_ = "the polls of acme stand still";
  EXPECT_THAT(ask("GET /healthz"),
              AllOf(StartsWith("HTTP/1.1 503"), EndsWith("\r\n\r\nthe polls of acme stand still\n")));
}

TEST_F(SiteTest, OtherPathsAndMethodsAreRefused) {
  for (const std::string path :
       {"/metricsx", "/metrics/", "/favicon.ico", "//", "/../etc/passwd", "/%2e%2e/x", "/a%00b"}) {
    EXPECT_THAT(ask("GET " + path), StartsWith("HTTP/1.1 404")) << path;
  }
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    EXPECT_THAT(ask(method + " /metrics"),
                AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n"), Not(HasSubstr("# metrics"))))
        << method;
  }
  EXPECT_THAT(ask("POST /metrics", "Content-Length: 5\r\n"), StartsWith("HTTP/1.1 405"));
}

TEST_F(SiteTest, HeadIsGetWithoutTheBody) {
  EXPECT_THAT(ask("HEAD /metrics"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n"), HasSubstr("Content-Length: 10\r\n")));
}

TEST_F(SiteTest, RangesAreNotServed) {
  EXPECT_THAT(ask("GET /metrics", "Range: bytes=2-3\r\n"),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n# metrics\n")));
}

TEST_F(SiteTest, WhatIsNoRequestIsRefused) {
  HttpMessages messages{[](const HttpQuestion&) {
    ADD_FAILURE() << "asked";
    return HttpAnswer{};
  }};
  for (const std::string bytes : {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
    EXPECT_THAT(messages.answer(bytes), testing::AnyOf(IsEmpty(), StartsWith("HTTP/1.1 4"))) << bytes;
  }
}

TEST_F(SiteTest, WithATokenOnlyHealthzIsOpen) {
  for (const std::string path : {"/", "/metrics", "/readyz", "/nothing"}) {
    const std::string answer = ask("GET " + path, {}, kToken);
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("WWW-Authenticate: Bearer"),
                              Not(HasSubstr("# metrics")), Not(HasSubstr("page</p>")), Not(HasSubstr(kToken))))
        << path;
  }
  EXPECT_THAT(ask("GET /healthz", {}, kToken), StartsWith("HTTP/1.1 200"));
}

TEST_F(SiteTest, OnlyTheWholeTokenIsGood) {
  const std::string token = kToken;
  for (const std::string& good : {"Bearer " + token, "bearer " + token, "BEARER  " + token}) {
    EXPECT_THAT(ask("GET /metrics", "Authorization: " + good + "\r\n", token), StartsWith("HTTP/1.1 200")) << good;
  }
  const std::vector<std::string> bad_ones = {token,
                                             "Basic " + token,
                                             "Bearer",
                                             "Bearer ",
                                             "Bearer " + token + "x",
                                             "Bearer x" + token,
                                             "Bearer " + token.substr(1),
                                             "Bearer s3cret-tokeN",
                                             "Bearer " + token.substr(0, token.size() - 1)};
  for (const std::string& bad : bad_ones) {
    EXPECT_THAT(ask("GET /metrics", "Authorization: " + bad + "\r\n", token), StartsWith("HTTP/1.1 401")) << bad;
  }
}

}  // namespace
}  // namespace simsync
