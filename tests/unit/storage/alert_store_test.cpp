// The outbox: messages are made of what waits, never change, and are neither lost nor sent twice without need.
#include <atomic>
#include <thread>

#include "tests/unit/storage/alert_fixture.h"

namespace simsync {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr seconds kWait{10};
constexpr char kStates[] =
    "SELECT channel, event, state, attempts, last_error FROM simsync.alert_delivery "
    "ORDER BY alert_id, channel";

class AlertOutbox : public AlertFixture {
 protected:
  void SetUp() override { judge_.all_channels = {"ops"}; }

  void disable(const std::string& id) {
    sim(id);
    profile(id, "enabled");
    profile(id, "disabled");
  }
  std::optional<TimePoint> form(AlertStore& store, TimePoint now, const std::string& channel = "ops") {
    return store.form_messages({"acme"}, channel, kWait, now);
  }
  // All that waits, as messages to send.
  std::vector<AlertMessage> formed(const std::string& channel = "ops") {
    form(*alerts_, later(), channel);
    return alerts_->due({"acme"}, channel, later(), {100});
  }
  void deliver(const AlertMessage& message) { alerts_->record(message, {}, later()); }
  // What is due, delivered one after the other.
  std::vector<std::string> told(TimePoint now) {
    std::vector<std::string> told;
    while (true) {
      const std::vector<AlertMessage> due = alerts_->due({"acme"}, "ops", now, {1});
      if (due.empty()) return told;
      told.push_back((due[0].event == AlertEvent::raised ? "raised " : "resolved ") + std::to_string(due[0].alerts));
      alerts_->record(due[0], {}, now);
    }
  }
  [[nodiscard]] TimePoint later() const { return now_ + kWait; }

  ConditionReport low_stock(const std::vector<std::string>& subjects) {
    ConditionReport report{"acme", "low-stock", "simsync.stock", "warning", {"ops"}, {}};
    for (const std::string& subject : subjects) {
      AlertCondition& one = report.holding.emplace_back();
      one.subject = subject;
      one.provider = subject;
      one.since = now_;
      one.details = R"({"unused": 3})";
    }
    return report;
  }

  std::unique_ptr<AlertStore> alerts_ = open_postgres_alert_store(database_.url());
  TimePoint now_ = wall_clock() + seconds{30};  // after what the store writes during the test
};

TEST_F(AlertOutbox, AMessageIsMadeWhenTheOldestHasWaited) {
  EXPECT_EQ(form(*alerts_, now_), std::nullopt);
  disable("sim_1");
  const TimePoint before = wall_clock();
  const std::optional<TimePoint> next = form(*alerts_, before);
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, before);
  EXPECT_LE(*next, before + kWait);
  EXPECT_EQ(count("alert_message"), "0");
  EXPECT_EQ(form(*alerts_, *next), std::nullopt) << "nothing else waits";
  const std::vector<AlertMessage> due = alerts_->due({"acme"}, "ops", *next, {10});
  ASSERT_THAT(due, SizeIs(1));
  const AlertMessage& message = due[0];
  EXPECT_TRUE(message.id.starts_with("msg_") && message.id.size() == 36) << message.id;
  EXPECT_EQ(message.project + ' ' + message.channel + ' ' + message.rule + ' ' + message.type + ' ' + message.severity,
            "acme ops gone simsync.profile.transition critical");
  EXPECT_EQ(message.event, AlertEvent::raised);
  EXPECT_FALSE(message.lasting);
  EXPECT_EQ(message.first_raised_at, message.last_raised_at);
  EXPECT_EQ(message.first_raised_at + kWait, *next);
  EXPECT_EQ(message.pending_since, *next);
  EXPECT_EQ(message.attempts, 0U);
  EXPECT_EQ(message.details, "");
  EXPECT_EQ(message.resolved_at, std::nullopt);
  ASSERT_THAT(message.first, SizeIs(1));
  const AlertOfSim& one = message.first[0];
  EXPECT_EQ(one.sim_id + ' ' + one.iccid + ' ' + one.provider + ' ' + one.from + ' ' + one.to,
            "sim_1 8988307000000753711 p3 enabled disabled");
  EXPECT_EQ(std::to_string(one.alert_id), value("SELECT alert_id FROM simsync.alert"));
  EXPECT_EQ(one.raised_at, message.first_raised_at);
}

