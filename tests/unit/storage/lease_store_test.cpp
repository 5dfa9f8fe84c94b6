// Leases: one holder at a time, and who lost his writes nothing any more, whatever he was in the middle of.
#include "storage/lease_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <pqxx/pqxx>
#include <thread>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/failure_of.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr seconds kLong{60};
const DaemonIdentity kOne{"one", "host-1"};
const DaemonIdentity kOther{"other", "host-2"};

class Leases : public testing::Test {
 protected:
  std::unique_ptr<InventoryStore> writer(const Lease& lease) const {
    return make_postgres_store_factory(database_.url(), nullptr, lease)->open();
  }
  std::optional<Lease> take(const DaemonIdentity& who, milliseconds length = kLong, const std::string& dead = {}) {
    return store_->take("acme", who, length, dead);
  }
  // In this test's database: others run on the same server, and take such locks too.
  void wait_for_advisory_lock(const std::string& which) const {
    while (database_.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                           "(SELECT oid FROM pg_database WHERE datname = current_database()) AND " +
                           which) == "0") {
      std::this_thread::sleep_for(milliseconds{5});
    }
  }

  ScratchDatabase database_;
  std::unique_ptr<LeaseStore> store_ = open_postgres_lease_store(database_.url());
};

TEST_F(Leases, WhatIsHeldIsNobodyElses) {
  EXPECT_EQ(take(kOne)->epoch, 1);
  EXPECT_EQ(take(kOther), std::nullopt);
  EXPECT_EQ(take(kOther, kLong, "somebody"), std::nullopt);
  EXPECT_EQ(take(kOther, kLong, "one")->epoch, 2) << "known to be dead";
}

TEST_F(Leases, WhatExpiredOrWasGivenBackIsFree) {
  const Lease first = *take(kOne, milliseconds{0});
  const Lease second = *take(kOther);
  EXPECT_EQ(second.epoch, 2);
  store_->release(first);
  EXPECT_EQ(take(kOne), std::nullopt) << "it was not its own any more";
  store_->release(second);
  EXPECT_EQ(take(kOne)->epoch, 3);
}

TEST_F(Leases, ABeatProlongsWhatIsHeldAndShowsTheRest) {
  take(kOne, milliseconds{0});
  store_->take("other", kOther, kLong, {});
  store_->take("unasked", kOther, kLong, {});
  const LeaseView view = store_->beat(kOne, {"acme", "other", "never taken"}, kLong);
  ASSERT_EQ(view.leases.size(), 2U);
  EXPECT_EQ(view.leases[0].project + ' ' + view.leases[0].holder + ' ' + view.leases[0].host, "acme one host-1");
  EXPECT_GT(view.leases[0].expires_in, seconds{50});
  EXPECT_EQ(view.leases[1].holder, "other");
  EXPECT_EQ(view.daemons, 1U);
  EXPECT_NE(view.server, "");
  EXPECT_EQ(take(kOther), std::nullopt);
}

TEST_F(Leases, WhatWasGivenBackIsNotProlonged) {
  store_->release(*take(kOne));
  EXPECT_LT(store_->beat(kOne, {"acme"}, kLong).leases.at(0).expires_in, milliseconds{0});
  EXPECT_EQ(take(kOther)->epoch, 2);
}

TEST_F(Leases, DaemonsWithACommonProjectCountAsLongAsTheyRun) {
  store_->beat(kOne, {"acme", "x"}, kLong);
  store_->beat({"stranger", "h"}, {"y"}, kLong);
  EXPECT_EQ(store_->beat(kOther, {"acme"}, kLong).daemons, 2U);
  EXPECT_EQ(store_->beat(kOther, {"acme"}, milliseconds{0}).daemons, 0U);
  store_->leave(kOne);
  EXPECT_EQ(store_->beat(kOther, {"acme"}, kLong).daemons, 1U);
  // The rows of those that are gone are used again.
  open_postgres_lease_store(database_.url())->beat({"later", "h"}, {"acme"}, kLong);
  EXPECT_THAT(database_.rows("SELECT holder FROM simsync.daemon ORDER BY 1"),
              ElementsAre("later", "other", "stranger"));
  // But one that has lost its connection has a row already.
  store_->leave(kOther);
  open_postgres_lease_store(database_.url())->beat({"later", "h"}, {"acme"}, kLong);
  EXPECT_THAT(database_.rows("SELECT holder FROM simsync.daemon ORDER BY 1"),
              ElementsAre("later", "other", "stranger"));
}

