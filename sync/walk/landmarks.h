// The known SIMs at which the list can be cut: which of them lie ahead of a segment, and which is the middle one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sync/walk/known_sims.h"

namespace simsync {

class Landmarks {
 public:
  // Adds landmarks in any order; returns the number of the first. They keep their numbers.
  std::size_t add(std::vector<Landmark> landmarks);

  [[nodiscard]] const Landmark& operator[](std::size_t number) const { return all_[number].landmark; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  // Neither met nor cut at so far.
  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] std::size_t used() const { return all_.size() - left_; }

  // It is of no use as a cut any more: a segment has passed it, begins at it, or it is gone.
  void use(std::size_t number);

  struct Stretch {
    std::size_t count = 0;
    std::size_t middle = 0;  // number of the one in the middle; only if there are any
  };
  // Those that are left and were created in [from, to].
  [[nodiscard]] Stretch between(TimePoint from, TimePoint to) const;

  // `count` of all, evenly spaced, newest first: to begin with.
  [[nodiscard]] std::vector<std::size_t> spread(std::size_t count) const;

 private:
  struct Entry {
    Landmark landmark;
    bool used = false;
  };
  std::vector<Entry> all_;
  std::vector<std::size_t> newest_first_;
  std::size_t left_ = 0;
};

}  // namespace simsync