TEST_F(AlertOutbox, AMessageTellsOfOneRuleAndOneChannel) {
  judge_.all_channels = {"ops", "pager"};
  judge_.more = [](std::size_t i, const RecordedChange& change, std::vector<RaisedAlert>& raised) {
    if (change.new_value == "disabled") raised.push_back({i, "another", "t", "s", {"pager"}, "", ""});
  };
  disable("sim_1");
  disable("sim_2");
  EXPECT_THAT(formed(), ElementsAre(testing::Field(&AlertMessage::alerts, 2U)));
  EXPECT_THAT(formed("pager"), testing::UnorderedElementsAre(testing::Field(&AlertMessage::rule, "gone"),
                                                             testing::Field(&AlertMessage::rule, "another")));
  EXPECT_THAT(formed("nobody"), IsEmpty());
}

TEST_F(AlertOutbox, AHundredThousandTransitionsAreOneMessage) {
  database_.run(R"(
    INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                             changed_at, confirmed_at)
      SELECT 'acme', 's' || n, '89' || n, CASE WHEN n <= 100 THEN 'p14' ELSE 'p3' END, 'eSIM', 'active', '{}', t, '{}',
             t, t, t FROM generate_series(1, 100000) n, CAST('2025-01-01Z' AS timestamptz) t;
    INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since,
                                      last_polled_at, sim_status, changed_at)
      SELECT project, sim_id, 'enabled', created_at, created_at, created_at, created_at, status, created_at
      FROM simsync.sim)");
  for (int batch = 0; batch < 10; ++batch) {  // as a poller's, so that no statement takes long
    std::vector<ProfileReading> readings;
    for (int n = batch * 10'000 + 1; n <= (batch + 1) * 10'000; ++n) {
      readings.push_back(profile_at(10, "s" + std::to_string(n), n % 10 == 0 ? "deleted" : "disabled", 5));
    }
    EXPECT_EQ(store_->apply_profiles("acme", readings).recorded, 10'000U);
  }
  const std::vector<AlertMessage> due = formed();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].alerts, 100'000U);
  std::vector<std::string> breakdown;
  for (const AlertBreakdown& part : due[0].breakdown) {
    breakdown.push_back(part.provider + ' ' + part.from + ' ' + part.to + ' ' + std::to_string(part.alerts));
  }
  EXPECT_THAT(breakdown, ElementsAre("p3 enabled disabled 89910", "p3 enabled deleted 9990", "p14 enabled disabled 90",
                                     "p14 enabled deleted 10"));
  EXPECT_THAT(due[0].first, SizeIs(20));
  deliver(due[0]);
  EXPECT_THAT(rows("SELECT state, attempts, count(*) FROM simsync.alert_delivery GROUP BY 1, 2"),
              ElementsAre("delivered|1|100000"));
}

TEST_F(AlertOutbox, WhatWasNotRecordedIsSentAgainWithTheSameIdAndBody) {
  disable("sim_1");
  const std::vector<AlertMessage> sent = formed();
  ASSERT_THAT(sent, SizeIs(1));
  profile("sim_1", "enabled");
  profile("sim_1", "disabled");  // counted; the message stays as it is
  const std::string body = value("SELECT body FROM simsync.alert_message");
  // Whoever sent it was killed.
  alerts_ = open_postgres_alert_store(database_.url());
  form(*alerts_, later() + hours{1});
  const std::vector<AlertMessage> again = alerts_->due({"acme"}, "ops", later() + seconds{15}, {10});
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].id, sent[0].id);
  EXPECT_EQ(again[0].first[0].count, 1U);
  EXPECT_EQ(value("SELECT body FROM simsync.alert_message"), body);
  EXPECT_EQ(value("SELECT count FROM simsync.alert"), "2");
  deliver(again[0]);
  EXPECT_THAT(alerts_->due({"acme"}, "ops", later() + hours{1}, {10}), IsEmpty());
  EXPECT_EQ(alerts_->next_due({"acme"}, "ops"), std::nullopt);
}

