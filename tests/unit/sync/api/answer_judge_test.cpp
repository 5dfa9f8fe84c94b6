#include "sync/api/answer_judge.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

const Endpoint kList{"list", "GET /projects/acme/sims", "the API does not know the project"};
const ProjectNames kProject{"acme", "https://api.gigs.com", "secret-token"};

ApiError judged(int status, const std::optional<std::string>& message, const std::string& type = "application/json",
                std::string_view body = "{") {
  HttpOutcome outcome;
  outcome.delivery = Delivery::answered;
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

TEST(AnswerJudge, OnlyTheApiCanSayThatSomethingIsGone) {
  EXPECT_EQ(judged(404, std::nullopt, "text/html", "<html>").failure(), ApiFailure::malformed);
  EXPECT_FALSE(judged(404, std::nullopt).retryable());
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
