// Texts from outside as labels: there may be any number of them, of any length, and Prometheus keeps each for good. So
// only so many different combinations are told apart, those that came first; all others are one. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/printable.h"

namespace simsync {

using LabelTexts = std::vector<std::string>;

class LabelValues {
 public:
  static constexpr std::size_t kLongest = 100;  // bytes of a text

  explicit LabelValues(std::size_t most) : most_(most) {}

  // The texts as labels, cut to kLongest; or "other" for each of them where there are too many combinations already.
  LabelTexts admit(LabelTexts texts) {
    for (std::string& text : texts) text = std::string{beginning(text, kLongest)};
    if (known_.contains(texts)) return texts;
    if (known_.size() >= most_) return LabelTexts(texts.size(), "other");
    known_.insert(texts);
    return texts;
  }

 private:
  const std::size_t most_;
  std::set<LabelTexts> known_;
};

}  // namespace simsync
