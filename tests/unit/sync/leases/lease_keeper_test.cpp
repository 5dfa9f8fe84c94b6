// What the keeper makes of the plan: work is started and stopped, leases are given back, and a database that is away is
// waited for.
#include "sync/leases/lease_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;

// The database behind all stores of a test.
struct FakeLeases {
  std::mutex mutex;
  std::map<std::string, LeaseRow> rows;
  std::vector<std::string> events;
  std::optional<StorageFailure> failing;
  std::map<std::string, StorageFailure> failing_once;  // by event, such as "take a"
  std::chrono::milliseconds take_takes{};
  int taken_since_beat = 0;
  int most_taken_between_beats = 0;

  void note(const std::string& event) {
    const std::lock_guard lock{mutex};
    events.push_back(event);
  }
  std::vector<std::string> happened() {
    const std::lock_guard lock{mutex};
    return events;
  }
  // Under the mutex.
  void fail_once(const std::string& event) {
    if (const auto failure = failing_once.extract(event)) {
      events.push_back("failed " + event);
      throw StorageError(failure.mapped(), "away");
    }
  }
  void fail(std::optional<StorageFailure> failure) {
    const std::lock_guard lock{mutex};
    failing = failure;
  }
};

class FakeLeaseStore final : public LeaseStore {
 public:
  explicit FakeLeaseStore(FakeLeases& leases) : leases_(leases) {}

  LeaseView beat(const DaemonIdentity&, const std::vector<std::string>&, std::chrono::milliseconds) override {
    const std::lock_guard lock{leases_.mutex};
    if (leases_.failing) {
      leases_.events.push_back("failed");
      throw StorageError(*leases_.failing, "away");
    }
    leases_.taken_since_beat = 0;
    LeaseView view;
    for (const auto& [project, row] : leases_.rows) view.leases.push_back(row);
    return view;
  }
  std::optional<Lease> take(const std::string& project, const DaemonIdentity& self, std::chrono::milliseconds length,
                            const std::string&) override {
    const std::lock_guard lock{leases_.mutex};
    leases_.fail_once("take " + project);
    std::this_thread::sleep_for(leases_.take_takes);
    leases_.most_taken_between_beats = std::max(leases_.most_taken_between_beats, ++leases_.taken_since_beat);
    LeaseRow& row = leases_.rows[project];
    row = {project, row.epoch + 1, self.holder, self.host, length};
    leases_.events.push_back("taken " + project);
    return Lease{project, row.epoch, self.holder};
  }
  void release(const Lease& lease) override {
    const std::lock_guard lock{leases_.mutex};
    leases_.fail_once("release " + lease.project);
    leases_.events.push_back("released " + lease.project);
  }
  void leave(const DaemonIdentity&) override {
    const std::lock_guard lock{leases_.mutex};
    leases_.fail_once("leave");
    leases_.events.emplace_back("left");
  }

 private:
  FakeLeases& leases_;
};

class LeaseKeeperTest : public testing::Test {
 protected:
  LeaseKeeperTest() : LeaseKeeperTest({"a"}) {}
  explicit LeaseKeeperTest(std::vector<std::string> projects) : projects_(std::move(projects)) {}

  std::vector<std::string> projects_;
  // Work that ends when it is asked to.
  LeaseKeeper keeper_{projects_,
                      [this] { return std::make_unique<FakeLeaseStore>(leases_); },
                      {[this](const Lease& lease) { leases_.note("started " + lease.project); },
                       [this](const std::string& project) {
                         leases_.note("stopped " + project);
                         keeper_.ended(project);
                       }},
                      {1ms, 8s}};
  FakeLeases leases_;
  std::stop_source stopping_;
  std::future<void> running_;

