// What is read of one SIM: by id or ICCID, as one list of all that happened to it.
#include "storage/sim_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SimStoryTest : public testing::Test {
 protected:
  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();

  void store(int second, const std::string& id, const std::string& iccid, const std::string& project = "acme") {
    Sim sim = plain_sim(id);
    sim.iccid = iccid;
    store_->apply(project, {read_at(second, sim)});
  }

  void set_status(int second, const std::string& status) {
    Sim sim = plain_sim("sim_1");
    sim.status = status;
    store_->apply("acme", {read_at(second, sim)});
  }

  void poll(int second, const std::string& status, int updated) {
    store_->apply_profiles("acme", {profile_at(second, "sim_1", status, updated)});
  }

  // A walk that saw all but these.
  void walk(int second, const std::vector<Disappearance>& gone = {}) {
    WalkRecord record;
    record.id = store_->begin_walk("acme", WalkKind::full, at(second));
    record.finished_at = at(second + 1);
    record.outcome = WalkOutcome::complete;
    store_->finish_walk("acme", record, gone);
  }

  [[nodiscard]] std::vector<SimStory> read(const std::string& id_or_iccid,
                                           const std::vector<std::string>& projects = {"acme"},
                                           std::uint64_t newest = 0) const {
    return read_sim_stories(database_.url(), projects, id_or_iccid, newest);
  }

  // "project/id" of what is found.
  [[nodiscard]] std::vector<std::string> found(const std::string& id_or_iccid,
                                               const std::vector<std::string>& projects = {"acme", "beta"}) const {
    std::vector<std::string> names;
    for (const SimStory& story : read(id_or_iccid, projects)) names.push_back(story.project + "/" + story.sim.id);
    return names;
  }

  // "what kind from to not_before observed_at reported_at", times in seconds as of readings.h.
  static std::vector<std::string> lines(const std::vector<SimStory::Entry>& timeline) {
    const auto second = [](const std::optional<TimePoint>& time) {
      return time ? std::to_string((*time - at(0)) / std::chrono::seconds{1}) : "-";
    };
    std::vector<std::string> lines;
    lines.reserve(timeline.size());
    for (const SimStory::Entry& entry : timeline) {
      lines.push_back(entry.what + " " + entry.kind + " " + entry.from.value_or("-") + " " + entry.to.value_or("-") +
                      " " + second(entry.not_before) + " " + second(entry.observed_at) + " " +
                      second(entry.reported_at));
    }
    return lines;
  }
};

TEST_F(SimStoryTest, IsFoundByItsExactId) {
  store(1, "sim_1", "8900000000000000001");
  store(1, "sim_1", "8900000000000000002", "beta");
  store(1, "sim_12", "8900000000000000003");
  EXPECT_THAT(found("sim_1"), ElementsAre("acme/sim_1", "beta/sim_1"));
  EXPECT_THAT(found("sim_1", {"beta"}), ElementsAre("beta/sim_1"));
  EXPECT_THAT(found("SIM_1"), IsEmpty());
  EXPECT_THAT(found("sim_1", {"gamma"}), IsEmpty());
}

TEST_F(SimStoryTest, IsFoundByItsIccidWithAndWithoutTheFiller) {
  store(1, "plain", "8900000000000000001");
  store(1, "filled", "8900000000000000002F");
  store(1, "small", "8900000000000000003f");
  store(1, "letters", "8986a10000000000004B");
  for (const char* end : {"", "F", "f"}) {
    EXPECT_THAT(found(std::string{"8900000000000000001"} + end), ElementsAre("acme/plain"));
    EXPECT_THAT(found(std::string{"8900000000000000002"} + end), ElementsAre("acme/filled"));
    EXPECT_THAT(found(std::string{"8900000000000000003"} + end), ElementsAre("acme/small"));
  }
  EXPECT_THAT(found("8986A10000000000004b"), ElementsAre("acme/letters"));
  EXPECT_THAT(found("890000000000000000"), IsEmpty());
  EXPECT_THAT(found("%"), IsEmpty());
  EXPECT_THAT(found("F"), IsEmpty());
  EXPECT_THAT(found("' OR true --"), IsEmpty());
}

