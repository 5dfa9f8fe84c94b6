#include "daemon/alerts/word_pattern.h"

#include <algorithm>
#include <utility>

namespace simsync {

WordPattern::WordPattern(std::string pattern)
    : pattern_(std::move(pattern)), plain_(pattern_.find('*') == std::string::npos) {}

bool WordPattern::matches(std::string_view word) const {
  if (plain_) return pattern_ == word;
  // When a part does not fit, the last `*` takes one character more: nothing before it has to be tried again.
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t after_star = std::string::npos;
  std::size_t star_took_to = 0;
  while (at < word.size()) {
    if (in_pattern < pattern_.size() && pattern_[in_pattern] == '*') {
      after_star = ++in_pattern;
      star_took_to = at;
    } else if (in_pattern < pattern_.size() && pattern_[in_pattern] == word[at]) {
      ++in_pattern;
      ++at;
    } else if (after_star != std::string::npos) {
      in_pattern = after_star;
      at = ++star_took_to;
    } else {
      return false;
    }
  }
  return pattern_.find_first_not_of('*', in_pattern) == std::string::npos;
}

bool any_matches(const std::vector<WordPattern>& patterns, std::string_view word) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [&](const WordPattern& one) { return one.matches(word); });
}

std::vector<WordPattern> word_patterns(const std::vector<std::string>& words) {
  std::vector<WordPattern> patterns;
  for (const std::string& word : words) patterns.emplace_back(word);
  return patterns;
}

}  // namespace simsync
