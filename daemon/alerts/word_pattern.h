// What a rule's lists hold: words as the API says them, with `*` for any run of characters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace simsync {

// Pure; safe from any thread. Time is bounded by the lengths of pattern and text multiplied.
class WordPattern {
 public:
  explicit WordPattern(std::string pattern);
  [[nodiscard]] bool matches(std::string_view word) const;

 private:
  std::string pattern_;
  bool plain_;  // no `*`
};

// Whether one of them matches; of no patterns at all, every word does.
bool any_matches(const std::vector<WordPattern>& patterns, std::string_view word);

std::vector<WordPattern> word_patterns(const std::vector<std::string>& words);

}  // namespace simsync