TEST_F(AlertOutbox, ACrashWhileItIsFormedLosesNothing) {
  disable("sim_1");
  breaks("alert_message");
  EXPECT_THROW(form(*alerts_, later()), StorageError);
  mend();
  EXPECT_EQ(value("SELECT count(*) FROM simsync.alert_delivery WHERE message_id IS NULL"), "1");
  EXPECT_THAT(formed(), SizeIs(1));
}

TEST_F(AlertOutbox, TwoProcessesDoNotSendTheSame) {
  disable("sim_1");
  const auto other = open_postgres_alert_store(database_.url());
  ASSERT_THAT(formed(), SizeIs(1));
  EXPECT_THAT(other->due({"acme"}, "ops", later(), {10}), IsEmpty());
  EXPECT_EQ(other->next_due({"acme"}, "ops"), later() + seconds{15});
  EXPECT_EQ(alerts_->next_due({"acme"}, "ops"), later()) << "its own";
  const std::vector<AlertMessage> own = alerts_->due({"acme"}, "ops", later(), {10});
  ASSERT_THAT(own, SizeIs(1)) << "whoever asks again";
  alerts_->record(own[0], {DeliveryResult::State::pending, "HTTP 500", later() + seconds{1}}, later());
  EXPECT_THAT(other->due({"acme"}, "ops", later() + seconds{1}, {10}), SizeIs(1)) << "it was given back";
}

TEST_F(AlertOutbox, TwoProcessesPutEachAlertIntoOneMessage) {
  constexpr int kSims = 40;
  std::atomic<bool> raising = true;
  {
    std::vector<std::jthread> processes;
    for (int i = 0; i < 2; ++i) {
      processes.emplace_back([&] {
        const auto store = open_postgres_alert_store(database_.url());
        while (raising) store->form_messages({"acme"}, "ops", milliseconds{0}, later());
        while (store->form_messages({"acme"}, "ops", milliseconds{0}, later())) {
        }
      });
    }
    for (int n = 0; n < kSims; ++n) disable("sim_" + std::to_string(n));
    raising = false;
  }
  EXPECT_EQ(value("SELECT sum(alerts) FROM simsync.alert_message"), std::to_string(kSims));
  EXPECT_EQ(value("SELECT count(*) FROM simsync.alert_message m WHERE alerts <> (SELECT count(*) FROM "
                  "simsync.alert_delivery d WHERE d.message_id = m.message_id)"),
            "0");
}

