// What lets a walk go on after a crash: its progress is stored with the batch it belongs to, or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ProgressStore : public testing::Test {
 protected:
  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();

  // The walk has read down to `after`.
  WalkProgress progress(const std::string& after) {
    WalkProgress progress;
    progress.owner = "boot 17 4";
    progress.seed = 0xFEDCBA9876543210U;
    progress.segments = {{"", at(9), after, at(5), -1}, {"sim \"{,}\\", at(5), "sim_ü", at(2), -2}};
    progress.unseen = std::string{"\0\x01\xFF", 3} + "0123456789abc";
    progress.record.id = walk_;
    progress.record.pages = 3;
    progress.record.requests = 4;
    return progress;
  }
  void complete_a_walk() {
    WalkRecord record;
    record.started_at = at(0);
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    record.finished_at = at(1);
    record.outcome = WalkOutcome::complete;
    store_->finish_walk("acme", record, {});
  }

  std::int64_t walk_ = store_->begin_walk("acme", WalkKind::full, at(1));
};

TEST_F(ProgressStore, ComesBackAsItWas) {
  EXPECT_FALSE(store_->open_walk("acme"));
  const WalkProgress stored = progress("sim_b");
  store_->apply("acme", {read_at(2, plain_sim("sim_a")), read_at(2, plain_sim("sim_b"))}, &stored);
  const auto open = store_->open_walk("acme");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->record.id, walk_);
  EXPECT_EQ(open->record.started_at, at(1));
  EXPECT_EQ(open->record.pages, 3U);
  EXPECT_EQ(open->record.created, 2U) << "with what the batch itself came to";
  EXPECT_EQ(open->owner, stored.owner);
  EXPECT_LT(open->idle, std::chrono::seconds{50});
  EXPECT_EQ(open->seed, stored.seed);
  EXPECT_EQ(store_->latest_walk("acme"), walk_);
  EXPECT_EQ(store_->latest_walk("other"), 0);
  EXPECT_EQ(open->unseen, stored.unseen);
  ASSERT_THAT(open->segments, SizeIs(2));
  EXPECT_EQ(open->segments[0].cut, "");
  EXPECT_EQ(open->segments[0].after, "sim_b");
  EXPECT_EQ(open->segments[1].cut, "sim \"{,}\\");
  EXPECT_EQ(open->segments[1].after, "sim_ü");
  EXPECT_EQ(open->segments[1].reached, at(2));
  EXPECT_EQ(open->segments[1].ended_at, -2);
  EXPECT_FALSE(store_->open_walk("other"));
}

TEST_F(ProgressStore, IsStoredWithItsBatchOrNotAtAll) {
  complete_a_walk();  // from now on batches are compared
  walk_ = store_->begin_walk("acme", WalkKind::full, at(2));
  const WalkProgress first = progress("sim_a");
  store_->save_progress("acme", first);
  database_.run("ALTER TABLE simsync.sim ADD CONSTRAINT none CHECK (status <> 'active')");
  const WalkProgress second = progress("sim_b");
  EXPECT_THROW(store_->apply("acme", {read_at(3, plain_sim("sim_b"))}, &second), StorageError);
  EXPECT_EQ(store_->open_walk("acme")->segments[0].after, "sim_a");
}

TEST_F(ProgressStore, ComesLastWhenABatchIsTakenApart) {
  Sim broken = plain_sim("sim_c");
  broken.metadata = "{\"a\": 1e999999}";
  const WalkProgress stored = progress("sim_c");
  const ApplyResult result = store_->apply(
      "acme", {read_at(2, plain_sim("sim_a")), read_at(2, broken), read_at(2, plain_sim("sim_b"))}, &stored);
  EXPECT_EQ(result.created, 2U);
  EXPECT_THAT(result.rejected, ElementsAre("sim_c"));
  const auto open = store_->open_walk("acme");
  EXPECT_EQ(open->record.created, 2U);
  EXPECT_EQ(open->record.skipped, 1U) << "whoever goes on with it must not call it complete";
  EXPECT_THAT(open->record.error, testing::HasSubstr("sim_c skipped"));
}

