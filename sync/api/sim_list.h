// The SIMs of a page, in a vector whose elements keep their memory when it shrinks: whoever reads page after page into
// the same one allocates only for what is larger than before.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

#include "storage/sim.h"

namespace simsync {

class SimList {
 public:
  using value_type = Sim;
  using iterator = std::vector<Sim>::iterator;
  using const_iterator = std::vector<Sim>::const_iterator;

  SimList() = default;
  SimList(std::initializer_list<Sim> sims) : sims_(sims), size_(sims_.size()) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  iterator begin() { return sims_.begin(); }
  iterator end() { return sims_.begin() + static_cast<std::ptrdiff_t>(size_); }
  [[nodiscard]] const_iterator begin() const { return sims_.begin(); }
  [[nodiscard]] const_iterator end() const { return sims_.begin() + static_cast<std::ptrdiff_t>(size_); }
  Sim& operator[](std::size_t place) { return sims_[place]; }
  const Sim& operator[](std::size_t place) const { return sims_[place]; }
  Sim& at(std::size_t place) { return place < size_ ? sims_[place] : sims_.at(sims_.size()); }
  Sim& front() { return sims_.front(); }
  Sim& back() { return sims_[size_ - 1]; }
  [[nodiscard]] const Sim& front() const { return sims_.front(); }
  [[nodiscard]] const Sim& back() const { return sims_[size_ - 1]; }

  // One more, which may still hold another SIM's values: to be overwritten.
  Sim& add() {
    if (size_ == sims_.size()) sims_.emplace_back();
    return sims_[size_++];
  }
  void push_back(Sim sim) { add() = std::move(sim); }
  void pop_back() { --size_; }
  void clear() { size_ = 0; }
  void reserve(std::size_t size) { sims_.reserve(size); }
  void resize(std::size_t size) {
    if (size > sims_.size()) sims_.resize(size);
    size_ = size;
  }
  template <typename Predicate>
  void erase_if(const Predicate& predicate) {
    size_ = static_cast<std::size_t>(std::remove_if(begin(), end(), predicate) - begin());
  }

 private:
  std::vector<Sim> sims_;
  std::size_t size_ = 0;  // the rest is memory to be used again
};

}  // namespace simsync