TEST_F(AlertOutbox, AnAttemptThatFailedWaitsAndOneThatIsGivenUpIsListedAndRetried) {
  disable("sim_1");
  std::vector<AlertMessage> due = formed();
  alerts_->record(due.at(0), {DeliveryResult::State::pending, "HTTP 500", later() + seconds{60}}, later());
  EXPECT_THAT(alerts_->due({"acme"}, "ops", later() + seconds{59}, {10}), IsEmpty());
  EXPECT_EQ(alerts_->next_due({"acme"}, "ops"), later() + seconds{60});
  due = alerts_->due({"acme"}, "ops", later() + seconds{60}, {10});
  EXPECT_EQ(due.at(0).attempts, 1U);
  alerts_->record(due[0], {DeliveryResult::State::dead, "HTTP 410", {}}, later());
  EXPECT_THAT(rows(kStates), ElementsAre("ops|raised|dead|2|HTTP 410"));
  EXPECT_EQ(alerts_->next_due({"acme"}, "ops"), std::nullopt);

  const std::vector<ListedMessage> listed = alerts_->list({"acme"}, "", 10);
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].state + ' ' + listed[0].last_error, "dead HTTP 410");
  EXPECT_EQ(listed[0].message.id, due[0].id);
  EXPECT_EQ(listed[0].message.first.at(0).sim_id, "sim_1");
  EXPECT_EQ(listed[0].next_attempt_at, std::nullopt);

  EXPECT_EQ(alerts_->retry({"acme"}, "pager", "", later()), 0U);
  EXPECT_EQ(alerts_->retry({"other"}, "", "", later()), 0U);
  EXPECT_EQ(alerts_->retry({"acme"}, "", "msg_x", later()), 0U);
  EXPECT_EQ(alerts_->retry({"acme"}, "ops", due[0].id, later() + hours{1}), 1U);
  const std::vector<AlertMessage> again = alerts_->due({"acme"}, "ops", later() + hours{1}, {10});
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].id, due[0].id);
  EXPECT_EQ(again[0].pending_since, later() + hours{1});
  EXPECT_EQ(again[0].attempts, 0U) << "it need not wait as one that failed";
  EXPECT_THAT(rows(kStates), ElementsAre("ops|raised|pending|2|HTTP 410"));
  deliver(again[0]);
  EXPECT_THAT(rows(kStates), ElementsAre("ops|raised|delivered|1|null"));
  EXPECT_THAT(alerts_->list({"acme"}, "", 10), IsEmpty());
  EXPECT_EQ(alerts_->list({"acme"}, "delivered", 10).at(0).delivered_at, later());
}

TEST_F(AlertOutbox, WhatWasDeliveredStaysDelivered) {
  disable("sim_1");
  const AlertMessage message = formed().at(0);
  deliver(message);
  alerts_->record(message, {DeliveryResult::State::dead, "timeout", {}}, later());
  EXPECT_THAT(rows(kStates), ElementsAre("ops|raised|delivered|1|null"));
}

TEST_F(AlertOutbox, ListsTheNewestFirstOfTheStateAskedFor) {
  for (const std::string id : {"sim_1", "sim_2", "sim_3"}) {
    disable(id);
    form(*alerts_, now_ + kWait);
    now_ += seconds{1};
  }
  const std::vector<ListedMessage> listed = alerts_->list({"acme"}, "pending", 2);
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_EQ(listed[0].message.first.at(0).sim_id + listed[1].message.first.at(0).sim_id, "sim_3sim_2");
  EXPECT_EQ(alerts_->due({"acme"}, "ops", later(), {1}).at(0).first.at(0).sim_id, "sim_1") << "due: the oldest first";
  EXPECT_THAT(alerts_->list({"acme"}, "dead", 10), IsEmpty());
}

