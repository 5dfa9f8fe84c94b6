// Alerts are written with the changes that raise them, or not at all.
#include "tests/unit/storage/alert_fixture.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kAlerts[] =
    "SELECT sim_id, rule, state, count, provider, from_status, to_status FROM simsync.alert ORDER BY alert_id";
constexpr char kDeliveries[] =
    "SELECT channel, event, state, message_id, rule FROM simsync.alert_delivery ORDER BY alert_id, channel";

class AlertRaising : public AlertFixture {};

TEST_F(AlertRaising, ATransitionIsAnAlertThatWaitsForEachChannel) {
  sim("sim_1");
  profile("sim_1", "enabled");
  profile("sim_1", "disabled");
  EXPECT_THAT(rows(kAlerts), ElementsAre("sim_1|gone|event|1|p3|enabled|disabled"));
  EXPECT_THAT(rows(kDeliveries), ElementsAre("ops|raised|pending|null|gone", "pager|raised|pending|null|gone"));
  EXPECT_EQ(value("SELECT count(*) FROM simsync.alert a JOIN simsync.esim_profile_transition t USING (project, sim_id, "
                  "transition_id) WHERE t.to_status = 'disabled' AND a.change_id IS NULL"),
            "1");
}

TEST_F(AlertRaising, TheJudgeSeesTransitionsWithTheirSimAndNoFirstSight) {
  sim("sim_1", "active", R"({"fleet": "trucks"})");
  profile("sim_1", "disabled");
  EXPECT_THAT(judge_.seen, IsEmpty());
  profile("sim_1", "enabled");
  profile("unknown", "installed");
  profile("unknown", "enabled");
  ASSERT_EQ(judge_.seen.size(), 2U);
  const RecordedChange& change = judge_.seen[0];
  EXPECT_TRUE(change.profile);
  EXPECT_EQ(change.sim_id + ' ' + change.kind + ' ' + *change.old_value + ' ' + *change.new_value,
            "sim_1 transition disabled enabled");
  EXPECT_EQ(change.provider + ' ' + change.type + ' ' + change.status, "p3 eSIM active");
  EXPECT_EQ(change.metadata, R"({"fleet": "trucks"})");
  EXPECT_EQ(change.observed_at, at(second_ - 29));
  EXPECT_EQ(judge_.seen[1].status + judge_.seen[1].metadata, "") << "of a SIM that is not known";
}

TEST_F(AlertRaising, TheJudgeSeesEachKindOfChangeOfASim) {
  sim("sim_1", "inactive");
  walk();
  EXPECT_THAT(judge_.seen, IsEmpty());
  sim("sim_1", "active", R"({"a":"b"})");
  sim("sim_2");
  const TimePoint now = at(second_);
  walk(WalkOutcome::complete, false, 0, {{"sim_1", now, now}});
  sim("sim_1", "retired", R"({"a":"b"})");
  std::vector<std::string> told;
  for (const RecordedChange& change : judge_.seen) {
    EXPECT_FALSE(change.profile);
    EXPECT_EQ(change.provider + change.type, "p3eSIM");
    told.push_back(change.sim_id + ' ' + change.kind + ' ' + change.field + ' ' + change.old_value.value_or("-") + ' ' +
                   change.new_value.value_or("-") + ' ' + change.status + ' ' + change.metadata);
    EXPECT_EQ(value("SELECT sim_id FROM simsync.sim_change WHERE change_id = " + std::to_string(change.id)),
              change.sim_id);
  }
  EXPECT_THAT(told, UnorderedElementsAre("sim_1 changed status inactive active active {\"a\":\"b\"}",
                                         "sim_1 changed metadata {} {\"a\": \"b\"} active {\"a\":\"b\"}",
                                         "sim_2 appeared status - active active {}",
                                         "sim_1 disappeared status active - active {\"a\": \"b\"}",
                                         "sim_1 reappeared status - retired retired {\"a\":\"b\"}"));
}

TEST_F(AlertRaising, WhoWantsNothingIsNotAsked) {
  judge_.wants = false;
  sim("sim_1");
  profile("sim_1", "enabled");
  profile("sim_1", "disabled");
  EXPECT_THAT(judge_.seen, IsEmpty());
  EXPECT_EQ(count("alert"), "0");
}

TEST_F(AlertRaising, AChangeWhoseAlertCannotBeWrittenIsNotWrittenEither) {
  judge_.more = [](std::size_t i, const RecordedChange& change, std::vector<RaisedAlert>& raised) {
    if (!change.profile) raised.push_back({i, "sim", "simsync.sim.change", "warning", {"ops"}, "", ""});
  };
  sim("sim_1");
  sim("sim_2");
  walk();
  profile("sim_1", "enabled");
  for (const std::string table : {"alert", "alert_delivery"}) {
    breaks(table);
    EXPECT_THROW(profile("sim_1", "disabled"), StorageError) << table;
    EXPECT_THROW(sim("sim_1", "retired"), StorageError);
    EXPECT_THROW(walk(WalkOutcome::complete, false, 0, {{"sim_2", at(second_), at(second_)}}), StorageError);
    mend();
    EXPECT_EQ(count("esim_profile_transition"), "1");
    EXPECT_EQ(count("sim_change"), "0");
    EXPECT_EQ(count("alert"), "0");
  }
  profile("sim_1", "disabled");
  sim("sim_1", "retired");
  walk(WalkOutcome::complete, false, 0, {{"sim_2", at(second_), at(second_)}});
  EXPECT_THAT(rows("SELECT rule, coalesce(transition_id, 0) > 0, coalesce(change_id, 0) > 0, body FROM simsync.alert "
                   "ORDER BY alert_id"),
              ElementsAre("gone|t|f|{}", R"(sim|f|t|{"kind": "changed", "field": "status"})",
                          R"(sim|f|t|{"kind": "disappeared", "field": "status"})"));
}

