// Metadata that are asked for by SQL while somebody else changes a key of their own at the API, and whether all of it
// is there in the end. Nobody else may change metadata. Belongs to one thread.
#pragma once

#include <map>
#include <random>
#include <set>

#include "tests/support/compare.h"

namespace simsync::test {

class MetadataLife {
 public:
  // Of the simulator's first project. Reads what is there before it begins.
  MetadataLife(const Simulator& simulator, const TestDatabase& database, unsigned seed);

  // Requests of random SIMs, some of which get several. Throws std::exception when the database refuses.
  void ask(int count);
  // The key "theirs", of SIMs that nothing is written to just then: in the window between our GET and PATCH an API that
  // replaces gives nobody a way to keep it. Throws as ask().
  void meddle(int count);

  // What is not there as it was applied, in the order of the requests, or is not there any more of what was before. The
  // world must stand still.
  [[nodiscard]] Differences faults() const;
  // SIMs whose key was set by meddle().
  [[nodiscard]] std::size_t foreign() const { return foreign_.size(); }

 private:
  int any(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }
  const std::string& any_sim() { return ids_[static_cast<std::size_t>(any(static_cast<int>(ids_.size())))]; }

  const Simulator& simulator_;
  const TestDatabase& database_;
  std::mt19937 random_;
  std::vector<std::string> ids_;
  std::map<std::string, nlohmann::json> wanted_;
  std::set<std::string> foreign_;
  int value_ = 0;
};

}  // namespace simsync::test