TEST_F(AlertOutbox, AConditionFiresOnceAndItsEndIsToldAfterIt) {
  EXPECT_EQ(alerts_->observe(low_stock({"p9", "p3"}), now_), 2U);
  EXPECT_EQ(alerts_->observe(low_stock({"p3", "p9"}), now_), 0U);
  EXPECT_THAT(rows("SELECT state, subject, body ->> 'unused', body ? 'since' FROM simsync.alert ORDER BY subject"),
              ElementsAre("firing|p3|3|t", "firing|p9|3|t"));
  const AlertMessage fired = formed().at(0);
  EXPECT_TRUE(fired.lasting);
  EXPECT_EQ(fired.alerts, 2U);
  EXPECT_THAT(fired.first, IsEmpty()) << "of SIMs";
  EXPECT_NE(fired.details.find(R"("alerts": [{)"), std::string::npos) << fired.details;
  EXPECT_NE(fired.details.find(R"("subject": "p9")"), std::string::npos) << fired.details;
  EXPECT_THAT(alerts_->open_alerts({"acme"}, "ops"), IsEmpty()) << "not delivered yet";
  deliver(fired);
  ASSERT_THAT(alerts_->open_alerts({"acme"}, "ops"), SizeIs(1));
  EXPECT_EQ(alerts_->open_alerts({"acme"}, "ops")[0].alerts, 2U);

  EXPECT_EQ(alerts_->observe(low_stock({"p3"}), now_ + seconds{5}), 1U);
  const std::vector<AlertMessage> open = alerts_->open_alerts({"acme"}, "ops");
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].alerts, 1U);
  EXPECT_NE(open[0].details.find(R"("subject": "p3")"), std::string::npos) << open[0].details;
  EXPECT_EQ(open[0].id, alerts_->open_alerts({"acme"}, "ops")[0].id);
  EXPECT_EQ(form(*alerts_, now_ + seconds{14}), now_ + seconds{15}) << "group_wait begins with the end";
  form(*alerts_, now_ + seconds{15});
  const AlertMessage resolved = alerts_->due({"acme"}, "ops", now_ + seconds{15}, {10}).at(0);
  EXPECT_EQ(resolved.event, AlertEvent::resolved);
  EXPECT_TRUE(resolved.lasting);
  EXPECT_EQ(resolved.alerts, 1U);
  EXPECT_EQ(resolved.resolved_at, now_ + seconds{5});
  EXPECT_EQ(resolved.first_raised_at, now_);
  EXPECT_NE(resolved.details.find(R"("subject": "p9")"), std::string::npos) << resolved.details;
  EXPECT_NE(resolved.id, fired.id);
  EXPECT_EQ(alerts_->observe(low_stock({"p9", "p3"}), now_ + seconds{20}), 1U) << "anew";
}

TEST_F(AlertOutbox, WhatEndedBeforeItWasToldIsToldWithItsEndAfterIt) {
  alerts_->observe(low_stock({"p9"}), now_);
  alerts_->observe(low_stock({}), now_ + seconds{1});
  form(*alerts_, now_ + seconds{60});
  EXPECT_THAT(told(now_ + seconds{60}), ElementsAre("raised 1", "resolved 1"));
  EXPECT_EQ(form(*alerts_, now_ + seconds{60}), std::nullopt);
}

TEST_F(AlertOutbox, WhatBeganAnewIsToldAfterItsEnd) {
  alerts_->observe(low_stock({"p9"}), now_);
  deliver(formed().at(0));
  alerts_->observe(low_stock({"p9", "p3"}), later());
  alerts_->observe(low_stock({"p3"}), later() + seconds{9});
  alerts_->observe(low_stock({"p9", "p3"}), later() + seconds{10});
  form(*alerts_, later() + kWait);  // p3 has waited for long enough, the end of p9 alone would not have
  EXPECT_THAT(told(later() + kWait), ElementsAre("resolved 1", "raised 2"));
}

TEST_F(AlertOutbox, WhatBeganAnewBeforeItWasToldIsToldToHaveBegun) {
  alerts_->observe(low_stock({"p9"}), now_);
  alerts_->observe(low_stock({}), now_ + seconds{1});
  alerts_->observe(low_stock({"p9"}), now_ + seconds{2});
  form(*alerts_, now_ + seconds{60});
  EXPECT_THAT(told(now_ + seconds{60}), ElementsAre("raised 2"));
  EXPECT_EQ(form(*alerts_, now_ + seconds{60}), std::nullopt);
  alerts_->observe(low_stock({}), now_ + seconds{70});
  form(*alerts_, now_ + seconds{90});
  EXPECT_THAT(told(now_ + seconds{90}), ElementsAre("resolved 1"));
}

TEST_F(AlertOutbox, WhatLastsIsToldInItsOrderHoweverLateThatIs) {
  alerts_->observe(low_stock({"p9"}), now_);
  const AlertMessage began = formed().at(0);
  const TimePoint again = later() + hours{1};
  alerts_->record(began, {DeliveryResult::State::pending, "HTTP 500", again}, later());
  alerts_->observe(low_stock({}), later());
  form(*alerts_, later() + kWait);
  EXPECT_THAT(told(later() + kWait), IsEmpty());
  EXPECT_EQ(alerts_->next_due({"acme"}, "ops"), again);
  EXPECT_THAT(told(again), ElementsAre("raised 1", "resolved 1"));
}

