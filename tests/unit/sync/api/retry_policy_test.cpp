#include "sync/api/retry_policy.h"

#include <gtest/gtest.h>

#include <set>

namespace simsync {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

const RetryPolicy::Limits kLimits{5, 120s, 500ms, 15s};

FailedAttempt failed(ApiFailure failure, int status = 0) {
  return {failure, status, std::nullopt};
}

bool retried(Repeat repeat, const FailedAttempt& attempt) {
  return RetryPolicy(kLimits, 1).wait_before_next(repeat, attempt, 1, 0ms).has_value();
}

TEST(RetryPolicy, RepeatsReadsThatMaySucceedLater) {
  for (const auto failure : {ApiFailure::unreachable, ApiFailure::timeout, ApiFailure::throttled,
                             ApiFailure::unavailable, ApiFailure::server_error}) {
    EXPECT_TRUE(retried(Repeat::harmless, failed(failure))) << static_cast<int>(failure);
  }
  for (const auto failure : {ApiFailure::tls, ApiFailure::unauthorized, ApiFailure::not_found, ApiFailure::rejected,
                             ApiFailure::too_large, ApiFailure::stopped}) {
    EXPECT_FALSE(retried(Repeat::harmless, failed(failure))) << static_cast<int>(failure);
  }
}

TEST(RetryPolicy, AGarbledAnswerIsAskedForOnceMore) {
  RetryPolicy policy(kLimits, 1);
  EXPECT_TRUE(policy.wait_before_next(Repeat::harmless, failed(ApiFailure::malformed, 200), 1, 0ms));
  EXPECT_FALSE(policy.wait_before_next(Repeat::harmless, failed(ApiFailure::malformed, 200), 2, 0ms));
  EXPECT_FALSE(policy.wait_before_next(Repeat::harmless, failed(ApiFailure::malformed, 302), 1, 0ms));
}

TEST(RetryPolicy, AWriteIsNeverRepeated) {
  EXPECT_FALSE(retried(Repeat::never, failed(ApiFailure::unreachable)));
  EXPECT_FALSE(retried(Repeat::never, failed(ApiFailure::timeout)));
  EXPECT_FALSE(retried(Repeat::never, failed(ApiFailure::server_error, 500)));
  EXPECT_FALSE(retried(Repeat::never, failed(ApiFailure::unavailable, 503)));
  EXPECT_FALSE(retried(Repeat::never, failed(ApiFailure::throttled, 429)));
}

TEST(RetryPolicy, BacksOffExponentiallyWithFullJitter) {
  for (unsigned attempts = 1; attempts < 5; ++attempts) {
    const auto bound = 500ms * (1 << (attempts - 1));
    milliseconds most{0};
    std::set<milliseconds> seen;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      const auto wait = RetryPolicy(kLimits, seed)
                            .wait_before_next(Repeat::harmless, failed(ApiFailure::unavailable, 503), attempts, 0ms);
      ASSERT_TRUE(wait);
      ASSERT_LE(*wait, bound);
      most = std::max(most, *wait);
      seen.insert(*wait);
    }
    EXPECT_GT(most, bound * 9 / 10);
    EXPECT_LT(*seen.begin(), bound / 10);
    EXPECT_GT(seen.size(), 300U);
  }
}

TEST(RetryPolicy, TheSameSeedWaitsTheSame) {
  RetryPolicy a(kLimits, 7);
  RetryPolicy b(kLimits, 7);
  for (unsigned i = 1; i < 5; ++i) {
    EXPECT_EQ(a.wait_before_next(Repeat::harmless, failed(ApiFailure::timeout), i, 0ms),
              b.wait_before_next(Repeat::harmless, failed(ApiFailure::timeout), i, 0ms));
  }
}

TEST(RetryPolicy, GivesUpAfterItsAttemptsAndItsTime) {
  RetryPolicy policy(kLimits, 1);
  EXPECT_FALSE(policy.wait_before_next(Repeat::harmless, failed(ApiFailure::timeout), 5, 0ms));
  EXPECT_FALSE(policy.wait_before_next(Repeat::harmless, failed(ApiFailure::timeout), 1, 120s));
}

TEST(RetryPolicy, KeepsToRetryAfter) {
  FailedAttempt attempt = failed(ApiFailure::throttled, 429);
  attempt.retry_after = 60s;
  RetryPolicy policy(kLimits, 1);
  EXPECT_EQ(policy.wait_before_next(Repeat::harmless, attempt, 1, 0ms), 60s);
  EXPECT_EQ(policy.wait_before_next(Repeat::harmless, attempt, 2, 61s), std::nullopt);  // does not fit into the total
  attempt.retry_after = 0ms;
  EXPECT_LE(*policy.wait_before_next(Repeat::harmless, attempt, 1, 0ms), 500ms);
}

const TimePoint kNow = sys_days{2026y / September / 1} + 12h;

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(parse_retry_after("0", kNow), 0ms);
  EXPECT_EQ(parse_retry_after("7", kNow), 7s);
  EXPECT_EQ(parse_retry_after("00000007", kNow), 7s);
  EXPECT_EQ(parse_retry_after(" 120 ", kNow), 120s);
  EXPECT_EQ(parse_retry_after("3601", kNow), 1h);
  EXPECT_EQ(parse_retry_after("99999999999999999999", kNow), 1h);
}

TEST(RetryAfter, AllThreeDateForms) {
  EXPECT_EQ(parse_retry_after("Tue, 01 Sep 2026 12:00:30 GMT", kNow), 30s);
  EXPECT_EQ(parse_retry_after("Tuesday, 01-Sep-26 12:00:30 GMT", kNow), 30s);
  EXPECT_EQ(parse_retry_after("Tue Sep  1 12:00:30 2026", kNow), 30s);
  EXPECT_EQ(parse_retry_after("Tue, 01 Sep 2026 11:59:59 GMT", kNow), 0ms);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 0ms);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", kNow), 0ms);
  EXPECT_EQ(parse_retry_after("Wed, 01 Sep 2027 12:00:30 GMT", kNow), 1h);
  EXPECT_EQ(parse_retry_after("Tue, 01 Sep 2026 12:00:30 GMT", kNow + 500ms), 29500ms);
}

TEST(RetryAfter, NonsenseIsNoWait) {
  for (const char* text :
       {"", " ", "-1", "1.5", "soon", "Tue, 01 Sep 2026", "Tue, 31 Feb 2026 12:00:00 GMT",
        "Tue, 01 Foo 2026 12:00:00 GMT", "Tue, 01 Sep 2026 25:00:00 GMT", "Tue, 01 Sep 2026 12:00:00 CET", "Tue Sep",
        ",", ", , ,", "Tue, 01 Sep 2026 12:0a:00 GMT", "Tue, 01 Sep 99999 12:00:00 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace simsync
