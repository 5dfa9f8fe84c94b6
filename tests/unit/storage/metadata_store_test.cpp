// The queue of metadata requests, and which changes are known as our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "storage/lease_store.h"
#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kChanges[] =
    "SELECT sim_id, field, old_value, new_value, origin, request_id FROM simsync.sim_change ORDER BY change_id";

Sim sim_with(const std::string& id, const std::string& metadata) {
  Sim sim = plain_sim(id);
  sim.metadata = metadata;
  return sim;
}

class MetadataStore : public testing::Test {
 protected:
  MetadataStore() { store_->apply("acme", {read_at(0, sim_with("a", R"({"x":1})")), read_at(0, sim_with("b", "{}"))}); }

  void ask(const std::string& sim, const std::string& metadata, const std::string& remove = "{}") {
    database_.run("INSERT INTO simsync.metadata_request (project, sim_id, metadata, remove) VALUES ('acme', '" + sim +
                  "', '" + metadata + "', '" + remove + "')");
  }
  std::vector<std::string> pending(const std::string& after = "", std::size_t limit = 100) {
    std::vector<std::string> found;
    for (const MetadataRequest& request : store_->pending_metadata("acme", after, limit)) {
      found.push_back(request.sim_id + " " + std::to_string(request.id) + " " + request.metadata.value_or("too large") +
                      " " + request.remove);
    }
    return found;
  }
  // Of the oldest request of a SIM.
  MetadataStep step_of(const std::string& sim) {
    for (const MetadataRequest& request : store_->pending_metadata("acme", "", 100)) {
      if (request.sim_id != sim) continue;
      MetadataStep step;
      step.request = request.id;
      step.sim_id = sim;
      step.attempts = request.attempts;
      step.overtaken = request.overtaken;
      return step;
    }
    throw std::runtime_error("nothing is pending");
  }
  // It is about to be sent.
  void about_to_send(const std::string& sim, const std::string& metadata, std::optional<SimReading> before = {}) {
    MetadataStep step = step_of(sim);
    step.sent = metadata;
    step.as_read = std::move(before);
    ASSERT_EQ(store_->step_metadata("acme", {step}).size(), 1U);
  }

  ScratchDatabase database_;
  std::unique_ptr<StoreFactory> stores_ = make_postgres_store_factory(database_.url());
  std::unique_ptr<InventoryStore> store_ = stores_->open();
};

TEST_F(MetadataStore, GivesTheOldestOfEachSim) {
  EXPECT_THAT(pending(), IsEmpty());
  ask("b", R"({"k": 1})");
  ask("a", R"({"k": 2})", "{y,z}");
  ask("b", R"({"k": 3})");
  ask("c", R"({"k": 4})");
  database_.run("INSERT INTO simsync.metadata_request (project, sim_id, metadata) VALUES ('other', 'a', '{}')");
  EXPECT_THAT(pending(), ElementsAre(R"(a 2 {"k": 2} ["y","z"])", R"(b 1 {"k": 1} [])", R"(c 4 {"k": 4} [])"));
  EXPECT_THAT(pending("a", 1), ElementsAre(R"(b 1 {"k": 1} [])"));
  EXPECT_THAT(pending("c"), IsEmpty());
  MetadataStep step = step_of("b");
  step.state = MetadataState::failed;
  step.error = "no";
  store_->step_metadata("acme", {step});
  EXPECT_THAT(pending("a", 1), ElementsAre(R"(b 3 {"k": 3} [])"));
}

TEST_F(MetadataStore, WhatIsTooLargeIsNotRead) {
  ask("a", R"({"k": ")" + std::string(100'000, 'x') + R"("})");
  EXPECT_THAT(pending(), ElementsAre("a 1 too large []"));
}

