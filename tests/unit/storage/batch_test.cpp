#include "storage/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/unit/storage/readings.h"

namespace simsync {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

using Batch = std::vector<const SimReading*>;

TEST(Rounds, KeepTheOrderOfOneSimsReadings) {
  const std::vector<SimReading> readings = {read_at(1, plain_sim("a")), read_at(2, plain_sim("b")),
                                            read_at(3, plain_sim("a")), read_at(4, plain_sim("a"))};
  const auto rounds = rounds_of(readings);
  ASSERT_EQ(rounds.size(), 3U);
  EXPECT_THAT(rounds[0], ElementsAre(&readings[0], &readings[1]));
  EXPECT_THAT(rounds[1], ElementsAre(&readings[2]));
  EXPECT_THAT(rounds[2], ElementsAre(&readings[3]));
}

TEST(WriteOrHalve, RejectsExactlyTheCulprits) {
  std::mt19937 random{7};
  for (int round = 0; round < 200; ++round) {
    std::vector<SimReading> readings;
    std::set<std::string> bad;
    const int count = std::uniform_int_distribution{0, 40}(random);
    for (int i = 0; i < count; ++i) {
      readings.push_back(read_at(1, plain_sim("sim" + std::to_string(i))));
      if (std::uniform_int_distribution{0, 9}(random) == 0) bad.insert(readings.back().sim.id);
    }
    std::set<std::string> written;
    const ApplyResult result = write_or_halve<SimReading>(
        rounds_of(readings).empty() ? Batch{} : rounds_of(readings)[0], [&](const Batch& batch) {
          for (const SimReading* reading : batch) {
            if (bad.contains(reading->sim.id)) throw StorageError(StorageFailure::data, "bad value");
          }
          for (const SimReading* reading : batch) EXPECT_TRUE(written.insert(reading->sim.id).second);
          ApplyResult counts;
          counts.created = batch.size();
          return counts;
        });
    EXPECT_THAT(result.rejected, UnorderedElementsAreArray(bad)) << "round " << round;
    EXPECT_EQ(result.created, readings.size() - bad.size());
    EXPECT_EQ(written.size(), readings.size() - bad.size());
  }
}

TEST(WriteOrHalve, PassesOtherErrorsOn) {
  const std::vector<SimReading> readings = {read_at(1, plain_sim("a")), read_at(1, plain_sim("b"))};
  int calls = 0;
  const auto fail = [&calls](const Batch&) -> ApplyResult {
    ++calls;
    throw StorageError(StorageFailure::unreachable, "gone");
  };
  EXPECT_THROW(write_or_halve<SimReading>(rounds_of(readings)[0], fail), StorageError);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace simsync
