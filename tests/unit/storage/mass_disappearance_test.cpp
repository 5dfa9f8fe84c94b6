// Thousands of SIMs that are gone at once: written in parts, none twice, none forgotten, whatever comes in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/lease_store.h"
#include "storage/postgres_inventory.h"
#include "storage/store_observer.h"
#include "tests/unit/storage/failure_of.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kAll = 5003;
constexpr int kGone = 5000;  // two parts and a half

std::string sim_id(int number) {
  return "sim_" + std::to_string(10'000 + number);
}

// Calls `then` after the first transaction that recorded something.
class AfterFirst final : public StoreObserver {
 public:
  void failed(StorageFailure) override {}
  void recorded(const std::vector<StatusStep>& all) override {
    steps += all.size();
    if (then) std::exchange(then, {})();
  }
  void settled(const std::vector<MetadataState>&) override {}
  void walk_ended(const WalkRecord&) override { ++walks; }

  std::function<void()> then;
  std::size_t steps = 0;
  int walks = 0;
};

class MassDisappearance : public testing::Test {
 protected:
  MassDisappearance() {
    std::vector<SimReading> readings;
    for (int i = 0; i < kAll; ++i) readings.push_back(read_at(1, plain_sim(sim_id(i))));
    store_->apply("acme", readings);
    WalkRecord first = begin(2);
    store_->finish_walk("acme", first, {});
  }

  WalkRecord begin(int second) {
    WalkRecord record;
    record.started_at = at(second);
    record.finished_at = at(second + 5);
    record.outcome = WalkOutcome::complete;
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    return record;
  }
  static std::vector<Disappearance> gone(int second) {
    std::vector<Disappearance> all;
    for (int i = 0; i < kGone; ++i) all.push_back({sim_id(i), at(second), at(second + 1)});
    return all;
  }
  // Until mend(), whatever writes the history of this SIM fails.
  void breaks(int number) {
    database_.run(
        "CREATE FUNCTION public.broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.sim_id = '" +
        sim_id(number) + "' THEN RAISE EXCEPTION 'broken'; END IF; RETURN NEW; END $$;" +
        "CREATE TRIGGER broken BEFORE INSERT ON simsync.sim_change FOR EACH ROW EXECUTE FUNCTION public.broken()");
  }
  void mend() { database_.run("DROP FUNCTION public.broken() CASCADE"); }

  [[nodiscard]] int number(const std::string& sql) const { return std::stoi(database_.value(sql)); }
  [[nodiscard]] int missing() const {
    return number("SELECT count(*) FROM simsync.sim WHERE missing_since IS NOT NULL");
  }
  // Each of the SIMs once in the history, from the status it had, and the counts and the walk's row say the same.
  void expect_all_once(std::int64_t walk) const {
    EXPECT_EQ(missing(), kGone);
    EXPECT_EQ(database_.rows("SELECT kind, old_value, new_value, count(*), count(DISTINCT sim_id)"
                             " FROM simsync.sim_change GROUP BY 1, 2, 3"),
              std::vector<std::string>{"disappeared|active|null|5000|5000"});
    EXPECT_THAT(database_.rows("SELECT sum(sims) FROM simsync.inventory_count"), ElementsAre("3"));
    EXPECT_THAT(database_.rows("SELECT disappeared, outcome FROM simsync.walk WHERE walk_id = " + std::to_string(walk)),
                ElementsAre("5000|complete"));
  }

  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();
};

TEST_F(MassDisappearance, NoTransactionWritesMoreThanAPart) {
  WalkRecord record = begin(10);
  store_->finish_walk("acme", record, gone(11));
  EXPECT_EQ(record.disappeared, 5000U);
  expect_all_once(record.id);
  EXPECT_LE(number("SELECT max(n) FROM (SELECT count(*) AS n FROM simsync.sim_change GROUP BY xmin::text) x"), 2000);
  store_->finish_walk("acme", record, gone(11));
  EXPECT_EQ(record.disappeared, 5000U) << "its answer was lost, and it is asked for again";
  expect_all_once(record.id);
}

TEST_F(MassDisappearance, WhatFailsInBetweenIsRepeatedAndWritesTheRest) {
  WalkRecord record = begin(10);
  breaks(3500);
  EXPECT_EQ(failure_of([&] { store_->finish_walk("acme", record, gone(11)); }), StorageFailure::other);
  EXPECT_EQ(missing(), 2000);
  EXPECT_EQ(number("SELECT count(*) FROM simsync.sim_change"), 2000);
  EXPECT_THAT(database_.rows("SELECT disappeared, outcome FROM simsync.walk ORDER BY walk_id DESC LIMIT 1"),
              ElementsAre("2000|null"));
  WalkProgress progress;
  progress.record = record;
  store_->save_progress("acme", progress);
  ASSERT_TRUE(store_->open_walk("acme"));
  EXPECT_EQ(store_->open_walk("acme")->record.disappeared, 2000U);
  mend();
  store_->finish_walk("acme", record, gone(11));
  EXPECT_EQ(record.disappeared, 5000U);
  expect_all_once(record.id);
}

// The walk that was left says what it marked; what it approved holds until a walk is closed as complete.
TEST_F(MassDisappearance, TheNextWalkFindsTheRestAndTheApprovalHoldsUntilThen) {
  WalkRecord held = begin(10);
  held.outcome = WalkOutcome::incomplete;
  held.held_back = kGone;
  store_->finish_walk("acme", held, {});
  ASSERT_EQ(store_->approve(held.id), ApproveOutcome::approved);
  WalkRecord killed = begin(20);
  breaks(4999);
  EXPECT_EQ(failure_of([&] { store_->finish_walk("acme", killed, gone(21)); }), StorageFailure::other);
  EXPECT_EQ(missing(), 4000);
  ASSERT_TRUE(store_->approval("acme"));
  EXPECT_EQ(store_->approval("acme")->walk_id, held.id);
  mend();
  WalkRecord next = begin(30);
  store_->finish_walk("acme", next, gone(31));
  EXPECT_EQ(next.disappeared, 1000U);
  EXPECT_EQ(missing(), kGone);
  EXPECT_EQ(number("SELECT count(*) FROM simsync.sim_change"), kGone);
  EXPECT_FALSE(store_->approval("acme"));
  EXPECT_THAT(database_.rows("SELECT disappeared, outcome FROM simsync.walk ORDER BY walk_id"),
              ElementsAre("0|complete", "0|incomplete", "4000|failed", "1000|complete"));
}

// Each part shows its lease.
TEST_F(MassDisappearance, WhoLosesItsLeaseInBetweenWritesNoMore) {
  const auto leases = open_postgres_lease_store(database_.url());
  const Lease lease = *leases->take("acme", {"one", "host-1"}, std::chrono::seconds{60}, {});
  AfterFirst observer;
  observer.then = [&] { leases->take("acme", {"other", "host-2"}, std::chrono::seconds{60}, "one"); };
  WalkRecord record = begin(10);
  const auto writer = make_postgres_store_factory(database_.url(), nullptr, lease, &observer)->open();
  EXPECT_EQ(failure_of([&] { writer->finish_walk("acme", record, gone(11)); }), StorageFailure::lease_lost);
  EXPECT_EQ(missing(), 2000);
  EXPECT_EQ(observer.steps, 2000U) << "what was recorded is counted";
  EXPECT_EQ(observer.walks, 0);
  EXPECT_THAT(database_.rows("SELECT 1 FROM simsync.walk WHERE outcome IS NULL"), ElementsAre("1"));
  store_->finish_walk("acme", record, gone(11));
  expect_all_once(record.id);
}

}  // namespace
}  // namespace simsync
