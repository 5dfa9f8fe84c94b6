#include "sync/api/answer_judge.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

const Endpoint kList{ApiCall::list, "list", "GET /projects/acme/sims", "the API does not know the project"};
const ProjectNames kProject{"acme", "https://api.gigs.com", "secret-token"};

ApiError judged(int status, const std::optional<std::string>& message, const std::string& type = "application/json",
                std::string_view body = "{") {
  HttpOutcome outcome;
  outcome.delivery = Transmission::answered;
  outcome.status = status;
  outcome.content_type = type;
  const auto error = judge(outcome, body, message, kList, kProject);
  return error ? *error : ApiError(ApiFailure::stopped, -1, "no error");
}

TEST(AnswerJudge, EveryStatusHasItsFailure) {
  const std::vector<std::pair<int, ApiFailure>> table = {
      {400, ApiFailure::rejected},     {401, ApiFailure::unauthorized}, {403, ApiFailure::unauthorized},
      {404, ApiFailure::not_found},    {405, ApiFailure::rejected},     {408, ApiFailure::timeout},
      {409, ApiFailure::rejected},     {422, ApiFailure::rejected},     {429, ApiFailure::throttled},
      {500, ApiFailure::server_error}, {501, ApiFailure::server_error}, {502, ApiFailure::unavailable},
      {503, ApiFailure::unavailable},  {504, ApiFailure::unavailable},  {301, ApiFailure::malformed},
      {304, ApiFailure::malformed},    {101, ApiFailure::malformed},    {407, ApiFailure::unreachable}};
  for (const auto& [status, failure] : table) {
    EXPECT_EQ(judged(status, "why").failure(), failure) << status;
    EXPECT_EQ(judged(status, "why").http_status(), status);
  }
  EXPECT_EQ(judged(200, std::nullopt).http_status(), -1);
}

TEST(AnswerJudge, MessagesSayWhatToDo) {
  EXPECT_STREQ(judged(401, "Invalid authorization token").what(),
               "GET /projects/acme/sims: HTTP 401: Invalid authorization token; check the token of project acme");
  EXPECT_STREQ(judged(404, "no").what(), "GET /projects/acme/sims: HTTP 404: no; the API does not know the project");
  EXPECT_STREQ(judged(302, std::nullopt).what(),
               "GET /projects/acme/sims: HTTP 302; redirects are not followed, check api.base_url");
  EXPECT_STREQ(judged(200, std::nullopt, "text/HTML; charset=utf-8").what(),
               "GET /projects/acme/sims: https://api.gigs.com answered HTML, not JSON: check api.base_url");
  EXPECT_EQ(judged(200, std::nullopt, "", " \n<!doctype html>").failure(), ApiFailure::malformed);
}

ApiError unanswered(Transmission delivery) {
  HttpOutcome outcome;
  outcome.delivery = delivery;
  outcome.error = "why";
  return *judge(outcome, "", std::nullopt, kList, kProject);
}

