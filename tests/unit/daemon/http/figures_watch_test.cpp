// That nobody waits for the database, and that what is old is known to be.
#include "daemon/http/figures_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace simsync {
namespace {

using namespace std::chrono_literals;

// A database that answers, fails or hangs.
struct FakeDatabase {
  std::atomic<bool> away = false;
  std::atomic<bool> hangs = false;
  std::atomic<int> asked = 0;
};

class FakeReader final : public FiguresReader {
 public:
  explicit FakeReader(FakeDatabase& database) : database_(database) {}
  std::vector<ProjectFigures> read(const std::vector<std::string>& projects) override {
    ++database_.asked;
    while (database_.hangs) std::this_thread::sleep_for(1ms);
    if (database_.away) throw StorageError(StorageFailure::unreachable, "away");
    std::vector<ProjectFigures> figures;
    for (const std::string& project : projects) figures.emplace_back().project = project;
    return figures;
  }
  std::vector<InventoryGroup> read_inventory(const std::vector<std::string>& /*projects*/) override {
    return {{"acme", "p3", "eSIM", "active", "", 1}};
  }

 private:
  FakeDatabase& database_;
};

class FiguresWatchTest : public testing::Test {
 protected:
  bool eventually(const std::function<bool(const Figures&)>& good) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!good(*watch_.latest())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  FakeDatabase database_;
  FiguresWatch watch_{[this] { return std::make_unique<FakeReader>(database_); }, {"acme"}, 5ms};
};

TEST_F(FiguresWatchTest, KnowsWhatTheDatabaseSays) {
  EXPECT_TRUE(eventually([](const Figures& figures) {
    return figures.projects.size() == 1 && figures.inventory.size() == 1 && figures.age && figures.error.empty();
  }));
  watch_.watch({"acme", "beta"});
  EXPECT_TRUE(eventually([](const Figures& figures) { return figures.projects.size() == 2; }));
}

TEST_F(FiguresWatchTest, KeepsWhatItKnewWhileTheDatabaseIsAway) {
  ASSERT_TRUE(eventually([](const Figures& figures) { return figures.age.has_value(); }));
  database_.away = true;
  ASSERT_TRUE(eventually([](const Figures& figures) { return figures.error == "away" && figures.age > 50ms; }));
  EXPECT_EQ(watch_.latest()->projects.size(), 1U);
  EXPECT_EQ(watch_.latest()->inventory.size(), 1U);
  database_.away = false;
  EXPECT_TRUE(eventually([](const Figures& figures) { return figures.error.empty(); }));
}

TEST_F(FiguresWatchTest, WhileTheDatabaseHangsTheAgeGrowsAndNobodyWaits) {
  ASSERT_TRUE(eventually([](const Figures& figures) { return figures.age.has_value(); }));
  database_.hangs = true;
  EXPECT_TRUE(eventually([](const Figures& figures) { return figures.age > 100ms; }));
  database_.hangs = false;
}

TEST_F(FiguresWatchTest, BeforeTheFirstAnswerNothingIsKnown) {
  FakeDatabase dead;
  dead.away = true;
  FiguresWatch watch{[&dead] { return std::make_unique<FakeReader>(dead); }, {"acme"}, 5ms};
  while (dead.asked < 3) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(watch.latest()->age, std::nullopt);
  EXPECT_EQ(watch.latest()->error, "away");
}

}  // namespace
}  // namespace simsync