TEST_F(AlertOutbox, AChangeMayOvertakeAnother) {
  disable("sim_1");
  alerts_->record(formed().at(0), {DeliveryResult::State::pending, "HTTP 500", later() + hours{1}}, later());
  disable("sim_2");
  form(*alerts_, later());
  EXPECT_THAT(told(later()), ElementsAre("raised 1"));
}

TEST_F(AlertOutbox, ABeginThatWasGivenUpIsToldAnewIfItStillLasts) {
  alerts_->observe(low_stock({"p3", "p9"}), now_);
  const AlertMessage began = formed().at(0);
  alerts_->record(began, {DeliveryResult::State::dead, "HTTP 400", {}}, later());
  alerts_->observe(low_stock({"p3"}), later());
  form(*alerts_, later() + kWait);
  EXPECT_THAT(told(later() + kWait), ElementsAre("resolved 1"));
  const TimePoint retried = later() + hours{1};
  EXPECT_EQ(alerts_->retry({"acme"}, "", began.id, retried), 1U);
  EXPECT_EQ(form(*alerts_, retried), retried + kWait);
  form(*alerts_, retried + kWait);
  const std::vector<AlertMessage> due = alerts_->due({"acme"}, "ops", retried + kWait, {10});
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_THAT(due[0].providers, ElementsAre("p3"));
  EXPECT_NE(due[0].id, began.id);
  alerts_->record(due[0], {DeliveryResult::State::dead, "HTTP 400", {}}, retried + kWait);
  alerts_->observe(low_stock({}), retried + kWait);
  EXPECT_EQ(alerts_->retry({"acme"}, "", "", retried + hours{1}), 0U) << "it has ended";
  EXPECT_THAT(alerts_->list({"acme"}, "dead", 10), IsEmpty());
}

TEST_F(AlertOutbox, WhatIsOldIsGivenUpAtOnce) {
  for (const std::string id : {"old_1", "old_2"}) {
    disable(id);
    formed();
  }
  disable("new");
  form(*alerts_, later() + hours{80});
  EXPECT_EQ(alerts_->give_up({"acme"}, "another", later(), "timeout"), 0U);
  EXPECT_EQ(alerts_->give_up({"acme"}, "ops", later(), "timeout"), 2U);
  EXPECT_THAT(rows("SELECT state, last_error FROM simsync.alert_delivery ORDER BY alert_id"),
              ElementsAre("dead|timeout", "dead|timeout", "pending|null"));
  EXPECT_THAT(alerts_->list({"acme"}, "dead", 10), SizeIs(2));
}

TEST_F(AlertOutbox, WhatWasNeverTriedCanBeAskedForAlone) {
  disable("tried");
  alerts_->record(formed().at(0), {DeliveryResult::State::pending, "HTTP 500", later()}, later());
  EXPECT_THAT(alerts_->due({"acme"}, "ops", later(), {10, true}), IsEmpty());
  disable("untried");
  form(*alerts_, later());
  EXPECT_THAT(alerts_->due({"acme"}, "ops", later(), {10, true}), SizeIs(1));
  EXPECT_THAT(alerts_->due({"acme"}, "ops", later(), {10}), SizeIs(2));
}

TEST_F(AlertOutbox, WhatWasNotSentIsGivenBack) {
  disable("sim_1");
  form(*alerts_, later());
  const auto other = open_postgres_alert_store(database_.url());
  const DueQuestion for_a_minute{10, false, seconds{60}};
  const AlertMessage message = alerts_->due({"acme"}, "ops", later(), for_a_minute).at(0);
  EXPECT_THAT(other->due({"acme"}, "ops", later() + seconds{59}, for_a_minute), IsEmpty());
  other->give_back(message);
  EXPECT_THAT(other->due({"acme"}, "ops", later(), for_a_minute), IsEmpty()) << "it is not its own";
  alerts_->give_back(message);
  EXPECT_THAT(other->due({"acme"}, "ops", later(), for_a_minute), SizeIs(1));
}