// Every error says what to do about it, in one line.
TEST(AnswerJudge, EveryErrorHasItsAdvice) {
  const std::string trouble = "; the API has trouble, if it stays report it to the provider";
  const std::string refused = "; the API does not take this request, if it stays report it to the provider";
  const std::vector<std::pair<int, std::string>> statuses = {
      {101, "; this is no answer of the API, check api.base_url"},
      {304, "; redirects are not followed, check api.base_url"},
      {400, refused},
      {403, "; check the token of project acme"},
      {407, ": the proxy wants other credentials, check https_proxy"},
      {408, trouble},
      {422, refused},
      {429, "; the API wants fewer requests, lower api.requests_per_second if it stays"},
      {500, trouble},
      {501, trouble},
      {502, trouble},
      {503, trouble},
      {504, trouble}};
  for (const auto& [status, advice] : statuses) {
    EXPECT_EQ(judged(status, "why").what(),
              "GET /projects/acme/sims: HTTP " + std::to_string(status) + ": why" + advice);
  }
  const std::string url = "https://api.gigs.com";
  const std::vector<std::pair<Transmission, std::string>> transmissions = {
      {Transmission::unsent, "cannot connect to " + url + " (why); check api.base_url and the network"},
      {Transmission::tls,
       "TLS with " + url + " failed (why); check api.base_url, and api.ca_file if the certificate is your own"},
      {Transmission::timeout,
       "no whole answer from " + url + " within api.timeout; check the network, or raise api.timeout"},
      {Transmission::too_large,
       "the answer is larger than can be believed; check api.base_url, and if it stays report it to the provider"},
      {Transmission::broken,
       "the connection to " + url + " was lost (why); check the network, and if it stays report it to the provider"}};
  for (const auto& [delivery, text] : transmissions) {
    EXPECT_EQ(unanswered(delivery).what(), "GET /projects/acme/sims: " + text);
  }
  EXPECT_STREQ(malformed_answer(200, "no list of items", kList).what(),
               "GET /projects/acme/sims: no list of items; if it stays, report it to the provider");
}

TEST(AnswerJudge, OnlyTheApiCanSayThatSomethingIsGone) {
  EXPECT_EQ(judged(404, std::nullopt, "text/html", "<html>").failure(), ApiFailure::malformed);
  EXPECT_FALSE(judged(404, std::nullopt).retryable());
}

// Whoever may read the list and not write is no reason to stop reading.
TEST(AnswerJudge, WhatIsForbiddenOfOneSimSaysNothingOfTheProject) {
  HttpOutcome outcome;
  outcome.delivery = Transmission::answered;
  outcome.status = 403;
  const auto failure = [&](ApiCall call, const std::optional<std::string>& message) {
    return judge(outcome, "{", message, {call, "x", "X", "", {}}, kProject)->failure();
  };
  for (const ApiCall call : {ApiCall::get, ApiCall::update_metadata}) {
    EXPECT_EQ(failure(call, "why"), ApiFailure::rejected);
    EXPECT_EQ(failure(call, std::nullopt), ApiFailure::unauthorized);
  }
  EXPECT_EQ(failure(ApiCall::list, "why"), ApiFailure::unauthorized);
  const Endpoint update{ApiCall::update_metadata, "update_metadata", "PATCH", ""};
  EXPECT_STREQ(judge(outcome, "{", "why", update, kProject)->what(),
               "PATCH: HTTP 403: why; the token of project acme lacks the right");
}

TEST(AnswerJudge, ForeignTextIsBoundedCleanedAndHoldsNoToken) {
  EXPECT_EQ(presentable("a\r\nb\x1B[31m\x7F", ""), "ab[31m");
  EXPECT_EQ(presentable("your token secret-token is bad, secret-token", "secret-token"), "your token * is bad, *");
  EXPECT_EQ(presentable(std::string(500, 'x'), "").size(), 200U);
  std::string accents;
  for (int i = 0; i < 150; ++i) accents += "\xE2\x82\xAC";
  EXPECT_EQ(presentable(accents, "").size(), 198U) << "no half character";
  EXPECT_EQ(presentable("secret-\x01token", "secret-token"), "*");
  EXPECT_EQ(presentable("Invalid token", "tok"), "Invalid token");
}

TEST(AnswerJudge, RetryableFollowsTheFailure) {
  EXPECT_TRUE(ApiError(ApiFailure::throttled, 429, "").retryable());
  EXPECT_TRUE(ApiError(ApiFailure::malformed, 200, "").retryable());
  EXPECT_FALSE(ApiError(ApiFailure::malformed, 302, "").retryable());
  EXPECT_FALSE(ApiError(ApiFailure::unauthorized, 401, "").retryable());
  EXPECT_FALSE(ApiError(ApiFailure::stopped, 0, "").retryable());
}

}  // namespace
}  // namespace simsync