TEST_F(ProgressStore, EndsWithTheWalk) {
  store_->save_progress("acme", progress("sim_a"));
  WalkRecord record;
  record.id = walk_;
  record.finished_at = at(3);
  store_->finish_walk("acme", record, {});
  EXPECT_FALSE(store_->open_walk("acme"));
  store_->save_progress("acme", progress("sim_b"));
  EXPECT_FALSE(store_->open_walk("acme")) << "a closed walk has no progress";
  // A walk that begins closes the one before, and its progress is not taken for the new one's.
  walk_ = store_->begin_walk("acme", WalkKind::full, at(4));
  store_->save_progress("acme", progress("sim_b"));
  store_->begin_walk("acme", WalkKind::fresh, at(5));
  EXPECT_TRUE(store_->open_walk("acme")) << "a look at new SIMs is another kind";
  store_->begin_walk("acme", WalkKind::full, at(5));
  EXPECT_FALSE(store_->open_walk("acme"));
}

// Before the first complete walk SIMs are copied in without being compared.
TEST_F(ProgressStore, AFirstWalksSimsAreReadTwiceWithoutHarm) {
  Sim odd = plain_sim("sim_odd\t\\N\n");
  odd.metadata = R"({"a\tb": "\\N ü\n\"\\"})";
  store_->apply("acme", {read_at(2, plain_sim("sim_a")), read_at(2, odd)});
  Sim changed = plain_sim("sim_a");
  changed.status = "retired";
  const ApplyResult again =
      store_->apply("acme", {read_at(4, changed), read_at(4, odd), read_at(4, plain_sim("sim_new"))});
  EXPECT_EQ(again.created, 1U);
  EXPECT_EQ(again.changed, 1U);
  EXPECT_THAT(database_.rows("SELECT sim_id, status FROM simsync.sim WHERE sim_id <> E'sim_odd\\t\\\\N\\n' ORDER BY 1"),
              ElementsAre("sim_a|retired", "sim_new|active"));
  EXPECT_THAT(
      database_.rows("SELECT metadata = '{\"a\\tb\": \"\\\\N ü\\n\\\"\\\\\"}' FROM simsync.sim WHERE sim_id LIKE "
                     "'sim_odd%'"),
      ElementsAre("t"));
  EXPECT_THAT(database_.rows("SELECT kind, field, old_value, new_value FROM simsync.sim_change"),
              ElementsAre("changed|status|active|retired"));
}

TEST_F(ProgressStore, CountsReadingsThatCameTooLate) {
  store_->apply("acme", {read_at(5, plain_sim("sim_a"))});
  Sim older = plain_sim("sim_a");
  older.status = "inactive";
  EXPECT_EQ(store_->apply("acme", {read_at(2, older)}).late, 1U);
  EXPECT_EQ(store_->apply("acme", {read_at(2, plain_sim("sim_a"))}).late, 0U) << "it says the same";
  EXPECT_EQ(store_->apply("acme", {read_at(6, older)}).late, 0U);
}

TEST_F(ProgressStore, ReadsWhatIsPresent) {
  store_->apply("acme",
                {read_at(2, plain_sim("sim_a")), read_at(3, plain_sim("sim_b")), read_at(3, plain_sim("sim_c"))});
  store_->apply("other", {read_at(2, plain_sim("sim_z"))});
  WalkRecord record;
  record.id = walk_;
  record.finished_at = at(9);
  store_->finish_walk("acme", record, {{"sim_c", at(7), at(8)}});
  std::vector<std::pair<Sim, TimePoint>> rows;
  store_->read_present("acme", [&](const Sim& sim, TimePoint confirmed_at) {
    rows.emplace_back(sim, confirmed_at);
    return true;
  });
  EXPECT_THAT(rows, testing::UnorderedElementsAre(testing::Pair(plain_sim("sim_a"), at(2)),
                                                  testing::Pair(plain_sim("sim_b"), at(3))));
  int read = 0;
  store_->read_present("acme", [&read](const Sim&, TimePoint) { return ++read < 1; });
  EXPECT_EQ(read, 1) << "it can be ended";
}

}  // namespace
}  // namespace simsync
