#include "sync/walk/known_sims.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/sync/fake_sims.h"

namespace simsync {
namespace {

using std::chrono::seconds;

Sim sim_of(int number, const std::string& status = "active") {
  Sim sim = fake_sim("sim_" + std::to_string(number), number);
  sim.status = status;
  return sim;
}

class KnownSimsTest : public testing::Test {
 protected:
  KnownSims known_{42};

  SimKey key(const Sim& sim) const { return known_.hasher().of(sim); }
  bool to_write(const Sim& sim) { return known_.see(key(sim), sim.created_at).to_write; }
  void stored(const Sim& sim) { known_.stored(key(sim), sim); }
  bool seen(int number) const { return known_.seen(key(sim_of(number)).id); }
  void load(int count) {
    for (int i = 0; i < count; ++i) known_.load(sim_of(i));
  }
  std::set<std::uint64_t> unseen(int from, int to) {
    std::vector<IdKey> ids;
    known_.unseen_between(sim_of(from).created_at, sim_of(to).created_at, ids);
    std::set<std::uint64_t> lows;
    for (const IdKey& id : ids) lows.insert(id.low);
    EXPECT_EQ(lows.size(), ids.size());
    return lows;
  }
};

// Growing one by one, and with the room made before.
TEST(KnownSims, TakesAtMostFortyBytesASim) {
  KnownSims growing{1};
  Sim sim = fake_sim("");
  for (int i = 1; i <= 1'000'000; ++i) {
    sim.id = "sim_" + std::to_string(i);
    growing.load(sim);
    if (i >= 100'000) {
      ASSERT_LE(growing.bytes(), static_cast<std::size_t>(i) * 40) << i;
    }
  }
  for (const std::uint64_t sims : {100'000U, 123'456U, 500'000U, 999'999U}) {
    KnownSims reserved{1};
    reserved.reserve(sims);
    const std::size_t bytes = reserved.bytes();
    EXPECT_LE(bytes, sims * 40);
    for (std::uint64_t i = 0; i < sims; ++i) {
      sim.id = "sim_" + std::to_string(i);
      reserved.load(sim);
    }
    EXPECT_EQ(reserved.bytes(), bytes);
    EXPECT_EQ(reserved.present(), sims);
  }
}

TEST_F(KnownSimsTest, WhatIsStoredIsNotWrittenAgain) {
  known_.load(sim_of(1));
  known_.begin_walk();
  EXPECT_FALSE(to_write(sim_of(1)));
  EXPECT_TRUE(to_write(sim_of(2)));
  EXPECT_TRUE(to_write(sim_of(1, "retired")));
}

TEST_F(KnownSimsTest, CountsOnlyOnceItIsCommitted) {
  EXPECT_TRUE(to_write(sim_of(1)));
  EXPECT_TRUE(to_write(sim_of(1)));
  EXPECT_EQ(known_.present(), 0U);
  stored(sim_of(1));
  EXPECT_EQ(known_.present(), 1U);
  EXPECT_FALSE(to_write(sim_of(1)));
}

TEST_F(KnownSimsTest, AnOlderCommitDoesNotSpeakForANewerReading) {
  EXPECT_TRUE(to_write(sim_of(1, "active")));
  EXPECT_TRUE(to_write(sim_of(1, "retired")));
  stored(sim_of(1, "active"));
  EXPECT_TRUE(to_write(sim_of(1, "retired")));
  EXPECT_TRUE(to_write(sim_of(1, "active")));
  EXPECT_TRUE(to_write(sim_of(1, "retired")));
  stored(sim_of(1, "retired"));
  EXPECT_FALSE(to_write(sim_of(1, "retired")));
}

TEST_F(KnownSimsTest, AWalkForgetsWhatNeverArrived) {
  known_.load(sim_of(1));
  to_write(sim_of(1, "retired"));
  known_.begin_walk();
  EXPECT_TRUE(to_write(sim_of(1, "retired")));
  known_.begin_walk();
  EXPECT_TRUE(to_write(sim_of(1)));
}

TEST_F(KnownSimsTest, WhatIsInDoubtIsWritten) {
  load(2);
  known_.doubt(key(sim_of(0)).id);
  known_.doubt(key(sim_of(7)).id);  // never heard of
  EXPECT_TRUE(to_write(sim_of(0)));
  EXPECT_FALSE(to_write(sim_of(1)));
  known_.doubt_all();
  EXPECT_TRUE(to_write(sim_of(1)));
  EXPECT_EQ(known_.present(), 2U);
}

TEST_F(KnownSimsTest, CountsWhatIsPresentSeenAndUnseen) {
  load(100);
  known_.begin_walk();
  EXPECT_TRUE(known_.see(key(sim_of(1)), sim_of(1).created_at).first);
  EXPECT_FALSE(known_.see(key(sim_of(1)), sim_of(1).created_at).first);
  to_write(sim_of(200));  // new: seen, not yet present
  EXPECT_EQ(known_.seen(), 2U);
  EXPECT_EQ(known_.unseen(), 99U);
  stored(sim_of(200));
  EXPECT_EQ(known_.present(), 101U);
  EXPECT_EQ(known_.unseen(), 99U);
  known_.gone("sim_2");
  known_.gone("sim_1");
  known_.gone("sim_1");
  known_.gone("nobody");
  EXPECT_EQ(known_.present(), 99U);
  EXPECT_EQ(known_.unseen(), 98U);
  EXPECT_FALSE(known_.is_present(key(sim_of(2)).id));
  EXPECT_TRUE(to_write(sim_of(2)));  // it came back as it was
  known_.begin_walk();
  EXPECT_EQ(known_.seen(), 0U);
  EXPECT_EQ(known_.unseen(), 99U);
}

TEST_F(KnownSimsTest, LoadsWhatWasSeenBefore) {
  known_.load(sim_of(1), true);
  known_.load(sim_of(2));
  EXPECT_TRUE(seen(1));
  EXPECT_FALSE(seen(2));
  EXPECT_EQ(known_.unseen(), 1U);
}

TEST_F(KnownSimsTest, FindsTheUnseenOfAStretch) {
  load(1000);
  known_.begin_walk();
  for (int i = 100; i < 200; ++i) {
    if (i % 10 != 0) to_write(sim_of(i));
  }
  EXPECT_EQ(unseen(100, 199).size(), 10U);
  EXPECT_EQ(unseen(100, 199).count(key(sim_of(150)).id.low), 1U);
  EXPECT_EQ(unseen(95, 100).size(), 6U);
  EXPECT_EQ(unseen(0, 5000).size(), 910U);
  EXPECT_EQ(unseen(101, 109).size(), 0U);
  // What comes or goes meanwhile does not confuse it.
  known_.gone("sim_150");
  for (int i = 1000; i < 4000; ++i) {
    to_write(sim_of(i));
    stored(sim_of(i));
  }
  EXPECT_EQ(unseen(100, 199).size(), 9U);
  EXPECT_EQ(unseen(0, 5000).size(), 909U);
}

TEST_F(KnownSimsTest, AWholeStretchCountsAsSeenButForSome) {
  load(1000);
  known_.begin_walk();
  known_.see_between(sim_of(100).created_at + std::chrono::milliseconds{500}, sim_of(199).created_at);
  EXPECT_EQ(known_.seen(), 100U);  // to the second
  EXPECT_TRUE(seen(100));
  EXPECT_FALSE(seen(99));
  EXPECT_FALSE(seen(200));
  known_.unsee(key(sim_of(150)).id);
  known_.unsee(key(sim_of(5000)).id);  // never heard of
  EXPECT_FALSE(seen(150));
  EXPECT_EQ(known_.seen(), 99U);
  EXPECT_EQ(known_.unseen(), 901U);
}

TEST(KnownSims, LandmarksAreSpreadAndBounded) {
  KnownSims known{42};
  constexpr int kSims = 100'000;
  for (int i = 0; i < kSims; ++i) known.load(sim_of(i));
  const std::vector<Landmark> landmarks = known.landmarks();
  EXPECT_GT(landmarks.size(), 4000U);
  EXPECT_LE(landmarks.size(), 8192U);
  EXPECT_TRUE(std::is_sorted(landmarks.begin(), landmarks.end(), [](const Landmark& one, const Landmark& other) {
    return one.created_at > other.created_at;
  }));
  // In each tenth of the list about a tenth of them.
  std::vector<std::size_t> tenths(10);
  for (const Landmark& landmark : landmarks) {
    ++tenths[static_cast<std::size_t>(std::stoi(landmark.id.substr(4)) * 10 / kSims)];
  }
  for (const std::size_t tenth : tenths) EXPECT_GT(tenth, landmarks.size() / 13);
  for (const Landmark& landmark : landmarks) known.gone(landmark.id);
  EXPECT_TRUE(known.landmarks().empty());
}

TEST(KnownSims, TimesOutsideWhatItKeepsDoNoHarm) {
  KnownSims known{42};
  Sim sim = fake_sim("old");
  sim.created_at = std::chrono::sys_days{std::chrono::year{1970} / 1 / 1};
  known.load(sim);
  sim.id = "new";
  sim.created_at = std::chrono::sys_days{std::chrono::year{2500} / 1 / 1};
  known.load(sim);
  std::vector<IdKey> unseen;
  const auto year = [](int number) { return std::chrono::sys_days{std::chrono::year{number} / 1 / 1}; };
  known.unseen_between(year(1900), year(2600), unseen);
  EXPECT_EQ(unseen.size(), 2U);
}

// What need not even be parsed: the text of what is stored, while no other reading of the SIM is on its way.
TEST_F(KnownSimsTest, ATextIsRecognisedOnceItIsStored) {
  const Sim sim = sim_of(1);
  SimKey read = key(sim);
  read.text = 77;
  const auto recognised = [&](std::uint64_t text) { return known_.created_if_same(read.id, text).has_value(); };
  EXPECT_TRUE(known_.see(read, sim.created_at).to_write);
  EXPECT_FALSE(recognised(77)) << "it was only sent";
  known_.stored(read, sim);
  EXPECT_EQ(known_.created_if_same(read.id, 77), sim.created_at);
  EXPECT_FALSE(recognised(78));
  // The same SIM, spelled otherwise.
  read.text = 78;
  EXPECT_FALSE(known_.see(read, sim.created_at).to_write);
  EXPECT_TRUE(recognised(78));
  EXPECT_FALSE(recognised(77));
  // Another content.
  const Sim changed = sim_of(1, "retired");
  SimKey next = key(changed);
  next.text = 79;
  EXPECT_TRUE(known_.see(next, changed.created_at).to_write);
  EXPECT_FALSE(recognised(78)) << "which of the two is the newer is not known";
  known_.stored(next, changed);
  EXPECT_TRUE(recognised(79));
  known_.doubt(next.id);
  EXPECT_FALSE(recognised(79));
  known_.stored(next, changed);
  known_.gone(sim.id);
  EXPECT_FALSE(recognised(79));
}

TEST_F(KnownSimsTest, WhatWasNotParsedIsSeenAndNeverSent) {
  const Sim sim = sim_of(1);
  SimKey read = key(sim);
  read.text = 77;
  known_.see(read, sim.created_at);
  known_.stored(read, sim);
  known_.begin_walk();
  const SimKey same{read.id, 0, 77, true};
  const KnownSims::Sight sight = known_.see(same, sim.created_at);
  EXPECT_TRUE(sight.first);
  EXPECT_FALSE(sight.to_write);
  EXPECT_TRUE(seen(1));
  EXPECT_TRUE(known_.created_if_same(read.id, 77));
  // Another reading has come in between: the next walk has it compared.
  SimKey next = key(sim_of(1, "retired"));
  next.text = 78;
  known_.see(next, sim.created_at);
  EXPECT_FALSE(known_.see(same, sim.created_at).to_write);
  known_.stored(next, sim_of(1, "retired"));
  EXPECT_FALSE(known_.created_if_same(read.id, 78));
  EXPECT_TRUE(to_write(sim_of(1, "retired")));
}

}  // namespace
}  // namespace simsync