// A number of some bytes can have 131,072 digits, and more text than the server can hold is an error of the statement.
TEST_F(MetadataStore, WhatHasNoTextNeitherFailsNorKeepsTheOthersWaiting) {
  ask("a", R"({"k": 1})", "{y}");
  database_.run(
      "INSERT INTO simsync.metadata_request (project, sim_id, metadata) SELECT 'acme', 'b', "
      "jsonb_build_object('k', (SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000)))");
  ask("c", R"({"k": ")" + std::string(100'000, 'x') + R"("})");
  ask("d", R"({"k": 2})");
  EXPECT_THAT(pending(),
              ElementsAre(R"(a 1 {"k": 1} ["y"])", "b 2 too large []", "c 3 too large []", R"(d 4 {"k": 2} [])"));
}

TEST_F(MetadataStore, WhatCannotBeCarriedOutIsRefused) {
  EXPECT_THROW(ask("a", "[]"), std::exception);
  EXPECT_THROW(ask("a", "\"x\""), std::exception);
  EXPECT_THROW(ask("", "{}"), std::exception);
  EXPECT_THROW(ask("a", "{}", "{NULL}"), std::exception);
  EXPECT_THROW(ask("a", R"({"k": 1})", "{k}"), std::exception);
  EXPECT_THAT(pending(), IsEmpty());
}

TEST_F(MetadataStore, RemembersWhatIsAboutToBeSent) {
  ask("a", R"({"k": 1})");
  about_to_send("a", R"({"x":1,"k":1})");
  EXPECT_EQ(
      database_.rows("SELECT state, attempts, sent, sent_at IS NOT NULL, settled_at FROM simsync.metadata_request"),
      std::vector<std::string>{R"(pending|1|{"k": 1, "x": 1}|t|null)"});
  MetadataStep step = step_of("a");
  EXPECT_EQ(step.attempts, 1U);
  step.error = "not yet";
  EXPECT_EQ(store_->step_metadata("acme", {step}).size(), 1U);
  EXPECT_EQ(database_.value("SELECT sent IS NOT NULL AND error = 'not yet' AND attempts = 1 "
                            "FROM simsync.metadata_request"),
            "t");
}

TEST_F(MetadataStore, SettlesTogetherWithWhatWasRead) {
  ask("a", R"({"k": 1})");
  about_to_send("a", R"({"x":1,"k":1})", read_at(5, sim_with("a", R"({"x":1})")));
  MetadataStep step = step_of("a");
  step.state = MetadataState::applied;
  step.as_read = read_at(10, sim_with("a", R"({"x":1,"k":1})"));
  EXPECT_EQ(store_->step_metadata("acme", {step}).size(), 1U);
  EXPECT_EQ(database_.rows("SELECT state, sent, error, applied_at = '2026-01-01 00:00:11+00', settled_at IS NOT NULL "
                           "FROM simsync.metadata_request"),
            std::vector<std::string>{"applied|null|null|t|t"});
  EXPECT_EQ(database_.rows(kChanges),
            std::vector<std::string>{R"(a|metadata|{"x": 1}|{"k": 1, "x": 1}|metadata_request|1)"});
  EXPECT_THAT(store_->step_metadata("acme", {step}), IsEmpty()) << "settled only once";
}

// What somebody else did before is a change of its own, and not ours.
TEST_F(MetadataStore, WhatWasThereBeforeIsSomebodyElses) {
  ask("a", R"({"k": 1})");
  about_to_send("a", R"({"x":2,"k":1})", read_at(5, sim_with("a", R"({"x":2})")));
  store_->apply("acme", {read_at(8, sim_with("a", R"({"x":2,"k":1})"))});  // a walk sees ours first
  EXPECT_EQ(database_.rows(kChanges),
            (std::vector<std::string>{R"(a|metadata|{"x": 1}|{"x": 2}|null|null)",
                                      R"(a|metadata|{"x": 2}|{"k": 1, "x": 2}|metadata_request|1)"}));
}

