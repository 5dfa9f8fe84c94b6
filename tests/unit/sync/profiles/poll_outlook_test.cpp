#include "sync/profiles/poll_outlook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sync/profiles/poll_intervals.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr TimePoint kNow = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};

class PollOutlookTest : public testing::Test {
 protected:
  PollOutlookTest() {
    story_.sim.type = "eSIM";
    story_.sim.provider = "p3";
    story_.sim.status = "active";
    story_.profile = SimStory::Profile{"enabled", {}, {}, {}, kNow - 5min};
    story_.service = SimStory::Service{kNow - 10s, 700, 0, 12.5, 0, 6h, {}, {}};
    moved(6h);
  }

  void moved(Milliseconds ago) {
    story_.sim.created_at = story_.changed_at = story_.profile->updated_at = kNow - 24h * 365;
    story_.last_transition_at = kNow - ago;
  }

  [[nodiscard]] PollOutlook outlook() const { return poll_outlook(story_, config_, kNow); }
  [[nodiscard]] Milliseconds interval() const { return outlook().interval.value_or(0ms); }

  ProfilesConfig config_;
  SimStory story_;
};

TEST_F(PollOutlookTest, TheUsual) {
  const PollOutlook usual = outlook();
  EXPECT_TRUE(usual.polled);
  EXPECT_EQ(usual.reason, "usual: asked every 15m");
  EXPECT_EQ(usual.interval, 15min);
  EXPECT_EQ(usual.last_polled_at, kNow - 5min);
  EXPECT_EQ(usual.next_due, kNow + 10min);
  EXPECT_EQ(usual.next_earliest, kNow + 2min + 30s);
  EXPECT_EQ(usual.overdue, std::nullopt);
  EXPECT_EQ(usual.next, "due in 10m, in 2m30s at the earliest");
  story_.profile->last_polled_at = kNow - 10min;
  EXPECT_EQ(outlook().next, "due in 5m, or any moment before");
}

TEST_F(PollOutlookTest, WhatMovedLatelyIsAskedMoreOften) {
  moved(4min);
  EXPECT_EQ(interval(), 30s) << "it was asked before it moved";
  story_.profile->last_polled_at = kNow - 1min;
  EXPECT_EQ(outlook().reason, "recent: it moved 4m ago, so asked every 4m");
  EXPECT_EQ(outlook().next_due, kNow + 3min);
  story_.profile->last_polled_at = kNow;
  EXPECT_EQ(interval(), 8min);
}

TEST_F(PollOutlookTest, EveryKindOfMoveCounts) {
  const auto recent_after = [this](const std::function<void()>& move) {
    moved(6h);
    story_.timeline.clear();
    move();
    return interval() == 30s;
  };
  EXPECT_FALSE(recent_after([] {}));
  EXPECT_TRUE(recent_after([this] { story_.profile->updated_at = kNow; }));
  EXPECT_TRUE(recent_after([this] { story_.last_transition_at = kNow; }));
  EXPECT_TRUE(recent_after([this] { story_.sim.created_at = kNow; }));
  EXPECT_TRUE(recent_after([this] { story_.sim.created_at = kNow + 1h; })) << "a clock that is ahead";
  const auto change = [this](const char* field) {
    SimStory::Entry& entry = story_.timeline.emplace_back();
    entry.observed_at = kNow;
    entry.what = field;
  };
  EXPECT_FALSE(recent_after([&] { change("metadata"); }));
  EXPECT_TRUE(recent_after([&] { change("status"); })) << "activated, retired, back";
}

TEST_F(PollOutlookTest, WhatIsLongQuietIsAskedAsSeldomAsTheServiceDoesAtPresent) {
  moved(12 * 24h);
  EXPECT_EQ(outlook().reason, "long quiet: nothing moved for 12d, so asked every 6h");
  const PollIntervals intervals{config_};
  const PollIntervals::Step step = intervals.usual() + 4;
  story_.service->quiet_interval = intervals.every(step);
  EXPECT_EQ(interval(), intervals.every(step));
  story_.service->quiet_interval = intervals.every(step + 1) - 1ms;
  EXPECT_EQ(interval(), intervals.every(step));
  story_.service->quiet_interval = 15min;
  EXPECT_EQ(outlook().reason, "usual: asked every 15m");
  story_.service->quiet_interval = 1s;
  EXPECT_EQ(interval(), 15min);
}

TEST_F(PollOutlookTest, WithoutAServiceTheQuietWaitLongest) {
  moved(12 * 24h);
  story_.service->quiet_interval = 15min;
  story_.service->saved_at = kNow - 2min;
  EXPECT_EQ(interval(), 15min);
  story_.service->saved_at = kNow - 2min - 1us;
  EXPECT_EQ(interval(), 6h);
  story_.service->saved_at = kNow + 2min + 1us;
  EXPECT_EQ(interval(), 6h);
  story_.service.reset();
  EXPECT_EQ(interval(), 6h);
}

