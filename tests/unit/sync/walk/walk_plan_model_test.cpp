// Random worlds: lists that grow and shrink between any two answers, answers in any order, cursors whose SIM is
// deleted, faults, crashes. Whatever happens, the walk ends; and when it says complete, it has read every SIM that was
// there all the time, and it knows what it has not read. A failing world prints its seed: SIMSYNC_WALK_SEED=N replays
// it, SIMSYNC_WALK_WORLDS=N sets how many there are.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "tests/unit/sync/walk/walk_world.h"

namespace simsync {
namespace {

constexpr std::uint64_t kWorlds = 25'000;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Tally {
  std::uint64_t worlds = 0;
  std::uint64_t complete = 0, gave_up = 0, resumed = 0, scouted = 0, cut = 0;
  std::uint64_t pages = 0;

  void add(const WorldReport& report) {
    ++worlds;
    complete += report.outcome == WalkOutcome::complete ? 1 : 0;
    gave_up += report.gave_up ? 1 : 0;
    resumed += report.resumed > 0 ? 1 : 0;
    scouted += report.scouted > 0 ? 1 : 0;
    cut += report.segments > 1 ? 1 : 0;
    pages += report.pages;
  }
};

class Worlds {
 public:
  Worlds(std::uint64_t first, std::uint64_t count) : next_(first), end_(first + count) {}

  // One of several threads.
  void run() {
    for (std::uint64_t seed = 0; (seed = next_++) < end_;) {
      const WorldReport report = WalkWorld{seed}.run();
      const std::lock_guard lock{mutex_};
      tally_.add(report);
      if (report.error.empty()) continue;
      if (++failures_ <= 20) ADD_FAILURE() << report.error << "\nSIMSYNC_WALK_SEED=" << seed;
      if (failures_ == 20) next_ = end_;
    }
  }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  std::atomic<std::uint64_t> next_;
  const std::uint64_t end_;
  std::mutex mutex_;
  std::uint64_t failures_ = 0;
  Tally tally_;
};

TEST(WalkPlanModel, EveryWorldIsReadWholeOrSaidNotToBe) {
  const std::uint64_t one = number_from("SIMSYNC_WALK_SEED", 0);
  Worlds worlds{one == 0 ? 1 : one, number_from("SIMSYNC_WALK_WORLDS", one == 0 ? kWorlds : 1)};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([&worlds] { worlds.run(); });
  }
  const Tally& tally = worlds.tally();
  for (const auto& [name, count] : {std::pair{"complete", tally.complete},
                                    {"gave_up", tally.gave_up},
                                    {"resumed", tally.resumed},
                                    {"scouted", tally.scouted},
                                    {"cut", tally.cut},
                                    {"pages", tally.pages}}) {
    RecordProperty(name, std::to_string(count));
  }
  if (tally.worlds < 1000) return;
  EXPECT_GT(tally.complete, tally.worlds * 8 / 10);
  EXPECT_LE(tally.gave_up, 2 + tally.worlds / 400);
  EXPECT_GT(tally.resumed, tally.worlds / 10);
  EXPECT_GT(tally.scouted, tally.worlds / 20);
  EXPECT_GT(tally.cut, tally.worlds / 3);
}

}  // namespace
}  // namespace simsync