TEST_F(AlertRaising, FlappingCountsTheOpenAlertUntilItMayBeRepeated) {
  sim("sim_1");
  profile("sim_1", "enabled");
  profile("sim_1", "disabled");
  profile("sim_1", "enabled");
  profile("sim_1", "deleted");
  EXPECT_THAT(rows(kAlerts), ElementsAre("sim_1|gone|event|2|p3|enabled|disabled"));
  EXPECT_EQ(value("SELECT last_raised_at >= raised_at FROM simsync.alert"), "t");
  EXPECT_EQ(count("alert_delivery"), "2");
  judge_.repeat = std::chrono::milliseconds{0};
  profile("sim_1", "enabled");
  profile("sim_1", "disabled");
  EXPECT_EQ(count("alert"), "2");
  EXPECT_EQ(count("alert_delivery"), "4");
}

TEST_F(AlertRaising, FlappingWithinABatchCountsAsWell) {
  sim("sim_1");
  sim("sim_2");
  store_->apply_profiles("acme", {profile_at(1000, "sim_1", "enabled", 1), profile_at(1001, "sim_1", "disabled", 2),
                                  profile_at(1002, "sim_1", "enabled", 3), profile_at(1003, "sim_1", "disabled", 4),
                                  profile_at(1001, "sim_2", "enabled", 1), profile_at(1002, "sim_2", "disabled", 2)});
  EXPECT_THAT(rows("SELECT sim_id, count FROM simsync.alert ORDER BY sim_id"), ElementsAre("sim_1|2", "sim_2|1"));
}

TEST_F(AlertRaising, ARuleThatConcernsSeveralFieldsOfASimIsOneAlert) {
  judge_.more = [](std::size_t i, const RecordedChange& change, std::vector<RaisedAlert>& raised) {
    for (const char* rule : {"one", "other"}) {
      if (!change.profile) {
        raised.push_back({i, rule, "simsync.sim.change", "warning", {rule}, *change.old_value, *change.new_value});
      }
    }
  };
  sim("sim_1");
  walk();
  sim("sim_1", "retired", R"({"a":"b"})");
  EXPECT_THAT(rows("SELECT rule, count FROM simsync.alert ORDER BY rule"), ElementsAre("one|2", "other|2"));
  EXPECT_THAT(rows("SELECT rule, channel FROM simsync.alert_delivery ORDER BY rule"),
              ElementsAre("one|one", "other|other"));
}

TEST_F(AlertRaising, AMassDisappearanceGoesToAllChannelsOnce) {
  sim("sim_1");
  walk();
  walk(WalkOutcome::incomplete, false, 50);
  walk(WalkOutcome::incomplete, false, 51);
  EXPECT_THAT(rows("SELECT rule, type, body ->> 'held_back' FROM simsync.alert"),
              ElementsAre("mass-disappearance|simsync.mass_disappearance|50"));
  EXPECT_THAT(rows(kDeliveries), ElementsAre("ops|raised|pending|null|mass-disappearance",
                                             "pager|raised|pending|null|mass-disappearance"));
}

TEST_F(AlertRaising, ARefusedTokenFiresUntilItIsKnownToBeGood) {
  const std::string state =
      "SELECT string_agg(state, ' ' ORDER BY alert_id) FROM simsync.alert WHERE rule = 'auth-failed'";
  walk();
  EXPECT_EQ(value(state), "null");
  walk(WalkOutcome::failed, true);
  walk(WalkOutcome::failed, true);
  EXPECT_EQ(value(state), "firing") << "once";
  EXPECT_EQ(value("SELECT body ->> 'error' FROM simsync.alert"), "401");
  EXPECT_EQ(count("alert_delivery"), "2");
  walk(WalkOutcome::failed);
  EXPECT_EQ(value(state), "firing") << "while the API is down, nobody knows";
  PollState polls;
  polls.failing_since = wall_clock();
  polls.failure = "token refused";
  store_->save_poll_state("acme", polls);
  walk();
  EXPECT_EQ(value(state), "firing") << "the polls say otherwise";
  store_->save_poll_state("acme", {});
  EXPECT_EQ(value(state), "resolved");
  store_->save_poll_state("acme", polls);
  EXPECT_EQ(value(state), "resolved firing");
}

TEST_F(AlertRaising, WithoutAJudgeWhatIsBuiltInIsWrittenAndTellsNobody) {
  store_ = make_postgres_store_factory(database_.url())->open();
  walk(WalkOutcome::failed, true, 3);
  EXPECT_THAT(rows("SELECT rule FROM simsync.alert ORDER BY rule"), ElementsAre("auth-failed", "mass-disappearance"));
  EXPECT_EQ(count("alert_delivery"), "0");
}

}  // namespace
}  // namespace simsync