TEST_F(PollOutlookTest, TheRetiredAndTheDeleted) {
  story_.sim.status = "retired";
  EXPECT_EQ(outlook().reason, "retired: the SIM is retired, so asked every 1d");
  story_.sim.status = "active";
  story_.profile->status = "deleted";
  EXPECT_EQ(outlook().reason, "retired: the profile is deleted, so asked every 1d");
  moved(1min);
  story_.profile->last_polled_at = kNow;
  EXPECT_EQ(outlook().reason, "recent: it moved 1m ago, so asked every 2m");
}

TEST_F(PollOutlookTest, ThoseThatAreNotAskedAndWhy) {
  const auto why = [this](const std::function<void()>& change) {
    const SimStory before = story_;
    change();
    const PollOutlook changed = outlook();
    story_ = before;
    EXPECT_FALSE(changed.polled);
    EXPECT_FALSE(changed.interval || changed.next_due || changed.overdue);
    EXPECT_EQ(changed.next, "");
    EXPECT_EQ(changed.last_polled_at, kNow - 5min);
    return changed.reason;
  };
  EXPECT_EQ(why([this] { story_.missing_since = kNow - 3h; }),
            "not asked: the SIM is missing, the API said 3h ago that it is gone");
  EXPECT_EQ(why([this] { story_.sim.type = "pSIM"; }), "not asked: its type is pSIM, and only an eSIM has a profile");
  EXPECT_EQ(why([this] { story_.sim.provider = "p9"; }),
            "not asked: its provider p9 is not in profiles.providers (p3, p14, p15)");
}

TEST_F(PollOutlookTest, OneThatWasNeverAskedIsDueNow) {
  story_.profile.reset();
  const PollOutlook never = outlook();
  EXPECT_TRUE(never.polled);
  EXPECT_EQ(never.last_polled_at, std::nullopt);
  EXPECT_EQ(never.next_due, kNow);
  EXPECT_THAT(never.next, StartsWith("due now, it was never asked: the service is about to ask"));
  story_.service.reset();
  EXPECT_EQ(outlook().next, "due now, it was never asked: the service has not run for this project yet");
}

TEST_F(PollOutlookTest, APollInTheFutureIsNoLongerAwayThanItsInterval) {
  story_.profile->last_polled_at = kNow + 24h * 365;
  EXPECT_EQ(outlook().next_due, kNow + 15min);
}

class Overdue : public PollOutlookTest {
 protected:
  Overdue() { story_.profile->last_polled_at = kNow - 18min; }
};

TEST_F(Overdue, SaysBySoMuch) {
  EXPECT_EQ(outlook().overdue, 3min);
  EXPECT_THAT(outlook().next, StartsWith("overdue by 3m: the service is about to ask"));
  story_.profile->last_polled_at = kNow - 15min;
  EXPECT_EQ(outlook().overdue, std::nullopt) << "just due";
}

TEST_F(Overdue, BecauseNoServiceRuns) {
  story_.service->saved_at = kNow - 3h;
  EXPECT_EQ(outlook().next, "overdue by 3m: the service does not run, it was heard of last 3h ago");
  story_.service->saved_at = kNow + 3h;
  EXPECT_EQ(outlook().next, "overdue by 3m: the service does not run, or its clock is ahead");
  story_.service.reset();
  EXPECT_EQ(outlook().next, "overdue by 3m: the service has not run for this project yet");
  story_.profile->last_polled_at = kNow;
  EXPECT_THAT(outlook().next, StartsWith("due in 15m, "));
  EXPECT_THAT(outlook().next, EndsWith("; but the service has not run for this project yet"));
}

TEST_F(Overdue, BecauseTheApiDoesNotAnswer) {
  story_.service->failing_since = kNow - 12min;
  story_.service->last_error = "HTTP 503";
  story_.service->overdue = 9;
  EXPECT_EQ(outlook().next, "overdue by 3m: the API has answered no poll for 12m: HTTP 503");
}

TEST_F(Overdue, BecauseTheBudgetIsTooSmall) {
  story_.service->overdue = 50;
  EXPECT_THAT(outlook().next, HasSubstr("50 of 700 profiles are overdue, though the budget is large enough"));
  story_.service->planned_per_second = 8;
  EXPECT_THAT(outlook().next,
              HasSubstr("50 of 700 profiles are overdue, the budget is too small: 12.5 polls a second are needed, "
                        "api.requests_per_second has room for 8.0"));
  story_.service->planned_per_second = 13;
  EXPECT_THAT(outlook().next, HasSubstr("though the budget is large enough"));
}

TEST(SpanText, HasTwoUnitsAtMost) {
  EXPECT_EQ(span_text(0ms), "0s");
  EXPECT_EQ(span_text(-5s), "0s");
  EXPECT_EQ(span_text(20ms), "20ms");
  EXPECT_EQ(span_text(30s + 900ms), "30s");
  EXPECT_EQ(span_text(8min), "8m");
  EXPECT_EQ(span_text(90min + 5s), "1h30m");
  EXPECT_EQ(span_text(24h + 4min), "1d");
  EXPECT_EQ(span_text(12 * 24h + 3h + 4min), "12d3h");
  EXPECT_EQ(span_text(24h * 366), "366d");
}

}  // namespace
}  // namespace simsync