TEST_F(AlertOutbox, AMessageNamesAllItsProviders) {
  std::vector<std::string> many;
  for (int provider = 10; provider < 80; ++provider) many.push_back("p" + std::to_string(provider));
  alerts_->observe(low_stock(many), now_);
  const AlertMessage message = formed().at(0);
  EXPECT_THAT(message.breakdown, SizeIs(50));
  EXPECT_EQ(message.providers, many);
}

// After a start nobody knows since when the stock is low.
TEST_F(AlertOutbox, WhatHoldsForTooShortATimeNeitherBeginsNorEnds) {
  alerts_->observe(low_stock({"p9"}), now_);
  ConditionReport young = low_stock({"p9", "p3"});
  for (AlertCondition& condition : young.holding) condition.young = true;
  EXPECT_EQ(alerts_->observe(young, now_), 0U);
  EXPECT_EQ(value("SELECT count(*) FROM simsync.alert WHERE state = 'firing'"), "1");
}

TEST_F(AlertOutbox, ARuleThatIsGoneEndsItsAlerts) {
  alerts_->observe(low_stock({"p9"}), now_);
  walk(WalkOutcome::failed, true);
  EXPECT_EQ(alerts_->end_all_but({"acme"}, {{"acme", "low-stock"}}, now_), 0U);
  EXPECT_EQ(alerts_->end_all_but({"other"}, {}, now_), 0U) << "not its project";
  EXPECT_EQ(alerts_->end_all_but({"acme"}, {{"acme", "another"}, {"other", "low-stock"}}, now_), 1U);
  EXPECT_THAT(rows("SELECT rule, state FROM simsync.alert ORDER BY rule"),
              ElementsAre("auth-failed|firing", "low-stock|resolved"));
}

TEST_F(AlertOutbox, ADeliveryWhoseAlertSomebodyDeletedIsGivenUp) {
  disable("sim_1");
  database_.run("DELETE FROM simsync.alert");
  EXPECT_THAT(formed(), IsEmpty());
  EXPECT_EQ(form(*alerts_, later()), std::nullopt);
  EXPECT_THAT(rows("SELECT state, last_error FROM simsync.alert_delivery"), ElementsAre("dead|the alert was deleted"));
}

TEST_F(AlertOutbox, HistoryKeepForgetsWhatWasDelivered) {
  for (const std::string id : {"delivered_1", "delivered_2", "dead", "pending", "waiting"}) {
    disable(id);
    if (id == "waiting") break;
    const AlertMessage message = formed().back();
    if (id == "dead") alerts_->record(message, {DeliveryResult::State::dead, "410", {}}, now_);
    if (id.starts_with("delivered")) alerts_->record(message, {}, now_);
  }
  alerts_->observe(low_stock({"p9"}), now_);
  while (store_->forget_history("acme", TimePoint{}, 1) > 0) {
  }
  EXPECT_EQ(count("alert"), "6");
  const TimePoint bound = now_ + hours{24};
  while (store_->forget_history("acme", bound, 1) > 0) {
  }
  EXPECT_THAT(rows("SELECT sim_id || subject FROM simsync.alert ORDER BY alert_id"),
              ElementsAre("dead", "pending", "waiting", "p9"));
  EXPECT_THAT(rows("SELECT state FROM simsync.alert_delivery ORDER BY alert_id"),
              ElementsAre("dead", "pending", "pending", "pending"));
  EXPECT_THAT(rows("SELECT state FROM simsync.alert_message ORDER BY state"), ElementsAre("dead", "pending"));
}

}  // namespace
}  // namespace simsync