  void start() {
    running_ = std::async(std::launch::async, [this] { keeper_.run(stopping_.get_token()); });
  }
  bool happens(const std::string& event) {
    for (int i = 0; i < 30000; ++i) {
      if (std::ranges::count(leases_.happened(), event) > 0) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  void TearDown() override {
    stopping_.request_stop();
    if (running_.valid()) running_.wait();
  }
};

TEST_F(LeaseKeeperTest, TakesWorksStopsAndGivesBack) {
  start();
  ASSERT_TRUE(happens("started a"));
  stopping_.request_stop();
  running_.get();
  EXPECT_THAT(leases_.happened(), ElementsAre("taken a", "started a", "stopped a", "released a", "left"));
}

TEST_F(LeaseKeeperTest, WaitsForADatabaseThatIsAwayWithoutStoppingTheWork) {
  start();
  ASSERT_TRUE(happens("started a"));
  leases_.fail(StorageFailure::unreachable);
  ASSERT_TRUE(happens("failed"));
  leases_.fail(std::nullopt);
  stopping_.request_stop();
  running_.get();
  const auto events = leases_.happened();
  EXPECT_EQ(std::ranges::count(events, "stopped a"), 1) << "at the end";
}

TEST_F(LeaseKeeperTest, AFailureThatDoesNotPassEndsItAndStopsTheWork) {
  start();
  ASSERT_TRUE(happens("started a"));
  leases_.fail(StorageFailure::denied);
  EXPECT_THROW(running_.get(), StorageError);
  EXPECT_THAT(leases_.happened(), Contains("stopped a"));
}

TEST_F(LeaseKeeperTest, WorkThatEndedByItselfIsStartedAnew) {
  start();
  ASSERT_TRUE(happens("started a"));
  keeper_.ended("a");
  ASSERT_TRUE(happens("released a"));
  for (int i = 0; i < 30000 && std::ranges::count(leases_.happened(), "started a") < 2; ++i) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(std::ranges::count(leases_.happened(), "started a"), 2);
}

TEST_F(LeaseKeeperTest, WorksOnOtherProjectsFromTheNextBeatOn) {
  start();
  ASSERT_TRUE(happens("started a"));
  keeper_.set_projects({"a", "b"});
  ASSERT_TRUE(happens("started b"));
  keeper_.set_projects({"b"});
  ASSERT_TRUE(happens("stopped a"));
  ASSERT_TRUE(happens("released a"));
  stopping_.request_stop();
  running_.get();
  const auto events = leases_.happened();
  EXPECT_EQ(std::ranges::count(events, "taken a"), 1) << "it is not taken again";
  EXPECT_EQ(std::ranges::count(events, "stopped b"), 1) << "only at the end";
}

// Only beats prolong what is held already.
TEST_F(LeaseKeeperTest, ManyProjectsAreTakenOverSomeBeats) {
  leases_.take_takes = 6ms;
  std::vector<std::string> projects;
  for (int i = 0; i < 20; ++i) projects.push_back("p" + std::to_string(i));
  std::unique_ptr<LeaseKeeper> keeper;
  keeper = std::make_unique<LeaseKeeper>(
      projects, [this] { return std::make_unique<FakeLeaseStore>(leases_); },
      LeaseKeeper::Work{[this](const Lease& lease) { leases_.note("started " + lease.project); },
                        [&](const std::string& project) { keeper->ended(project); }},
      LeaseKeeper::Times{1ms, 40ms});
  running_ = std::async(std::launch::async, [&] { keeper->run(stopping_.get_token()); });
  for (const std::string& project : projects) ASSERT_TRUE(happens("started " + project));
  stopping_.request_stop();
  running_.get();
  EXPECT_LE(leases_.most_taken_between_beats, 3);
}

TEST_F(LeaseKeeperTest, StopsTheWorkOnWhatAnotherHasTaken) {
  start();
  ASSERT_TRUE(happens("started a"));
  {
    const std::lock_guard lock{leases_.mutex};
    leases_.rows["a"] = {"a", 7, "another", "host-2", 5s};
  }
  EXPECT_TRUE(happens("stopped a"));
}

TEST_F(LeaseKeeperTest, WhatCouldNotBeReleasedIsReleasedBeforeTheNextBeatProlongsIt) {
  leases_.failing_once = {{"release a", StorageFailure::unreachable}};
  start();
  ASSERT_TRUE(happens("started a"));
  keeper_.ended("a");
  ASSERT_TRUE(happens("failed release a"));
  EXPECT_TRUE(happens("released a"));
}

// The database went away meanwhile: the others see soon enough that this one is silent.
TEST_F(LeaseKeeperTest, ItEndsWellThoughItCannotTakeItsLeave) {
  leases_.failing_once = {{"leave", StorageFailure::unreachable}};
  start();
  ASSERT_TRUE(happens("started a"));
  stopping_.request_stop();
  EXPECT_NO_THROW(running_.get());
  EXPECT_THAT(leases_.happened(), Contains("failed leave"));
}

class LeaseKeeperOfTwo : public LeaseKeeperTest {
 protected:
  LeaseKeeperOfTwo() : LeaseKeeperTest({"a", "b"}) {}
};

TEST_F(LeaseKeeperOfTwo, AProjectThatCannotBeTakenYetHoldsUpNoOther) {
  leases_.failing_once = {{"take a", StorageFailure::conflict}};
  start();
  ASSERT_TRUE(happens("started a"));
  ASSERT_TRUE(happens("started b"));
  const auto events = leases_.happened();
  EXPECT_LT(std::ranges::find(events, "started b"), std::ranges::find(events, "started a"));
}

}  // namespace
}  // namespace simsync