TEST_F(SimStoryTest, AnIccidOfSeveralIsAllOfThem) {
  store(1, "sim_b", "8900000000000000001", "beta");
  store(1, "sim_z", "8900000000000000001");
  store(1, "sim_c", "8900000000000000001F");
  EXPECT_THAT(found("8900000000000000001"), ElementsAre("acme/sim_c", "acme/sim_z", "beta/sim_b"));
}

TEST_F(SimStoryTest, AnIccidOfEverybodyIsBounded) {
  std::vector<SimReading> everybody;
  for (std::size_t i = 0; i < kMostStories + 5; ++i) everybody.push_back(read_at(1, plain_sim(std::to_string(i))));
  store_->apply("acme", everybody);
  EXPECT_THAT(found(plain_sim("").iccid), SizeIs(kMostStories));
}

TEST_F(SimStoryTest, TheIdIsLookedUpByTheKeyAndTheIccidAsTheTableLies) {
  database_.run(
      "INSERT INTO simsync.sim SELECT 'acme', 'sim_' || i, i::text, 'p3', 'eSIM', 'active', '{}', now(), '{}', now(),"
      " now(), NULL, now() FROM generate_series(1, 20000) i; ANALYZE simsync.sim");
  const auto reads = [&](const std::string& which) {
    return std::stol(database_.value("SELECT " + which + " FROM pg_stat_user_tables WHERE relname = 'sim'"));
  };
  const auto settled = [&](const std::string& which, long before) {
    for (int tries = 0; tries < 200 && reads(which) == before; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return reads(which);
  };
  const long scans = reads("seq_scan");
  const long by_key = reads("idx_scan");
  EXPECT_THAT(found("sim_77"), ElementsAre("acme/sim_77"));
  EXPECT_GT(settled("idx_scan", by_key), by_key);
  EXPECT_EQ(reads("seq_scan"), scans);
  EXPECT_THAT(found("77"), ElementsAre("acme/sim_77"));
  EXPECT_GT(settled("seq_scan", scans), scans);
}

TEST_F(SimStoryTest, HoldsTheSimAndItsProfile) {
  Sim sim = plain_sim("sim_1");
  sim.metadata = R"({"fleet": "Zürich"})";
  sim.extra = R"({"eid": 12345678901234567890123})";
  sim.created_at += std::chrono::microseconds{5};
  store_->apply("acme", {read_at(10, sim)});
  poll(20, "installed", 5);
  poll(30, "installed", 25);
  const std::vector<SimStory> stories = read("sim_1");
  ASSERT_THAT(stories, SizeIs(1));
  const SimStory& story = stories[0];
  EXPECT_EQ(story.sim, sim);
  EXPECT_EQ(story.first_seen_at, at(11));
  EXPECT_EQ(story.changed_at, at(11));
  EXPECT_EQ(story.confirmed_at, at(10));
  EXPECT_FALSE(story.missing_since);
  ASSERT_TRUE(story.profile);
  EXPECT_EQ(story.profile->status, "installed");
  EXPECT_EQ(story.profile->status_since, at(5));
  EXPECT_EQ(story.profile->updated_at, at(25));
  EXPECT_EQ(story.profile->first_observed_at, at(21));
  EXPECT_EQ(story.profile->last_polled_at, at(30));
  EXPECT_EQ(story.last_transition_at, at(31));
  EXPECT_FALSE(story.service);
  EXPECT_THAT(story.pending, IsEmpty());
}

TEST_F(SimStoryTest, OneThatWasNeverPolledHasNoProfile) {
  store(1, "sim_1", "89");
  const SimStory story = read("sim_1").at(0);
  EXPECT_FALSE(story.profile);
  EXPECT_FALSE(story.last_transition_at);
}

TEST_F(SimStoryTest, TellsWhatHappenedInOneListOldestFirst) {
  set_status(10, "inactive");
  poll(20, "installed", 15);
  set_status(40, "active");
  poll(50, "enabled", 45);
  poll(60, "enabled", 55);
  set_status(70, "retired");
  EXPECT_THAT(lines(read("sim_1").at(0).timeline),
              ElementsAre("status first seen - inactive - 11 -", "profile first seen - installed - 21 15",
                          "status changed inactive active 10 41 -", "profile transition installed enabled 20 51 45",
                          "profile reported anew enabled enabled 50 61 55", "status changed active retired 40 71 -"));
}

TEST_F(SimStoryTest, OneThatAppearedBeginsThere) {
  walk(5);
  set_status(10, "inactive");
  set_status(20, "active");
  EXPECT_THAT(lines(read("sim_1").at(0).timeline),
              ElementsAre("status appeared - inactive 5 11 -", "status changed inactive active 10 21 -"));
}

TEST_F(SimStoryTest, TheMissingAreFound) {
  set_status(10, "active");
  walk(20, {{"sim_1", at(21), at(22)}});
  const SimStory story = read("sim_1").at(0);
  EXPECT_EQ(story.missing_since, at(22));
  EXPECT_THAT(lines(story.timeline),
              ElementsAre("status first seen - active - 11 -", "status disappeared active - 10 22 -"));
  EXPECT_THAT(read(plain_sim("sim_1").iccid), SizeIs(1));
}

TEST_F(SimStoryTest, IsBoundedToTheNewest) {
  set_status(1, "0");
  for (int i = 1; i < 10; ++i) {
    set_status(10 * i, std::to_string(i));
    poll(10 * i + 5, "p" + std::to_string(i), 10 * i + 5);
  }
  const SimStory newest = read("sim_1", {"acme"}, 3).at(0);
  EXPECT_THAT(lines(newest.timeline), ElementsAre("profile transition p7 p8 75 86 85", "status changed 8 9 80 91 -",
                                                  "profile transition p8 p9 85 96 95"));
  EXPECT_EQ(newest.older_entries, 16U);
  const SimStory whole = read("sim_1", {"acme"}, 19).at(0);
  EXPECT_EQ(whole.timeline.size(), 19U);
  EXPECT_EQ(whole.older_entries, 0U);
  EXPECT_EQ(whole.timeline.front().kind, "first seen");
}

// Each history is a chain, and stays one when the clock that stamped it was set back.
TEST_F(SimStoryTest, AClockThatWasSetBackDoesNotBreakAChain) {
  set_status(1, "a");
  database_.run(
      "INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, observed_at) SELECT 'acme',"
      " 'sim_1', 'changed', 'status', o, n, '2026-01-01Z'::timestamptz + s * interval '1 second'"
      " FROM (VALUES ('a', 'b', 10), ('b', 'c', 500), ('c', 'd', 20), ('d', 'e', 40)) AS v (o, n, s)");
  poll(15, "installed", 1);
  poll(29, "enabled", 2);
  std::vector<std::string> steps;
  const SimStory story = read("sim_1", {"acme"}, 5).at(0);
  for (const SimStory::Entry& entry : story.timeline) {
    steps.push_back(entry.from.value_or("-") + entry.to.value_or("-"));
  }
  EXPECT_THAT(steps, ElementsAre("-installed", "bc", "cd", "installedenabled", "de"));
}

TEST_F(SimStoryTest, IsOfOneMomentWhileItIsWritten) {
  set_status(1, "0");
  std::jthread writer{[this](const std::stop_token& stop) {
    for (int i = 2; !stop.stop_requested(); ++i) set_status(i, std::to_string(i));
  }};
  for (int i = 0; i < 100; ++i) {
    const SimStory story = read("sim_1", {"acme"}, 1).at(0);
    ASSERT_EQ(story.timeline.at(0).to, story.sim.status);
  }
}

TEST_F(SimStoryTest, HoldsWhatIsPendingForItAlone) {
  store(1, "sim_1", "89");
  database_.run(
      "INSERT INTO simsync.metadata_request (project, sim_id, metadata, state, requested_at, error) VALUES"
      " ('acme', 'sim_1', '{\"a\": 1}', 'pending', '2026-01-01T00:00:10Z', NULL),"
      " ('acme', 'sim_1', '{\"a\": 2}', 'failed', '2026-01-01T00:00:05Z', 'refused'),"
      " ('acme', 'sim_1', '{\"a\": 3}', 'applied', '2026-01-01T00:00:06Z', NULL),"
      " ('acme', 'sim_2', '{\"a\": 4}', 'pending', '2026-01-01T00:00:07Z', NULL),"
      " ('beta', 'sim_1', '{\"a\": 5}', 'pending', '2026-01-01T00:00:08Z', NULL);"
      "INSERT INTO simsync.alert (project, sim_id, rule, type, severity, body, raised_at) VALUES"
      " ('acme', 'sim_1', 'gone', 't', 'critical', '{}', '2026-01-01T00:00:07Z'),"
      " ('acme', '', 'other', 't', 'critical', '{}', '2026-01-01T00:00:08Z');"
      "INSERT INTO simsync.alert_delivery (project, sim_id, alert_id, channel, state, attempts, last_error)"
      " SELECT a.project, a.sim_id, a.alert_id, c.channel, c.state, 4, 'HTTP 500' FROM simsync.alert a,"
      " (VALUES ('mail', 'delivered'), ('ops', 'pending'), ('pager', 'dead')) AS c (channel, state)");
  const auto told = [this](std::uint64_t newest) {
    const SimStory story = read("sim_1", {"acme"}, newest).at(0);
    std::vector<std::string> lines{std::to_string(story.older_pending) + " older"};
    for (const SimStory::Pending& entry : story.pending) {
      lines.push_back(entry.kind + " " + entry.state + " " + entry.rule.value_or("-") + " " +
                      entry.channel.value_or("-") + " " + entry.metadata.value_or("-") + " " +
                      std::to_string(entry.attempts.value_or(-1)) + " " + entry.error.value_or("-"));
    }
    return lines;
  };
  EXPECT_THAT(told(0),
              ElementsAre("0 older", "metadata failed - - {\"a\": 2} 0 refused", "alert pending gone ops - 4 HTTP 500",
                          "alert dead gone pager - 4 HTTP 500", "metadata pending - - {\"a\": 1} 0 -"));
  EXPECT_THAT(told(1), ElementsAre("3 older", "metadata pending - - {\"a\": 1} 0 -"));
}

TEST_F(SimStoryTest, KnowsWhatTheServiceSaysOfItsPolls) {
  store(1, "sim_1", "89");
  database_.run(
      "INSERT INTO simsync.poll_state VALUES ('acme', '2026-01-01T00:01:00Z', 700, 50, '3 minutes', 12.5, 8,"
      " '1 hour 30 seconds', '2026-01-01T00:00:30Z', 'no route'), ('beta', now(), 1, 1, '1 s', 1, NULL, '1 s', NULL, "
      "NULL)");
  const std::optional<SimStory::Service> service = read("sim_1").at(0).service;
  ASSERT_TRUE(service);
  EXPECT_EQ(service->saved_at, at(60));
  EXPECT_EQ(service->profiles, 700U);
  EXPECT_EQ(service->overdue, 50U);
  EXPECT_EQ(service->needed_per_second, 12.5);
  EXPECT_EQ(service->planned_per_second, 8);
  EXPECT_EQ(service->quiet_interval, std::chrono::seconds{3630});
  EXPECT_EQ(service->failing_since, at(30));
  EXPECT_EQ(service->last_error, "no route");
}

TEST_F(SimStoryTest, NeedsNoMoreThanTheRightToRead) {
  store(1, "sim_1", "89");
  const std::string role = "reader_" + database_.value("SELECT current_database()");
  database_.run("CREATE ROLE " + role + "; GRANT USAGE ON SCHEMA simsync TO " + role +
                "; GRANT SELECT ON ALL TABLES IN SCHEMA simsync TO " + role);
  EXPECT_THAT(read_sim_stories(database_.url() + "?options=-c%20role%3D" + role, {"acme"}, "sim_1", 0), SizeIs(1));
  database_.run("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

}  // namespace
}  // namespace simsync