TEST_F(Leases, WhoHoldsItWritesAndWhoLostItDoesNot) {
  const auto first = writer(*take(kOne));
  first->apply("acme", {read_at(10, plain_sim("sim_1"))});
  take(kOther, kLong, "one");
  EXPECT_EQ(failure_of([&] { first->apply("acme", {read_at(20, plain_sim("sim_2"))}); }), StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->apply_profiles("acme", {profile_at(20, "sim_1", "enabled", 10)}); }),
            StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->begin_walk("acme", WalkKind::full, at(20)); }), StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->save_poll_state("acme", {}); }), StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->begin_watch("acme", {}); }), StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->count_anew("acme"); }), StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->forget_history("acme", {}, 1); }), StorageFailure::lease_lost);
  WalkRecord walk;
  EXPECT_EQ(failure_of([&] { first->finish_walk("acme", walk, {}); }), StorageFailure::lease_lost);
  EXPECT_EQ(failure_of([&] { first->save_progress("acme", {}); }), StorageFailure::lease_lost);
  EXPECT_THAT(database_.rows("SELECT sim_id FROM simsync.sim"), ElementsAre("sim_1"));
  EXPECT_THAT(database_.rows("SELECT 1 FROM simsync.walk"), IsEmpty());
}

TEST_F(Leases, AnotherHoldersEpochIsNoLease) {
  take(kOne);
  EXPECT_EQ(failure_of([&] {
              writer({"acme", 1, "other"})->apply("acme", {read_at(10, plain_sim("sim_1"))});
            }),
            StorageFailure::lease_lost)
      << "two servers can give the same number";
}

// Who takes over waits for the transaction that is under way, and what comes after that is refused.
TEST_F(Leases, NoWriteIsUnderWayOnceItIsTaken) {
  const Lease lease = *take(kOne);
  // The writer is slow in the middle of its transaction.
  database_.run(R"(
    CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
    CREATE TRIGGER nap BEFORE INSERT ON simsync.walk FOR EACH ROW EXECUTE FUNCTION nap())");
  auto written = std::async(std::launch::async, [&] { writer(lease)->begin_walk("acme", WalkKind::full, at(20)); });
  wait_for_advisory_lock("mode = 'ShareLock' AND granted");
  EXPECT_EQ(take(kOther, kLong, "one")->epoch, 2);
  EXPECT_EQ(database_.value("SELECT count(*) FROM simsync.walk"), "1") << "it was done before";
  written.get();
}

// A database whose default is a stricter isolation would show a writer that waited what was true before.
TEST_F(Leases, AWriterThatWaitedForItsSuccessorSeesIt) {
  database_.run("ALTER DATABASE " + database_.value("SELECT current_database()") +
                " SET default_transaction_isolation = 'repeatable read'");
  const Lease lease = *take(kOne);
  pqxx::connection successor{database_.url()};
  pqxx::work taking{successor};
  taking.exec("SELECT pg_advisory_xact_lock(hashtextextended('acme', 1818588005))");
  taking.exec("UPDATE simsync.lease SET epoch = 2, holder = 'other'");
  auto failure = std::async(std::launch::async, [&] {
    return failure_of([&] { writer(lease)->apply("acme", {read_at(10, plain_sim("sim_1"))}); });
  });
  wait_for_advisory_lock("NOT granted");
  taking.commit();
  EXPECT_EQ(failure.get(), StorageFailure::lease_lost);
}

// Whoever is frozen or cut off there is not idle in the eyes of the server.
TEST_F(Leases, AWriterThatIsStuckInTheMiddleOfACopyIsEnded) {
  take(kOne);
  database_.run("CREATE TABLE copied (what text)");
  pqxx::connection stuck{database_.url()};
  pqxx::work transaction{stuck};
  transaction.exec("SELECT pg_advisory_xact_lock_shared(hashtextextended('acme', 1818588005))");
  transaction.exec("COPY copied FROM STDIN");
  std::optional<Lease> taken;
  for (int tries = 0; tries < 6 && !taken; ++tries) {
    try {
      taken = take(kOther, kLong, "one");
    } catch (const StorageError& error) {
      ASSERT_EQ(error.failure(), StorageFailure::conflict) << error.what();
    }
  }
  EXPECT_TRUE(taken);
}

TEST_F(Leases, AStuckWriterOfWhatIsNotFreeIsLeftAlone) {
  take(kOne);
  pqxx::connection slow{database_.url()};
  pqxx::work transaction{slow};
  transaction.exec("SELECT pg_advisory_xact_lock_shared(hashtextextended('acme', 1818588005))");
  std::this_thread::sleep_for(milliseconds{5100});
  EXPECT_EQ(take(kOther), std::nullopt);
  EXPECT_NO_THROW(transaction.exec("SELECT 1"));
}

TEST_F(Leases, AClockThatWasSetBackKeepsNothingForADeadOne) {
  take(kOne);
  store_->beat(kOne, {"acme"}, kLong);
  database_.run("UPDATE simsync.lease SET expires_at = expires_at + interval '1 hour'");
  database_.run("UPDATE simsync.daemon SET seen_at = seen_at + interval '1 hour'");
  const LeaseView view = store_->beat(kOther, {"acme"}, kLong);
  EXPECT_LT(view.leases.at(0).expires_in, milliseconds{0});
  EXPECT_EQ(view.daemons, 1U);
  EXPECT_EQ(take(kOther)->epoch, 2);
}

}  // namespace
}  // namespace simsync