TEST_F(MetadataStore, WhatIsNotWhatWasSentIsSomebodyElses) {
  ask("a", R"({"k": 1})");
  about_to_send("a", R"({"x":1,"k":1})");
  store_->apply("acme", {read_at(8, sim_with("a", R"({"x":1,"k":1,"y":2})"))});
  store_->apply("acme", {read_at(9, sim_with("b", R"({"x":1,"k":1})"))});
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.sim_change WHERE origin IS NOT NULL"), "0");
  Sim moved = sim_with("a", R"({"x":1,"k":1})");
  moved.status = "inactive";
  store_->apply("acme", {read_at(10, moved)});
  EXPECT_THAT(database_.rows("SELECT field, origin FROM simsync.sim_change ORDER BY change_id DESC LIMIT 2"),
              testing::UnorderedElementsAre("metadata|metadata_request", "status|null"));
}

TEST_F(MetadataStore, WhoeverWasOvertakenByAnotherProcessIsTold) {
  ask("a", R"({"k": 1})");
  MetadataStep one = step_of("a");
  MetadataStep other = one;
  one.sent = other.sent = R"({"k":1})";
  EXPECT_EQ(store_->step_metadata("acme", {one}).size(), 1U);
  EXPECT_THAT(store_->step_metadata("acme", {other}), IsEmpty());
  database_.run("DELETE FROM simsync.metadata_request");
  ++one.attempts;
  EXPECT_THAT(store_->step_metadata("acme", {one}), IsEmpty());
}

// Somebody's open transaction holds up that one request, and not the project's writers.
TEST_F(MetadataStore, WhatSomebodyHasLockedIsLeftForLater) {
  ask("a", R"({"k": 1})");
  ask("b", R"({"k": 1})");
  MetadataStep one = step_of("a");
  MetadataStep other = step_of("b");
  one.sent = other.sent = R"({"k":1})";
  pqxx::connection somebody{database_.url()};
  pqxx::work lock{somebody};
  lock.exec("SELECT FROM simsync.metadata_request WHERE sim_id = 'a' FOR UPDATE");
  EXPECT_THAT(store_->step_metadata("acme", {one, other}), ElementsAre(other.request));
  lock.abort();
  EXPECT_THAT(store_->step_metadata("acme", {one}), ElementsAre(one.request));
}

TEST_F(MetadataStore, NobodyCarriesOutWhatAServiceWorksOn) {
  ask("a", R"({"k": 1})");
  const auto leases = open_postgres_lease_store(database_.url());
  const auto lease = leases->take("acme", {"process", "host"}, std::chrono::seconds{30}, "");
  ASSERT_TRUE(lease);
  MetadataStep step = step_of("a");
  step.sent = R"({"k":1})";
  EXPECT_THAT(store_->step_metadata("acme", {step}), IsEmpty());
  const auto service = make_postgres_store_factory(database_.url(), nullptr, *lease)->open();
  EXPECT_EQ(service->step_metadata("acme", {step}).size(), 1U);
  leases->release(*lease);
  leases->take("acme", {"another", "host"}, std::chrono::seconds{30}, "");
  ++step.attempts;
  EXPECT_THROW(service->step_metadata("acme", {step}), StorageError);
}

TEST_F(MetadataStore, AReadingThatTheDatabaseCannotHoldStopsNoRequest) {
  ask("a", R"({"k": 1})");
  ask("b", R"({"k": 1})");
  MetadataStep good = step_of("a");
  MetadataStep bad = step_of("b");
  good.sent = bad.sent = R"({"k":1})";
  good.as_read = read_at(5, sim_with("a", R"({"x":2})"));
  bad.as_read = read_at(5, sim_with("b", R"({"x":2})"));
  bad.as_read->sim.provider = "\xFF";
  EXPECT_EQ(store_->step_metadata("acme", {good, bad}).size(), 2U);
  EXPECT_EQ(database_.value("SELECT metadata FROM simsync.sim WHERE sim_id = 'a'"), R"({"x": 2})");
  EXPECT_EQ(database_.value("SELECT metadata FROM simsync.sim WHERE sim_id = 'b'"), "{}");
}

}  // namespace
}  // namespace simsync
